/** The first import of hilum/testing. Modules are evaluated in order of import, so no native code is loaded before this check. */
import { nodeComplaint } from './server/node-version.ts'

const complaint = nodeComplaint(process.versions.node, process.execPath)
if (complaint !== undefined) throw new Error(complaint)
