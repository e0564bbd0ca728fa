/** The first import of hilum/testing: a module is evaluated before those imported after it, so no native code is loaded yet. */
import { nodeComplaint } from './server/node-version.ts'

const complaint = nodeComplaint(process.versions.node, process.execPath)
if (complaint !== undefined) throw new Error(complaint)
