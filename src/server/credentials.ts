/**
 * The access key that clients sign with. There is no default one: where none is configured, a random one is made at the first start
 * and kept in the data folder, readable by its owner only.
 */
import { randomBytes } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { AccessKey } from './config.ts'
import { createExclusively } from './exclusive-file.ts'
import { OperatorError } from './operator-error.ts'

export const CREDENTIALS_FILE = 'credentials.json'

interface LoadedCredentials extends AccessKey {
  /** A sentence where others on this machine can read the file. */
  readonly warning: string | undefined
}

/** The configured key, else the data folder's, else a new one that is in the data folder from here on. The folder must exist. */
export async function loadCredentials(dataFolder: string, configured?: AccessKey): Promise<LoadedCredentials> {
  const known = await readCredentials(dataFolder, configured)
  if (known !== undefined) return known
  const made = makeAccessKey()
  const written = await createExclusively(join(dataFolder, CREDENTIALS_FILE), `${JSON.stringify(made, undefined, 2)}\n`)
  // Another process was first: its key is the one.
  return written ? { ...made, warning: undefined } : (await readCredentials(dataFolder))!
}

/** As loadCredentials, but makes none: undefined where the data folder has no credentials.json. */
export async function readCredentials(
  dataFolder: string,
  configured?: AccessKey,
): Promise<LoadedCredentials | undefined> {
  if (configured !== undefined) return { ...configured, warning: undefined }
  const path = join(dataFolder, CREDENTIALS_FILE)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new OperatorError(
      `The credentials in ${path} cannot be read (${code}). Run as the user who owns the data folder.`,
      { cause },
    )
  }
  const { mode } = await stat(path)
  const isOpen = process.platform !== 'win32' && (mode & 0o077) !== 0
  return {
    ...parseAccessKey(text, path),
    warning: isOpen
      ? `Others on this machine can read the credentials in ${path}. Run: chmod 600 '${path}'`
      : undefined,
  }
}

const AccessKeyFile = z.object({ accessKeyId: z.string().min(1), secretAccessKey: z.string().min(1) })

/** JSON.parse quotes what it cannot read, and that would be the secret: its error goes no further. */
function parseAccessKey(text: string, path: string): AccessKey {
  try {
    return AccessKeyFile.parse(JSON.parse(text))
  } catch {
    throw new OperatorError(
      `${path} is not a credentials file: it must hold {"accessKeyId": "...", "secretAccessKey": "..."}. ` +
        'Mend it, or delete it and a new key is made at the next start.',
    )
  }
}

/** 20 and 40 characters, as AWS's own are; the id's alphabet is base 32. */
function makeAccessKey(): AccessKey {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const id = Array.from(randomBytes(15), (byte) => letters[byte % 32]).join('')
  return { accessKeyId: `HILUM${id}`, secretAccessKey: randomBytes(30).toString('base64') }
}
