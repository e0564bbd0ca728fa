/** Fetches OHIF into the cache folder, for `npm run ohif`. */
import { fetchOhif, ohifFolder } from '../../../src/cli/demo/ohif/fetch-ohif.ts'

const folder = ohifFolder(process.env)
await fetchOhif(folder, { note: (text) => process.stderr.write(`${text}\n`) })
process.stdout.write(`OHIF is in ${folder}.\n`)
