/**
 * Lists blobs that are spread over folders in byte order of their keys, beginning by beginning (disk-paths.ts): only the names of the
 * folders on the way are held, and of the blobs those of one beginning.
 */
import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { compareKeys, isListed } from '../blob-key.ts'
import type { BlobEntry } from '../blob-store.ts'
import { type Listing, mayHold } from '../listing.ts'
import { asUnavailable, isAbsent } from './disk-failure.ts'
import { beginningOf, isReservedPart, isSpreadFolder } from './disk-paths.ts'

/** Sizes asked for at a time. */
const SIZES_AT_ONCE = 32

/** `key` of a folder ends in a slash, and is sorted by it: `a-b` comes before all of `a/`, as it does among keys. */
interface Entry {
  readonly key: string
  /** Below the root. */
  readonly path: string
  readonly isFolder: boolean
}

export async function* listSpread(root: string, listing: Listing): AsyncGenerator<BlobEntry> {
  const folder = listing.prefix.slice(0, listing.prefix.lastIndexOf('/') + 1)
  const parts = folder === '' ? [] : folder.slice(0, -1).split('/')
  if (parts.some((part) => ['', '.', '..'].includes(part) || isReservedPart(part, 'spread'))) return
  try {
    yield* walk({ root, listing, folder })
  } catch (error) {
    throw asUnavailable(error, 'the blob store')
  }
}

interface Place {
  readonly root: string
  readonly listing: Listing
  /** Key prefix: empty or ending in a slash. */
  readonly folder: string
}

async function* walk(place: Place): AsyncGenerator<BlobEntry> {
  const { root, listing } = place
  for await (const entries of entriesOf(place)) {
    let files: Entry[] = []
    for (const entry of entries) {
      if (!entry.isFolder) {
        if (isListed(entry.key, listing)) files.push(entry)
        if (files.length < SIZES_AT_ONCE) continue
      }
      yield* await withSizes(root, files)
      files = []
      if (entry.isFolder && mayHold(entry.key, listing)) yield* walk({ ...place, folder: entry.key })
    }
    yield* await withSizes(root, files)
  }
}

/** Beginning by beginning: of what lies in the folder itself, and of what is spread below it. */
async function* entriesOf({ root, folder, listing }: Place): AsyncGenerator<readonly Entry[]> {
  const here = new Map<string, Entry[]>()
  const isSpread = new Set<string>()
  for (const child of await children(join(root, folder))) {
    if (child.isDirectory() && isSpreadFolder(child.name)) isSpread.add(child.name.slice(1))
    if (isReservedPart(child.name, 'spread')) continue
    const entry = entryIn(folder, child)
    if (entry === undefined) continue
    const beginning = beginningOf(entry.key.slice(folder.length))
    const together = here.get(beginning)
    if (together === undefined) here.set(beginning, [entry])
    else together.push(entry)
  }
  for (const beginning of [...new Set([...here.keys(), ...isSpread])].sort(compareKeys)) {
    if (!mayHold(folder + beginning, listing)) continue
    const entries: Entry[] = []
    if (isSpread.has(beginning)) {
      for (const child of await children(join(root, folder, `~${beginning}`))) {
        if (!child.isFile()) continue
        entries.push({ key: folder + child.name, path: `${folder}~${beginning}/${child.name}`, isFolder: false })
      }
    }
    entries.push(...(here.get(beginning) ?? []))
    yield entries.sort(inOrder).filter(({ key }, at) => key !== entries[at - 1]?.key)
  }
}

const inOrder = (a: Entry, b: Entry) => compareKeys(a.key, b.key)

function entryIn(folder: string, child: Dirent): Entry | undefined {
  const path = folder + child.name
  if (child.isDirectory()) return { key: `${path}/`, path, isFolder: true }
  return child.isFile() ? { key: path, path, isFolder: false } : undefined
}

/** A folder goes with its last blob: one that is not there is empty. */
async function children(path: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (error) {
    if (isAbsent(error)) return []
    throw error
  }
}

/** Without those that went away meanwhile. */
async function withSizes(root: string, files: readonly Entry[]): Promise<readonly BlobEntry[]> {
  const entries = await Promise.all(
    files.map(async ({ key, path }): Promise<BlobEntry | undefined> => {
      try {
        const { size, mtimeMs } = await stat(join(root, path))
        return { key, sizeBytes: size, putAt: mtimeMs }
      } catch (error) {
        if (isAbsent(error)) return undefined
        throw error
      }
    }),
  )
  return entries.filter((entry) => entry !== undefined)
}
