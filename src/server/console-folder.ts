/** Where the build leaves the console: beside the compiled server, in a published package as in a clone. */
import { fileURLToPath } from 'node:url'

/** From src/ it is the same folder. */
export const CONSOLE_FOLDER = fileURLToPath(new URL('../../dist/console', import.meta.url))
