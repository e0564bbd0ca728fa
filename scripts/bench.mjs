// npm run bench: runs the measurements of bench/ on the built server in dist/, as it is shipped.
import { join } from 'node:path'
import { runNode } from '../bin/run-node.mjs'
import { bootstrap, ROOT } from './bootstrap.mjs'

const node = bootstrap({ typescript: true, build: true })
process.exitCode = await runNode(node, [join(ROOT, 'bench', 'bench.ts'), ...process.argv.slice(2)], {
  endWithParent: true,
})
