// npm test: types, lint, then every test. `npm test -- catalog search` runs only the files whose paths hold one of these words, and
// skips the checks. With HILUM_CI=1 a test that is skipped for want of a program fails, unless HILUM_CI_MAY_SKIP names the program.
import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { runNode } from '../bin/run-node.mjs'
import { bootstrap, filesIn, ROOT } from './bootstrap.mjs'
import { check } from './check.mjs'

const words = process.argv.slice(2)
const node = bootstrap({ typescript: true, build: true })
const isChecked = words.length > 0 || check(node)

const files = ['src', 'acceptance', 'console/src', 'console/e2e', 'scripts', 'bench']
  .filter((folder) => existsSync(join(ROOT, folder)))
  .flatMap((folder) => ['.test.ts', '.test.mjs'].flatMap((ending) => filesIn(join(ROOT, folder), ending)))
  .map((path) => relative(ROOT, path))
  .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))

if (files.length === 0) {
  process.stderr.write(`No test file has ${words.map((word) => `'${word}'`).join(' or ')} in its path.\n`)
  process.exitCode = 1
} else {
  const code = await runNode(node, [join(ROOT, 'scripts', 'run-tests.mjs'), ...files], { endWithParent: true })
  process.exitCode = isChecked ? code : 1
}
