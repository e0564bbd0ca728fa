/** The first import of the command line: refuses an unsupported Node with a message (bin/hilum chooses a supported one). */
import { nodeComplaint } from '../server/node-version.ts'

const complaint = nodeComplaint(process.versions.node, process.execPath)
if (complaint !== undefined) {
  process.stderr.write(`hilum: ${complaint}\n`)
  process.exit(1)
}
