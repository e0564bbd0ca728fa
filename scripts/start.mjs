// npm start: builds what is not built and starts the server with the demo studies.
import { join } from 'node:path'
import { runNode } from '../bin/run-node.mjs'
import { bootstrap, ROOT } from './bootstrap.mjs'

const node = bootstrap({ build: true })
process.exitCode = await runNode(node, [join(ROOT, 'bin', 'hilum'), 'demo', ...process.argv.slice(2)], {
  endWithParent: true,
})
