/** Lists the files under a folder in byte order of their keys, folder by folder; only the names of the folders on the way are held. */
import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { compareKeys, isListed } from './blob-key.ts'
import type { BlobEntry } from './blob-store.ts'
import { asUnavailable, isAbsent } from './disk-failure.ts'

/** Sizes asked for at a time. */
const SIZES_AT_ONCE = 32

interface Listing {
  readonly prefix: string
  readonly after: string | undefined
  readonly options: { readonly followLinks?: 'inside' }
  readonly isHidden: (name: string) => boolean
}

/** `key` of a folder ends in a slash, and is sorted by it: `a-b` comes before all of `a/`, as it does among keys. */
interface Entry {
  readonly key: string
  readonly isFolder: boolean
}

export async function* listFiles(root: string, listing: Listing): AsyncGenerator<BlobEntry> {
  const folder = listing.prefix.slice(0, listing.prefix.lastIndexOf('/') + 1)
  if (
    folder !== '' &&
    folder
      .slice(0, -1)
      .split('/')
      .some((part) => ['', '.', '..'].includes(part))
  )
    return
  try {
    yield* walk({ root, listing, folder, above: [await realpath(join(root, folder))] })
  } catch (error) {
    // The folder of the prefix is not there: no key begins with it.
    if (!isAbsent(error)) throw asUnavailable(error, 'the blob store')
  }
}

interface Place {
  readonly root: string
  readonly listing: Listing
  /** Key prefix: empty or ending in a slash. */
  readonly folder: string
  /** The real paths of the folder and those it was reached through: a link back to one of them is not followed. */
  readonly above: readonly string[]
}

async function* walk(place: Place): AsyncGenerator<BlobEntry> {
  const { root, listing } = place
  let files: string[] = []
  for (const { key, isFolder } of await entriesOf(place)) {
    if (!isFolder) {
      if (isListed(key, listing)) files.push(key)
      if (files.length < SIZES_AT_ONCE) continue
    }
    yield* await withSizes(root, files)
    files = []
    if (isFolder && mayHold(key, listing)) {
      const below = await realFolder(place, key)
      if (below !== undefined) yield* walk({ ...place, folder: key, above: [...place.above, below] })
    }
  }
  yield* await withSizes(root, files)
}

/** Whether some key below the folder may belong in the listing. */
const mayHold = (folder: string, { prefix, after }: Listing): boolean =>
  (folder.startsWith(prefix) || prefix.startsWith(folder)) &&
  (after === undefined || after.startsWith(folder) || compareKeys(folder, after) > 0)

async function entriesOf({ root, listing, folder }: Place): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  for (const child of await children(join(root, folder))) {
    if (listing.isHidden(child.name)) continue
    const kind = child.isSymbolicLink()
      ? await kindOfTarget({ root, listing, path: join(root, folder, child.name) })
      : child
    if (kind?.isDirectory()) entries.push({ key: `${folder}${child.name}/`, isFolder: true })
    else if (kind?.isFile()) entries.push({ key: folder + child.name, isFolder: false })
  }
  return entries.sort((a, b) => compareKeys(a.key, b.key))
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

async function kindOfTarget(link: { root: string; listing: Listing; path: string }) {
  if (link.listing.options.followLinks === undefined) return undefined
  try {
    const target = await realpath(link.path)
    return target.startsWith(link.root + sep) ? await stat(target) : undefined
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
async function withSizes(root: string, keys: readonly string[]): Promise<readonly BlobEntry[]> {
  const entries = await Promise.all(
    keys.map(async (key): Promise<BlobEntry | undefined> => {
      try {
        return { key, sizeBytes: (await stat(join(root, key))).size }
      } catch (error) {
        if (isAbsent(error)) return undefined
        throw error
      }
    }),
  )
  return entries.filter((entry) => entry !== undefined)
}
