/** The data folder: private to its owner, marked as Hilum's so that `reset` deletes nothing else, and used by one server at a time. */
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AUDIT_FOLDER } from '../security/audit/audit-files.ts'
import { FILE_IN_DATA_FOLDER } from './config.ts'
import { CREDENTIALS_FILE } from './credentials.ts'
import { FolderInUse, type FolderLock, LOCK_FILES, lockFolder } from './data-folder-lock.ts'
import { OperatorError } from './operator-error.ts'
import { SEALING_KEY_FILE } from './sealing-key.ts'
import { shellQuoted } from './shells.ts'

export const MARKER_FILE = '.hilum'
/** In a folder from the beginning of a restore to its end. */
export const RESTORING_FILE = 'restoring.json'
/** `hilum keys create` may run before the first start. */
export const KEYS_FOLDER = 'keys'

/** Entries that may exist before the first start. Killed servers of older versions left `server.lock.*`. */
const ALLOWED_BEFORE_START = [
  FILE_IN_DATA_FOLDER,
  CREDENTIALS_FILE,
  SEALING_KEY_FILE,
  // `hilum reset` leaves it.
  AUDIT_FOLDER,
  'buckets',
  KEYS_FOLDER,
  'lost+found',
  MARKER_FILE,
  ...LOCK_FILES,
]

/** Creates the folder if needed, and locks it. @throws OperatorError if another server uses it */
export async function lockDataFolder(folder: string): Promise<FolderLock> {
  await prepareDataFolder(folder)
  try {
    return await lockFolder(folder)
  } catch (cause) {
    if (cause instanceof FolderInUse) {
      const process = cause.holder === undefined ? '' : ` (${cause.holder})`
      throw new OperatorError(
        `A Hilum server${process} is using the data folder ${folder}. Stop it first, or choose another folder with --data.`,
        { cause },
      )
    }
    throw new OperatorError(
      `The data folder ${folder} cannot be locked (${(cause as NodeJS.ErrnoException).code}). Everything in it must belong to the user ` +
        'who runs Hilum, on a file system that supports locks.',
      { cause },
    )
  }
}

export async function isDataFolder(folder: string): Promise<boolean> {
  return (await entriesOf(folder)).includes(MARKER_FILE)
}

/** Names in the folder; none if it does not exist. */
export async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** If other users of the machine can access the folder: what is wrong, and the command that fixes it. */
export async function findOpenFolder(folder: string): Promise<{ detail: string; fix: string } | undefined> {
  const mode = (await stat(folder)).mode & 0o777
  // On Windows, mode bits do not control access.
  if (process.platform === 'win32' || (mode & 0o077) === 0) return undefined
  return {
    detail: `${folder} is open to other users of this machine (mode 0${mode.toString(8)}), and it holds patients' data`,
    fix: `chmod -R go= ${shellQuoted(folder)}`,
  }
}

/** Marks a folder as a data folder. */
export function markDataFolder(folder: string): Promise<void> {
  const text = 'This folder belongs to a Hilum server; `hilum reset` empties it.\n'
  return writeFile(join(folder, MARKER_FILE), text, { mode: 0o600, flush: true })
}

async function prepareDataFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const entries = await entriesOf(folder)
    if (entries.includes(RESTORING_FILE)) {
      throw new OperatorError(
        `A restore into ${folder} has not ended, so that it holds a part of an archive. Run hilum restore again: it continues.`,
      )
    }
    if (entries.includes(MARKER_FILE)) return
    const foreign = entries.find((name) => !ALLOWED_BEFORE_START.includes(name) && !name.startsWith('server.lock.'))
    if (foreign !== undefined) {
      throw new OperatorError(
        `${folder} is not a data folder of Hilum: it holds '${foreign}'. Choose an empty or new folder with --data.`,
      )
    }
    await markDataFolder(folder)
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause
    const { code } = cause as NodeJS.ErrnoException
    throw new OperatorError(
      `The data folder ${folder} cannot be created or written (${code}). Choose another one with --data.`,
      { cause },
    )
  }
}
