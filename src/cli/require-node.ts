/** The first import of the command line, which bin/hilum runs on the right Node and `node dist/cli.js` on any: a sentence, no stack. */
import { nodeComplaint } from '../server/node-version.ts'

const complaint = nodeComplaint(process.versions.node, process.execPath)
if (complaint !== undefined) {
  process.stderr.write(`hilum: ${complaint}\n`)
  process.exit(1)
}
