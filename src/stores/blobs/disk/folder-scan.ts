/**
 * Lists everything below a folder of other people's files in byte order of the keys: files, and entries that cannot be read, with the reason.
 * A listing is complete or throws.
 */
import { realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { UnreadableEntry } from '../../locations/locations.ts'
import { StoreUnavailable } from '../../store-unavailable.ts'
import { compareKeys, isListed } from '../blob-key.ts'
import type { BlobEntry } from '../blob-store.ts'
import { type Listing, mayContain } from '../listing.ts'
import { isAbsent } from './disk-failure.ts'
import { isReservedPart } from './disk-paths.ts'
import {
  asUnlistable,
  entriesOf,
  type FolderEntry,
  isWithin,
  LOOP,
  NOT_A_FILE,
  OUTSIDE,
  type Refusal,
  refusalOf,
  refusalOfFile,
  type ScanRules,
} from './folder-entries.ts'

const CONCURRENT_STATS = 32

interface ScannedFile extends BlobEntry {
  /** With links followed. */
  readonly path: Buffer
  /** The key is its path below the folder: all names in it are UTF-8. */
  readonly isPlain: boolean
}

type ScannedEntry = ScannedFile | UnreadableEntry

interface Scan {
  readonly root: Buffer
  /** The file system of the root at the beginning of the scan. */
  readonly device: number
  readonly rules: ScanRules
  readonly listing: Listing
}

interface Folder {
  /** Empty or ending in a slash. */
  readonly key: string
  readonly path: Buffer
  readonly isPlain: boolean
  /** The real paths of the folder and of those above it: a link to one of them is a loop. */
  readonly above: readonly Buffer[]
}

/** @throws StoreUnavailable if the listing cannot be completed */
export async function* scanFolder(
  root: string,
  { rules, ...listing }: { readonly rules: ScanRules } & Listing,
): AsyncGenerator<ScannedEntry> {
  try {
    const real = await realpath(root, { encoding: 'buffer' })
    const scan: Scan = { root: real, device: (await stat(real)).dev, rules, listing }
    const start = await startOf(scan)
    if (start === undefined) return
    if ('path' in start) yield* scanBelow(scan, start)
    else if (isListed(start.key, listing)) yield start
  } catch (error) {
    throw asUnlistable(error)
  }
}

/** The folder of the prefix; undefined if it is missing, so that no key starts with it. */
async function startOf({ root, rules, listing }: Scan): Promise<Folder | UnreadableEntry | undefined> {
  const { prefix } = listing
  const key = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  const top = { key: '', path: root, isPlain: true, above: [root] }
  if (prefix.includes('\0') || !key.split('/').slice(0, -1).every(isFolderName)) return undefined
  if (key === '') return top
  try {
    const path = await realpath(join(root.toString(), key), { encoding: 'buffer' })
    if (rules === 'bucket' && !isWithin(root, path) && !path.equals(root)) return refused(key, OUTSIDE)
    return (await stat(path)).isDirectory() ? { key, path, isPlain: true, above: [path] } : undefined
  } catch (error) {
    if (!isAbsent(error)) throw error
    // An escaped name is not a path: the scan starts at the root and compares keys.
    return key.includes('%') ? top : undefined
  }
}

const isFolderName = (part: string): boolean => !['', '.', '..'].includes(part) && !isReservedPart(part, 'bucket')

type Child = FolderEntry & { readonly key: string }

async function* scanBelow(scan: Scan, folder: Folder): AsyncGenerator<ScannedEntry> {
  const { listing } = scan
  const children = await childrenOf(scan, folder)
  if ('unreadable' in children) {
    // The earlier scan that this one continues has reported it.
    if (listing.after !== folder.key) yield unreadableFolder(scan, folder, children)
    return
  }
  let others: Child[] = []
  for (const child of children) {
    if (child.kind !== 'folder') {
      if (isListed(child.key, listing)) others.push(child)
      if (others.length < CONCURRENT_STATS) continue
    }
    yield* await withSizes(scan, folder, others)
    others = []
    if (child.kind !== 'folder' || !mayContain(child.key, listing)) continue
    const { key, path } = child
    if (folder.above.some((above) => above.equals(path))) {
      if (isListed(key, listing)) yield refused(key, LOOP)
    } else {
      yield* scanBelow(scan, { key, path, isPlain: folder.isPlain && child.isPlain, above: [...folder.above, path] })
    }
  }
  yield* await withSizes(scan, folder, others)
}

/** The key of a folder ends in a slash, so that `a-b` is sorted before everything in `a/`, as among keys. */
async function childrenOf(scan: Scan, { key, path }: Folder): Promise<readonly Child[] | Refusal> {
  try {
    const entries = await entriesOf(scan, path)
    return entries
      .map((entry) => ({ ...entry, key: `${key}${entry.part}${entry.kind === 'folder' ? '/' : ''}` }))
      .sort((a, b) => compareKeys(a.key, b.key))
  } catch (error) {
    // The folder of the prefix itself: without it there is nothing to list, so the listing fails.
    if (scan.listing.prefix.startsWith(key)) throw error
    return checked(scan, refusalOf(error))
  }
}

function unreadableFolder(scan: Scan, { key }: Folder, refusal: Refusal): UnreadableEntry {
  // The earlier scan that this one continues has listed a part of it. A line for it now would be out of order.
  if (!isListed(key, { ...scan.listing, prefix: '' })) throw cutShort(refusal)
  return { ...refused(key, refusal), reason: `${refusal.reason}. Nothing below it was imported` }
}

const refused = (key: string, { unreadable, reason }: Refusal): UnreadableEntry => ({ key, unreadable, reason })

function cutShort({ isVanished }: Refusal): StoreUnavailable {
  const store = 'the folder of the bucket'
  return isVanished
    ? new StoreUnavailable({ store, reason: 'away', code: 'ENOENT' })
    : new StoreUnavailable({ store, reason: 'access', code: 'EACCES' })
}

function withSizes(scan: Scan, folder: Folder, children: readonly Child[]): Promise<readonly ScannedEntry[]> {
  return Promise.all(
    children.map(async ({ key, kind, path, isPlain }): Promise<ScannedEntry> => {
      if (kind !== 'file' && kind !== 'folder') return refused(key, kind)
      try {
        const found = await stat(path)
        if (!found.isFile()) return refused(key, NOT_A_FILE)
        return { key, sizeBytes: found.size, putAt: found.mtimeMs, path, isPlain: folder.isPlain && isPlain }
      } catch (error) {
        return refused(key, await checked(scan, refusalOfFile(error)))
      }
    }),
  )
}

/** If an entry vanished because the file system was unmounted, the empty mount point must not be listed. */
async function checked({ root, device }: Scan, refusal: Refusal): Promise<Refusal> {
  if (refusal.isVanished && (await stat(root)).dev !== device) throw cutShort(refusal)
  return refusal
}
