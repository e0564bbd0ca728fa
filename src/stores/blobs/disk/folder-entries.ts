/** The entries of one folder of a bucket: files and folders with their real paths, and other entries with the reason why they are refused. */
import type { Dirent, Stats } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import type { UnreadableEntry } from '../../locations/locations.ts'
import { StoreUnavailable, type UnavailableReason } from '../../store-unavailable.ts'
import { codeOf } from './disk-failure.ts'
import { isReservedPart } from './disk-paths.ts'
import { keyPartsOf } from './entry-names.ts'

export type Refusal = Pick<UnreadableEntry, 'unreadable' | 'reason'> & { readonly isVanished?: true }

/**
 * `bucket`: links are followed if their target is in the bucket. `command line`: the files belong to the user, so links to files are
 * followed everywhere; links to folders are not followed.
 */
export type ScanRules = 'bucket' | 'command line'

export interface FolderEntry {
  /** Its part of the key. */
  readonly part: string
  /** The part is the name of the entry, not an escaped form of it. */
  readonly isPlain: boolean
  /** With links followed. */
  readonly path: Buffer
  readonly kind: 'file' | 'folder' | Refusal
}

interface Place {
  /** The real path of the folder that is scanned. */
  readonly root: Buffer
  readonly rules: ScanRules
}

const SLASH = Buffer.from('/')

/** @param folder a real path, so that no link on it is unchecked. @throws the errors of the file system */
export async function entriesOf(place: Place, folder: Buffer): Promise<FolderEntry[]> {
  const children = await readdir(folder, { withFileTypes: true, encoding: 'buffer' })
  const parts = keyPartsOf(children.map(({ name }) => name))
  const entries: FolderEntry[] = []
  for (const [at, child] of children.entries()) {
    const part = parts[at]!
    const isReserved = isReservedPart(part, 'bucket')
    if (isReserved && place.rules === 'bucket') continue
    const isPlain = Buffer.from(part).equals(child.name)
    const path = pathBelow(folder, child.name)
    const found = isReserved ? { path, kind: RESERVED } : await followed(place, path, child)
    entries.push({ part, isPlain, ...found })
  }
  return entries
}

async function followed(place: Place, path: Buffer, child: Kind): Promise<Pick<FolderEntry, 'path' | 'kind'>> {
  if (!child.isSymbolicLink()) return { path, kind: kindOf(child) }
  try {
    const real = await realpath(path, { encoding: 'buffer' })
    if (real.equals(place.root)) return { path, kind: LOOP }
    if (place.rules === 'bucket' && !isWithin(place.root, real)) return { path, kind: OUTSIDE }
    const kind = kindOf(await stat(real))
    return { path: real, kind: kind === 'folder' && place.rules === 'command line' ? LINK_TO_FOLDER : kind }
  } catch (error) {
    const isBroken = ['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')
    return { path, kind: isBroken ? BROKEN_LINK : refusalOfFile(error) }
  }
}

type Kind = Pick<Dirent | Stats, 'isSymbolicLink' | 'isFile' | 'isDirectory' | 'isFIFO' | 'isSocket'>

function kindOf(found: Kind): FolderEntry['kind'] {
  if (found.isFile()) return 'file'
  if (found.isDirectory()) return 'folder'
  const what = found.isFIFO() ? 'a pipe' : found.isSocket() ? 'a socket' : 'a device or something else'
  return { unreadable: 'unusable', reason: `It is not a file but ${what}` }
}

export const NOT_A_FILE: Refusal = { unreadable: 'unusable', reason: 'It is no longer a file' }
export const OUTSIDE: Refusal = { unreadable: 'outside', reason: 'The link leads out of the bucket' }
export const LOOP: Refusal = { unreadable: 'unusable', reason: 'The link leads back to a folder that it is in' }
const BROKEN_LINK: Refusal = { unreadable: 'unusable', reason: 'The link leads to nothing' }
const LINK_TO_FOLDER: Refusal = {
  unreadable: 'unusable',
  reason: 'Links to folders are not followed. Import the folder that it leads to',
}
const RESERVED: Refusal = { unreadable: 'unusable', reason: 'Hilum uses such names for unfinished files' }
const VANISHED: Refusal = {
  unreadable: 'unusable',
  reason: 'It was removed or renamed while the import listed it',
  isVanished: true,
}

/** Why one entry cannot be read. @throws StoreUnavailable if the error is not about this entry alone */
export function refusalOf(error: unknown): Refusal {
  switch (codeOf(error)) {
    case 'EACCES':
    case 'EPERM':
      return { unreadable: 'access', reason: 'It cannot be read: access denied' }
    case 'ENOENT':
    case 'ENOTDIR':
      return VANISHED
    case 'ELOOP':
      return { unreadable: 'unusable', reason: 'The link leads back to itself' }
    case 'ENAMETOOLONG':
      return { unreadable: 'unusable', reason: 'Its path is longer than the operating system allows' }
    default:
      throw asUnlistable(error)
  }
}

/** The same for an entry that is not a folder: a damaged file does not make others unreadable. */
export function refusalOfFile(error: unknown): Refusal {
  const code = codeOf(error)
  if (code !== undefined && DAMAGED.has(code)) {
    return { unreadable: 'damaged', reason: `It cannot be read: the file system reports an error (${code})` }
  }
  return refusalOf(error)
}

const DAMAGED = new Set(['EIO', 'EUCLEAN', 'EBADMSG'])

/** Temporary errors: a file server that does not answer, too many open files, a folder that is being renamed. */
const TEMPORARY: Readonly<Record<string, UnavailableReason>> = {
  ...{ ENOENT: 'away', ENOTDIR: 'away' },
  ...{ ESTALE: 'away', ENODEV: 'away', ENOTCONN: 'away', ETIMEDOUT: 'away', EHOSTDOWN: 'away', EHOSTUNREACH: 'away' },
  ...{ EMFILE: 'busy', ENFILE: 'busy', EAGAIN: 'busy', ENOMEM: 'busy', EINTR: 'busy' },
}

/** Other errors are permanent. The message is dropped, because it contains the path. */
export function asUnlistable(error: unknown): unknown {
  const code = codeOf(error)
  if (code === undefined || !(error instanceof Error && 'syscall' in error)) return error
  const reason = TEMPORARY[code] ?? (code === 'EACCES' || code === 'EPERM' ? 'access' : 'corrupt')
  return new StoreUnavailable({ store: 'the folder of the bucket', reason, code })
}

/** Whether a real path is below a real folder. */
export function isWithin(root: Buffer, path: Buffer): boolean {
  if (root.equals(SLASH)) return path.length > 1
  return path.length > root.length && path[root.length] === SLASH[0] && path.subarray(0, root.length).equals(root)
}

const pathBelow = (folder: Buffer, name: Buffer): Buffer =>
  Buffer.concat(folder.equals(SLASH) ? [SLASH, name] : [folder, SLASH, name])
