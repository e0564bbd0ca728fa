// npm run bench: the measurements of bench/, under the right Node. What is started is what is shipped: dist/.
import { join } from 'node:path'
import { runNode } from '../bin/run-node.mjs'
import { bootstrap, ROOT } from './bootstrap.mjs'

const node = bootstrap({ typescript: true, build: true })
process.exitCode = await runNode(node, [join(ROOT, 'bench', 'bench.ts'), ...process.argv.slice(2)], {
  endWithParent: true,
})
