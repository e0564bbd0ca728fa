/**
 * Lists the files under a folder in byte order of their keys, folder by folder; only the names of the folders on the way are held, and
 * where blobs are spread only those of one beginning.
 */
import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { compareKeys, isListed } from './blob-key.ts'
import type { BlobEntry } from './blob-store.ts'
import { asUnavailable, isAbsent } from './disk-failure.ts'
import { beginningOf, isReservedPart, isSpreadFolder, type Layout } from './disk-paths.ts'

/** Sizes asked for at a time. */
const SIZES_AT_ONCE = 32

interface Listing {
  readonly prefix: string
  readonly after: string | undefined
}

/** `key` of a folder ends in a slash, and is sorted by it: `a-b` comes before all of `a/`, as it does among keys. */
interface Entry {
  readonly key: string
  /** Below the root. */
  readonly path: string
  readonly isFolder: boolean
}

export async function* listFiles(
  { root, layout }: { readonly root: string; readonly layout: Layout },
  listing: Listing,
): AsyncGenerator<BlobEntry> {
  const folder = listing.prefix.slice(0, listing.prefix.lastIndexOf('/') + 1)
  const parts = folder === '' ? [] : folder.slice(0, -1).split('/')
  if (parts.some((part) => ['', '.', '..'].includes(part) || isReservedPart(part, layout))) return
  try {
    yield* walk({ root, layout, listing, folder, above: [await realpath(join(root, folder))] })
  } catch (error) {
    // The folder of the prefix is not there: no key begins with it.
    if (!isAbsent(error)) throw asUnavailable(error, 'the blob store')
  }
}

interface Place {
  readonly root: string
  readonly layout: Layout
  readonly listing: Listing
  /** Key prefix: empty or ending in a slash. */
  readonly folder: string
  /** The real paths of the folder and those it was reached through: a link back to one of them is not followed. */
  readonly above: readonly string[]
}

async function* walk(place: Place): AsyncGenerator<BlobEntry> {
  const { root, listing } = place
  for await (const entries of place.layout === 'spread' ? spreadEntriesOf(place) : entriesOf(place)) {
    let files: Entry[] = []
    for (const entry of entries) {
      if (!entry.isFolder) {
        if (isListed(entry.key, listing)) files.push(entry)
        if (files.length < SIZES_AT_ONCE) continue
      }
      yield* await withSizes(root, files)
      files = []
      if (entry.isFolder && mayHold(entry.key, listing)) {
        const below = await realFolder(place, entry.key)
        if (below !== undefined) yield* walk({ ...place, folder: entry.key, above: [...place.above, below] })
      }
    }
    yield* await withSizes(root, files)
  }
}

/** Whether some key with this beginning may belong in the listing. */
const mayHold = (beginning: string, { prefix, after }: Listing): boolean =>
  (beginning.startsWith(prefix) || prefix.startsWith(beginning)) &&
  (after === undefined || after.startsWith(beginning) || compareKeys(beginning, after) > 0)

async function* entriesOf(place: Place): AsyncGenerator<readonly Entry[]> {
  const { root, layout, folder } = place
  const entries: Entry[] = []
  for (const child of await children(join(root, folder))) {
    if (isReservedPart(child.name, layout)) continue
    const kind = child.isSymbolicLink() ? await kindOfTarget(root, join(root, folder, child.name)) : child
    const entry = entryIn(folder, child.name, kind)
    if (entry !== undefined) entries.push(entry)
  }
  yield entries.sort(inOrder)
}

/** Beginning by beginning: of what lies in the folder itself, and of what is spread below it. */
async function* spreadEntriesOf({ root, layout, folder, listing }: Place): AsyncGenerator<readonly Entry[]> {
  const here = new Map<string, Entry[]>()
  const isSpread = new Set<string>()
  for (const child of await children(join(root, folder))) {
    if (child.isDirectory() && isSpreadFolder(child.name)) isSpread.add(child.name.slice(1))
    if (isReservedPart(child.name, layout)) continue
    const entry = entryIn(folder, child.name, child)
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

type Kind = Pick<Dirent, 'isDirectory' | 'isFile'>

function entryIn(folder: string, name: string, kind: Kind | undefined): Entry | undefined {
  if (kind?.isDirectory()) return { key: `${folder}${name}/`, path: folder + name, isFolder: true }
  return kind?.isFile() ? { key: folder + name, path: folder + name, isFolder: false } : undefined
}

/** A folder that went away since its name was read is empty. */
async function children(path: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (error) {
    if (isAbsent(error)) return []
    throw error
  }
}

async function kindOfTarget(root: string, path: string): Promise<Kind | undefined> {
  try {
    const target = await realpath(path)
    return target.startsWith(root + sep) ? await stat(target) : undefined
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

async function realFolder({ root, above }: Place, key: string): Promise<string | undefined> {
  const real = await realpath(join(root, key))
  return above.includes(real) ? undefined : real
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
