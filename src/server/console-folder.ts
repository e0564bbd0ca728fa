/** The folder of the built console: beside the compiled server, in a published package and in a clone. */
import { fileURLToPath } from 'node:url'

/** The same folder from src/ and dist/. */
export const CONSOLE_FOLDER = fileURLToPath(new URL('../../dist/console', import.meta.url))
