/**
 * The access key of clients. There is no default key: unless one is configured, the first start creates a random one in the data folder, in a
 * file that only its owner can read.
 */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { makeAccessKey } from '../security/callers/access-keys.ts'
import { createExclusively } from '../security/private-file.ts'
import type { AccessKey } from './config.ts'
import { OperatorError } from './operator-error.ts'

export const CREDENTIALS_FILE = 'credentials.json'

interface LoadedCredentials extends AccessKey {
  /** Set if other users of the machine can read the file. */
  readonly warning: string | undefined
}

/** The configured key, else the one in the data folder, else a new one that is stored there. The folder must exist. */
export async function loadCredentials(dataFolder: string, configured?: AccessKey): Promise<LoadedCredentials> {
  const known = await readCredentials(dataFolder, configured)
  if (known !== undefined) return known
  const made = makeAccessKey()
  const written = await keepCredentials(dataFolder, made)
  // If another process was faster, its key is used.
  return written ? { ...made, warning: undefined } : (await readCredentials(dataFolder))!
}

/** Creates the file. False if there is one, which stays. */
export function keepCredentials(dataFolder: string, { accessKeyId, secretAccessKey }: AccessKey): Promise<boolean> {
  const content = `${JSON.stringify({ accessKeyId, secretAccessKey }, undefined, 2)}\n`
  return createExclusively(join(dataFolder, CREDENTIALS_FILE), content)
}

/** As loadCredentials, but creates no key: undefined if the data folder has no credentials.json. */
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
      ? `Other users of this machine can read the credentials in ${path}. Run: chmod 600 '${path}'`
      : undefined,
  }
}

const AccessKeyFile = z.object({ accessKeyId: z.string().min(1), secretAccessKey: z.string().min(1) })

/** The error of JSON.parse is not passed on: it may quote the secret. */
function parseAccessKey(text: string, path: string): AccessKey {
  try {
    return AccessKeyFile.parse(JSON.parse(text))
  } catch {
    throw new OperatorError(
      `${path} is not a credentials file: it must hold {"accessKeyId": "...", "secretAccessKey": "..."}. ` +
        'Correct it, or delete it: the next start creates a new key.',
    )
  }
}
