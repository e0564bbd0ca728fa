/**
 * Lists everything under a folder of other people's files in byte order of the keys, folder by folder: what can be read, and what cannot
 * with the reason. A listing either comes to its end or throws; it never just stops.
 */
import { realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { UnreadableEntry } from '../../locations/locations.ts'
import { StoreUnavailable } from '../../store-unavailable.ts'
import { compareKeys, isListed } from '../blob-key.ts'
import type { BlobEntry } from '../blob-store.ts'
import { type Listing, mayHold } from '../listing.ts'
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

/** Sizes asked for at a time. */
const SIZES_AT_ONCE = 32

interface ScannedFile extends BlobEntry {
  /** With links followed. */
  readonly path: Buffer
  /** Whether the key is also its path below the folder: all names on the way are UTF-8. */
  readonly isPlain: boolean
}

type ScannedEntry = ScannedFile | UnreadableEntry

interface Scan {
  readonly root: Buffer
  /** The file system that the root was on when the scan began. */
  readonly device: number
  readonly rules: ScanRules
  readonly listing: Listing
}

interface Folder {
  /** Empty or ending in a slash. */
  readonly key: string
  readonly path: Buffer
  readonly isPlain: boolean
  /** The real paths of the folder and those it was reached through: a link back to one of them is not followed. */
  readonly above: readonly Buffer[]
}

/** @throws StoreUnavailable where the listing cannot be finished */
export async function* scanFolder(
  root: string,
  { rules, ...listing }: { readonly rules: ScanRules } & Listing,
): AsyncGenerator<ScannedEntry> {
  try {
    const real = await realpath(root, { encoding: 'buffer' })
    const scan: Scan = { root: real, device: (await stat(real)).dev, rules, listing }
    const start = await startOf(scan)
    if (start === undefined) return
    if ('path' in start) yield* walk(scan, start)
    else if (isListed(start.key, listing)) yield start
  } catch (error) {
    throw asUnlistable(error)
  }
}

/** The folder of the prefix; undefined where it is not there, so that no key begins with it. */
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
    // An escaped name is no path: it is looked for from the top.
    return key.includes('%') ? top : undefined
  }
}

const isFolderName = (part: string): boolean => !['', '.', '..'].includes(part) && !isReservedPart(part, 'bucket')

type Child = FolderEntry & { readonly key: string }

async function* walk(scan: Scan, folder: Folder): AsyncGenerator<ScannedEntry> {
  const { listing } = scan
  const children = await childrenOf(scan, folder)
  if ('unreadable' in children) {
    // An earlier scan, which this one goes on from, ended with its line.
    if (listing.after !== folder.key) yield unreadableFolder(scan, folder, children)
    return
  }
  let others: Child[] = []
  for (const child of children) {
    if (child.kind !== 'folder') {
      if (isListed(child.key, listing)) others.push(child)
      if (others.length < SIZES_AT_ONCE) continue
    }
    yield* await withSizes(scan, folder, others)
    others = []
    if (child.kind !== 'folder' || !mayHold(child.key, listing)) continue
    const { key, path } = child
    if (folder.above.some((above) => above.equals(path))) {
      if (isListed(key, listing)) yield refused(key, LOOP)
    } else {
      yield* walk(scan, { key, path, isPlain: folder.isPlain && child.isPlain, above: [...folder.above, path] })
    }
  }
  yield* await withSizes(scan, folder, others)
}

/** A folder is sorted by its slash: `a-b` comes before all of `a/`, as it does among keys. */
async function childrenOf(scan: Scan, { key, path }: Folder): Promise<readonly Child[] | Refusal> {
  try {
    const entries = await entriesOf(scan, path)
    return entries
      .map((entry) => ({ ...entry, key: `${key}${entry.part}${entry.kind === 'folder' ? '/' : ''}` }))
      .sort((a, b) => compareKeys(a.key, b.key))
  } catch (error) {
    // Of the whole input there is nothing else to list: that is no entry but a listing that failed.
    if (scan.listing.prefix.startsWith(key)) throw error
    return checked(scan, refusalOf(error))
  }
}

function unreadableFolder(scan: Scan, { key }: Folder, refusal: Refusal): UnreadableEntry {
  // A part of it was listed by an earlier scan, which this one goes on from: its line would stand before those.
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

/** What vanished may have been unmounted with everything else: then an empty folder is left, of which no listing is true. */
async function checked({ root, device }: Scan, refusal: Refusal): Promise<Refusal> {
  if (refusal.isVanished && (await stat(root)).dev !== device) throw cutShort(refusal)
  return refusal
}
