// npm run conformance: runs the acceptance tests and writes docs/conformance.md out of what they demand and how they ended. With words
// behind `--` only files with one of them in their path are run, and what the document says of the others' results stays.
import { join, relative } from 'node:path'
import { runNode } from '../bin/run-node.mjs'
import { bootstrap, filesIn, ROOT } from './bootstrap.mjs'

const node = bootstrap({ typescript: true, build: true })
const words = process.argv.slice(2)
const files = filesIn(join(ROOT, 'acceptance'), '.test.ts')
  .map((path) => relative(ROOT, path))
  .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
process.exitCode = await runNode(node, [join(ROOT, 'scripts', 'write-conformance.mjs'), ...files], {
  endWithParent: true,
})
