/**
 * The key that seals the secrets of access keys in the catalog, and session tokens. It is beside credentials.json and not in the catalog: a
 * copy of the database alone gives no access. Servers of one catalog need the same key.
 */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createExclusively } from './exclusive-file.ts'
import { OperatorError } from './operator-error.ts'

export const SEALING_KEY_FILE = 'sealing.key'

/** The configured key, else the one in the data folder, else a new one that is stored there. The folder must exist. */
export async function loadSealingKey(dataFolder: string, configured?: string): Promise<Uint8Array> {
  if (configured !== undefined) return Buffer.from(configured, 'hex')
  const path = join(dataFolder, SEALING_KEY_FILE)
  const known = await readKey(path)
  if (known !== undefined) return known
  await createExclusively(path, `${randomBytes(32).toString('hex')}\n`)
  // If another process was faster, its key is used.
  return (await readKey(path))!
}

async function readKey(path: string): Promise<Uint8Array | undefined> {
  let text: string
  try {
    text = (await readFile(path, 'utf8')).trim()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new OperatorError(`The key in ${path} cannot be read (${code}). Run as the user who owns the data folder.`, {
      cause,
    })
  }
  if (/^[0-9a-f]{64}$/.test(text)) return Buffer.from(text, 'hex')
  throw new OperatorError(
    `${path} is not a sealing key: it must hold 64 hexadecimal digits. Restore it from a backup. If there is none, delete the file, ` +
      'and run hilum principals rotate-key for each principal: the old keys stop working.',
  )
}
