/**
 * Lists blobs that are spread over folders (disk-paths.ts) in byte order of their keys, one prefix of two characters at a time. Memory holds
 * the names of the folders on the path, and those of the blobs of one prefix.
 */
import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { compareKeys, isListed } from '../blob-key.ts'
import type { BlobEntry } from '../blob-store.ts'
import { type Listing, mayContain } from '../listing.ts'
import { asUnavailable, isAbsent } from './disk-failure.ts'
import { isReservedPart, isSpreadFolder, spreadPrefixOf } from './disk-paths.ts'

const CONCURRENT_STATS = 32

/** The `key` of a folder ends in a slash, so that `a-b` is sorted before everything in `a/`, as among keys. */
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
    yield* scan({ root, listing, folder })
  } catch (error) {
    throw asUnavailable(error, 'the blob store')
  }
}

interface Folder {
  readonly root: string
  readonly listing: Listing
  /** Key prefix: empty or ending in a slash. */
  readonly folder: string
}

async function* scan(at: Folder): AsyncGenerator<BlobEntry> {
  const { root, listing } = at
  for await (const entries of entriesOf(at)) {
    let files: Entry[] = []
    for (const entry of entries) {
      if (!entry.isFolder) {
        if (isListed(entry.key, listing)) files.push(entry)
        if (files.length < CONCURRENT_STATS) continue
      }
      yield* await withSizes(root, files)
      files = []
      if (entry.isFolder && mayContain(entry.key, listing)) yield* scan({ ...at, folder: entry.key })
    }
    yield* await withSizes(root, files)
  }
}

/** The entries of a folder, those that are spread below it included, prefix by prefix. */
async function* entriesOf({ root, folder, listing }: Folder): AsyncGenerator<readonly Entry[]> {
  const here = new Map<string, Entry[]>()
  const spread = new Set<string>()
  for (const child of await children(join(root, folder))) {
    if (child.isDirectory() && isSpreadFolder(child.name)) spread.add(child.name.slice(1))
    if (isReservedPart(child.name, 'spread')) continue
    const entry = entryIn(folder, child)
    if (entry === undefined) continue
    const prefix = spreadPrefixOf(entry.key.slice(folder.length))
    const together = here.get(prefix)
    if (together === undefined) here.set(prefix, [entry])
    else together.push(entry)
  }
  for (const prefix of [...new Set([...here.keys(), ...spread])].sort(compareKeys)) {
    if (!mayContain(folder + prefix, listing)) continue
    const entries: Entry[] = []
    if (spread.has(prefix)) {
      for (const child of await children(join(root, folder, `~${prefix}`))) {
        if (!child.isFile()) continue
        entries.push({ key: folder + child.name, path: `${folder}~${prefix}/${child.name}`, isFolder: false })
      }
    }
    entries.push(...(here.get(prefix) ?? []))
    yield entries.sort(inOrder).filter(({ key }, at) => key !== entries[at - 1]?.key)
  }
}

const inOrder = (a: Entry, b: Entry) => compareKeys(a.key, b.key)

function entryIn(folder: string, child: Dirent): Entry | undefined {
  const path = folder + child.name
  if (child.isDirectory()) return { key: `${path}/`, path, isFolder: true }
  return child.isFile() ? { key: path, path, isFolder: false } : undefined
}

/** A missing folder is empty: a folder is removed with its last blob. */
async function children(path: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (error) {
    if (isAbsent(error)) return []
    throw error
  }
}

/** Without files that were removed meanwhile. */
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
