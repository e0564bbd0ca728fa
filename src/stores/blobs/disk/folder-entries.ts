/** What lies in one folder of a bucket: files and folders with their real paths, and why an entry is neither. */
import type { Dirent, Stats } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import type { UnreadableEntry } from '../../locations/locations.ts'
import { StoreUnavailable, type UnavailableReason } from '../../store-unavailable.ts'
import { codeOf } from './disk-failure.ts'
import { isReservedPart } from './disk-paths.ts'
import { keyPartsOf } from './entry-names.ts'

export type Refusal = Pick<UnreadableEntry, 'unreadable' | 'reason'> & { readonly isVanished?: true }

/**
 * `bucket`: links lead to what lies in the folder and nowhere else. `command line`: the user's own files, so links to files are followed
 * wherever they lead, and links to folders are not.
 */
export type ScanRules = 'bucket' | 'command line'

export interface FolderEntry {
  /** The part of the key. */
  readonly part: string
  /** Whether the part is also the entry's name. */
  readonly isPlain: boolean
  /** With links followed. */
  readonly path: Buffer
  readonly kind: 'file' | 'folder' | Refusal
}

interface Place {
  /** Real path of the folder that is scanned as a whole. */
  readonly root: Buffer
  readonly rules: ScanRules
}

const SLASH = Buffer.from('/')

/** Real paths of folders, so that a link cannot lead further than it was checked. @throws what the file system throws */
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
export const LOOP: Refusal = { unreadable: 'unusable', reason: 'The link leads back to a folder that it lies in' }
const BROKEN_LINK: Refusal = { unreadable: 'unusable', reason: 'The link leads to nothing' }
const LINK_TO_FOLDER: Refusal = {
  unreadable: 'unusable',
  reason: 'Links to folders are not followed. Import the folder that it leads to',
}
const RESERVED: Refusal = { unreadable: 'unusable', reason: 'Hilum uses such names for files that are still written' }
const VANISHED: Refusal = {
  unreadable: 'unusable',
  reason: 'It was removed or renamed while the import listed it',
  isVanished: true,
}

/** Of one entry, which may be a folder. @throws StoreUnavailable where it cannot be known what else is there. */
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

/** The same of an entry that nothing lies below: where only its own record is damaged, the others can still be read. */
export function refusalOfFile(error: unknown): Refusal {
  const code = codeOf(error)
  if (code !== undefined && DAMAGED.has(code)) {
    return { unreadable: 'damaged', reason: `It cannot be read: the file system reports an error (${code})` }
  }
  return refusalOf(error)
}

const DAMAGED = new Set(['EIO', 'EUCLEAN', 'EBADMSG'])

/** Errors that pass by themselves: a server of files that does not answer, too many open files, a folder that is renamed just now. */
const PASSING: Readonly<Record<string, UnavailableReason>> = {
  ...{ ENOENT: 'away', ENOTDIR: 'away' },
  ...{ ESTALE: 'away', ENODEV: 'away', ENOTCONN: 'away', ETIMEDOUT: 'away', EHOSTDOWN: 'away', EHOSTUNREACH: 'away' },
  ...{ EMFILE: 'busy', ENFILE: 'busy', EAGAIN: 'busy', ENOMEM: 'busy', EINTR: 'busy' },
}

/** All others would be there at the next attempt too. The message of the error is dropped: it has the path. */
export function asUnlistable(error: unknown): unknown {
  const code = codeOf(error)
  if (code === undefined || !(error instanceof Error && 'syscall' in error)) return error
  const reason = PASSING[code] ?? (code === 'EACCES' || code === 'EPERM' ? 'access' : 'corrupt')
  return new StoreUnavailable({ store: 'the folder of the bucket', reason, code })
}

/** Whether a real path lies below a real folder. */
export function isWithin(root: Buffer, path: Buffer): boolean {
  if (root.equals(SLASH)) return path.length > 1
  return path.length > root.length && path[root.length] === SLASH[0] && path.subarray(0, root.length).equals(root)
}

const pathBelow = (folder: Buffer, name: Buffer): Buffer =>
  Buffer.concat(folder.equals(SLASH) ? [SLASH, name] : [folder, SLASH, name])
