// npm run conformance: runs the acceptance tests and writes docs/conformance.md from their results. Words after `--` choose the test files
// whose paths contain one of them; for the other files the document keeps the results that it has.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runNode } from '../bin/run-node.mjs'
import { bootstrap, ROOT } from './bootstrap.mjs'
import { testFiles } from './test-files.mjs'

const node = bootstrap({ typescript: true, build: true })
const files = testFiles(process.argv.slice(2)).filter((path) => path.startsWith('acceptance/'))
const results = join(ROOT, 'test-results', 'acceptance.jsonl')
mkdirSync(join(ROOT, 'test-results'), { recursive: true })
rmSync(results, { force: true })
process.env.HILUM_TEST_RESULTS = results
const script = (name) => join(ROOT, 'scripts', name)
const code = await runNode(node, [script('run-tests.mjs'), ...files], { endWithParent: true })
process.exitCode = (await runNode(node, [script('write-conformance.mjs'), results])) || code
