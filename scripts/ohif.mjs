// npm run ohif: fetches the viewer OHIF for the tests, as `hilum demo --ohif` does.
import { join } from 'node:path'
import { runNode } from '../bin/run-node.mjs'
import { bootstrap, ROOT } from './bootstrap.mjs'

const node = bootstrap({ typescript: true })
process.exitCode = await runNode(node, [join(ROOT, 'console', 'e2e', 'support', 'fetch-ohif.ts')], {
  endWithParent: true,
})
