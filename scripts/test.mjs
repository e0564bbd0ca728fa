// npm test:     types, lint, then every test, the long ones on a sample of their cases. HILUM_CI=1 enlarges some of the samples.
// npm run unit: the tests that need no server and no other program.
// npm run soak: every test, with all kill points and many random cases: hours.
// Words after `--` choose the test files whose paths contain one of them, and leave the checks out. With HILUM_CI=1 a test that is skipped
// because a program is missing fails, unless HILUM_CI_MAY_SKIP names the program.

import { join } from 'node:path'
import { runNode } from '../bin/run-node.mjs'
import { bootstrap, ROOT } from './bootstrap.mjs'
import { check } from './check.mjs'
import { isUnitTest, testFiles } from './test-files.mjs'

const [tier, words] = [process.argv[2], process.argv.slice(3)]
const node = bootstrap({ typescript: true, build: tier !== 'unit' })
const isChecked = tier === 'unit' || words.length > 0 || check(node)
const files = testFiles(words).filter((path) => tier !== 'unit' || isUnitTest(path))

if (files.length === 0) {
  process.stderr.write(`No test file has ${words.map((word) => `'${word}'`).join(' or ')} in its path.\n`)
  process.exitCode = 1
} else {
  if (tier === 'soak') {
    process.env.HILUM_SOAK = '1'
    process.env.HILUM_HISTORIES ??= '1000'
  }
  const code = await runNode(node, [join(ROOT, 'scripts', 'run-tests.mjs'), ...files], { endWithParent: true })
  process.exitCode = isChecked ? code : 1
}
