/** Identifiers as the real service makes them: 32 lower-case hex digits, all random. */
import { randomBytes } from 'node:crypto'

export const newId = (): string => randomBytes(16).toString('hex')
