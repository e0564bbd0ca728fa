/**
 * The key that seals the secrets of access keys in the catalog, and session tokens. It is beside credentials.json and not in the catalog: a
 * copy of the database alone gives no access. Servers of one catalog need the same key.
 */
import { randomBytes } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createExclusively } from '../security/private-file.ts'
import { OperatorError } from './operator-error.ts'

export const SEALING_KEY_FILE = 'sealing.key'

interface LoadedKey {
  readonly key: Uint8Array
  /** Set if other users of the machine can read the file. */
  readonly warning: string | undefined
}

/** The configured key, else the one in the data folder, else a new one that is stored there. The folder must exist. */
export async function loadSealingKey(dataFolder: string, configured?: string): Promise<LoadedKey> {
  if (configured !== undefined) return { key: Buffer.from(configured, 'hex'), warning: undefined }
  const known = await readSealingKey(dataFolder)
  if (known !== undefined) return known
  await keepSealingKey(dataFolder, randomBytes(32))
  // If another process was faster, its key is used.
  return (await readSealingKey(dataFolder))!
}

/** As loadSealingKey, but creates no key. */
export async function readSealingKey(dataFolder: string, configured?: string): Promise<LoadedKey | undefined> {
  if (configured !== undefined) return { key: Buffer.from(configured, 'hex'), warning: undefined }
  return readKey(join(dataFolder, SEALING_KEY_FILE))
}

/** Creates the file. False if there is one, which stays. */
export function keepSealingKey(dataFolder: string, key: Uint8Array): Promise<boolean> {
  return createExclusively(join(dataFolder, SEALING_KEY_FILE), `${Buffer.from(key).toString('hex')}\n`)
}

async function readKey(path: string): Promise<LoadedKey | undefined> {
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
  if (/^[0-9a-f]{64}$/.test(text)) {
    const isOpen = process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0
    const warning = `Other users of this machine can read the key in ${path}. Run: chmod 600 '${path}'`
    return { key: Buffer.from(text, 'hex'), warning: isOpen ? warning : undefined }
  }
  throw new OperatorError(
    `${path} is not a sealing key: it must hold 64 hexadecimal digits. Restore it from a backup. If there is none, delete the file, ` +
      'and run hilum principals rotate-key for each principal: the old keys stop working.',
  )
}
