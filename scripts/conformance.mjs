// npm run conformance: runs the acceptance tests and writes docs/conformance.md out of what they demand and how they ended.
import { join, relative } from 'node:path'
import { runNode } from '../bin/run-node.mjs'
import { bootstrap, filesIn, ROOT } from './bootstrap.mjs'

const node = bootstrap({ typescript: true, build: true })
const files = filesIn(join(ROOT, 'acceptance'), '.test.ts').map((path) => relative(ROOT, path))
process.exitCode = await runNode(node, [join(ROOT, 'scripts', 'write-conformance.mjs'), ...files], {
  endWithParent: true,
})
