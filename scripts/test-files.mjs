// Which test files there are, and which of them are unit tests: those that need no server, no other process and no other thread.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { filesIn, ROOT } from './bootstrap.mjs'

const FOLDERS = ['src', 'acceptance', 'console/src', 'console/e2e', 'scripts', 'examples', 'bench']

/** Paths from the root of the clone. Without words all of them, else those that contain one of the words. */
export const testFiles = (words) =>
  FOLDERS.filter((folder) => existsSync(join(ROOT, folder)))
    .flatMap((folder) => ['.test.ts', '.test.mjs'].flatMap((ending) => filesIn(join(ROOT, folder), ending)))
    .map((path) => relative(ROOT, path))
    .filter((path) => !path.includes('node_modules/'))
    .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))

/** Modules that start what a unit test does without. */
const NOT_IN_UNIT_TESTS = new Set([
  'node:child_process',
  'node:http',
  'node:net',
  'node:worker_threads',
  'better-sqlite3-multiple-ciphers',
  'pg',
])

/** Whether neither the file nor any module that it imports, directly or not, imports one of those. */
export function isUnitTest(path) {
  if (path.startsWith('console/e2e/')) return false
  const seen = new Set()
  const isAllowed = (file) => {
    if (seen.has(file)) return true
    seen.add(file)
    return importsOf(file).every((name) => {
      if (!name.startsWith('.')) return !NOT_IN_UNIT_TESTS.has(name)
      const imported = resolve(dirname(file), name)
      return !existsSync(imported) || isAllowed(imported)
    })
  }
  return isAllowed(join(ROOT, path))
}

/** What a file imports, types aside, where the formatter has been over it: a statement begins a line or ends one with `} from`. */
const IMPORTS = /^(?:(?:import|export)(?! type )|\})[^'\n]* from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm

const importsOf = (file) =>
  [...readFileSync(file, 'utf8').matchAll(IMPORTS)].map((match) => match[1] ?? match[2] ?? match[3])
