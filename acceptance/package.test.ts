/** The package as a project installs it, `npm pack` in the clone and `npm install` of the tarball, and a program that uses it. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from './support/clients.ts'

const CLONE = fileURLToPath(new URL('..', import.meta.url))
// npm checks packages by the Node that runs it.
const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` }
const npm = (cwd: string, ...words: string[]) =>
  execFileSync('npm', [...words, '--no-audit', '--no-fund', '--loglevel=error'], { cwd, env, encoding: 'utf8' })

const PROGRAM = `
import { startHilum } from 'hilum/testing'
import { CreateDatastoreCommand, ListDatastoresCommand, MedicalImagingClient } from '@aws-sdk/client-medical-imaging'

const hilum = await startHilum()
await hilum.createBucket('output')
await hilum.putObject('input', 'scan.dcm', Uint8Array.of(1))
const client = new MedicalImagingClient(hilum.client)
await client.send(new CreateDatastoreCommand({ datastoreName: 'mine' }))
const { datastoreSummaries } = await client.send(new ListDatastoresCommand({}))
console.log(datastoreSummaries.map(({ datastoreName }) => datastoreName).join())
client.destroy()
await hilum.stop()
`

const isRegistryThere =
  spawnSync('npm', ['view', 'better-sqlite3', 'name', '--fetch-retries=0', '--fetch-timeout=20000'], {
    env,
    stdio: 'ignore',
  }).status === 0

test('the packed package, installed into an empty folder, runs a test program and the command line', {
  skip: isRegistryThere ? false : 'the npm registry is not reachable',
}, () => {
  const [packed, project] = [temporaryFolder(), temporaryFolder()]
  npm(CLONE, 'pack', '--pack-destination', packed)
  const [tarball] = readdirSync(packed)
  assert.match(tarball ?? '', /^hilum-\d+\.\d+\.\d+\.tgz$/)
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }')
  npm(project, 'install', '--save-dev', join(packed, tarball!))
  writeFileSync(join(project, 'program.js'), PROGRAM)
  assert.equal(execFileSync(process.execPath, ['program.js'], { cwd: project, env, encoding: 'utf8' }), 'mine\n')
  const { version } = JSON.parse(readFileSync(join(CLONE, 'package.json'), 'utf8'))
  const launcher = join(project, 'node_modules/.bin/hilum')
  assert.equal(execFileSync(launcher, ['--version'], { cwd: project, env, encoding: 'utf8' }), `${version}\n`)
  assert.deepEqual(readdirSync(join(project, 'node_modules/hilum')).sort(), [
    'LICENSE',
    'README.md',
    'bin',
    'dist',
    'package.json',
  ])
})

test('prepare does nothing in a clone that is built', () => {
  const prepare = (more: Record<string, string>) =>
    spawnSync(process.execPath, [join(CLONE, 'scripts/prepare.mjs')], { env: { ...env, ...more }, encoding: 'utf8' })
  for (const more of [{ npm_command: 'install' }, { npm_command: 'pack' }]) {
    const { status, stdout, stderr } = prepare(more)
    assert.deepEqual([status, stdout, stderr], [0, '', ''])
  }
})
