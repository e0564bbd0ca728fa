/**
 * Blobs as files under one folder, which is a bucket, whose keys are the paths below it, or a place of our own, where they are spread
 * over more folders (disk-paths.ts). A blob is written aside, made durable and then renamed, so that a key leads to all of its bytes
 * or to none, whatever is cut off when.
 */
import { randomUUID } from 'node:crypto'
import { type FileHandle, lstat, mkdir, open, readdir, realpath, rename, rmdir, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import type { Bucket, BucketEntry } from '../../locations/locations.ts'
import { StoreUnavailable } from '../../store-unavailable.ts'
import { faultOfPath, InvalidBlobKey } from '../blob-key.ts'
import type { BlobDigest, BlobEntry, BlobStore, ByteRange, OpenBlob } from '../blob-store.ts'
import { BytesDigest } from '../bytes-digest.ts'
import type { Listing } from '../listing.ts'
import { asUnavailable, codeOf, isAbsent } from './disk-failure.ts'
import { listSpread } from './disk-listing.ts'
import { OpenFiles } from './disk-open-files.ts'
import { isReserved, type Layout, pathsOf, UNFINISHED } from './disk-paths.ts'
import { once, openFileRange } from './disk-reading.ts'
import { isWithin } from './folder-entries.ts'
import { scanFolder } from './folder-scan.ts'

const STORE = 'the blob store'
/** Folders whose way down from the root is known to be durable; forgotten as a whole when it grows too long. */
const KNOWN_FOLDERS_MAX = 10_000
/** To move a blob into a folder that others empty and remove meanwhile. */
const FOLDER_ATTEMPTS = 10

/** Makes the folder if it is not there. */
export async function openDiskBlobs(folder: string): Promise<BlobStore> {
  const at = await openPlace(folder, { layout: 'spread', openFiles: new OpenFiles() })
  return { ...storeAt(at), list: (prefix, { after } = {}) => listSpread(at.root, { prefix, after }) }
}

/** The folder of a bucket: symbolic links in it count as what they lead to, if that lies in the folder. */
export async function openDiskBucket(folder: string): Promise<Bucket> {
  // Its files are other people's, who may change them: none is kept open.
  const at = await openPlace(folder, { layout: 'bucket', openFiles: undefined })
  return {
    ...storeAt(at),
    list: (prefix, { after } = {}) => listFiles(at, { prefix, after }),
    scan: (prefix, { after } = {}) => scanFiles(at, { prefix, after }),
  }
}

async function openPlace(folder: string, kind: Pick<Place, 'layout' | 'openFiles'>): Promise<Place> {
  try {
    await mkdir(folder, { recursive: true })
    return { root: await realpath(folder), known: new Set(), ...kind }
  } catch (error) {
    throw asUnavailable(error, STORE)
  }
}

const storeAt = (at: Place): Omit<BlobStore, 'list'> => ({
  put: (key, bytes) => outside(() => put(at, key, bytes)),
  open: (key, range) => outside(() => openBlob(at, key, range)),
  remove: (keys) => outside(() => remove(at, keys)),
  removeUnfinished: (before) => outside(() => removeUnfinished(at, before)),
})

interface Place {
  readonly root: string
  readonly layout: Layout
  readonly known: Set<string>
  readonly openFiles: OpenFiles | undefined
}

async function outside<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asUnavailable(error, STORE)
  }
}

async function put(at: Place, key: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<BlobDigest> {
  const fault = faultOfPath(key) ?? (isReserved(key, at.layout) ? 'a part of it is reserved' : undefined)
  if (fault !== undefined) throw new InvalidBlobKey(fault)
  try {
    return await putAt(at, await pathToPut(at, key), bytes)
  } catch (error) {
    if (codeOf(error) === 'ENAMETOOLONG') throw new InvalidBlobKey('a part of it is longer than the file system allows')
    if (['ENOTDIR', 'EISDIR', 'EEXIST'].includes(codeOf(error) ?? '')) {
      throw new InvalidBlobKey('another blob has its beginning as a key, and a file cannot be a folder too')
    }
    throw error
  }
}

/** In a bucket with the links on the way followed, if they stay in it. What is not there yet is no link. */
async function pathToPut({ root, layout }: Place, key: string): Promise<string> {
  const path = join(root, pathsOf(key, layout)[0]!)
  if (layout === 'spread') return path
  for (let folder = dirname(path); folder !== root; folder = dirname(folder)) {
    try {
      const real = await realpath(folder)
      if (real !== root && !real.startsWith(root + sep))
        throw new InvalidBlobKey('a link in it leads out of the bucket')
      return join(real, relative(folder, path))
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      if (await isThere(folder)) throw new InvalidBlobKey('a link in it leads to nothing')
    }
  }
  return path
}

/** The link itself, whatever it leads to. */
const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )

async function putAt(at: Place, path: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<BlobDigest> {
  const aside = unfinishedFolder(at, dirname(path))
  const unfinished = join(aside, `.hilum-${randomUUID()}${UNFINISHED}`)
  try {
    const digest = await writeDurably(unfinished, bytes)
    await moveInto(at, unfinished, path)
    await syncFolder(dirname(path))
    await syncWayDown(at, dirname(path))
    return digest
  } catch (error) {
    await unlink(unfinished).catch(() => undefined)
    throw error
  }
}

/**
 * Aside is one folder for all in a place of our own, where what was cut off is found at once; in a bucket it is the folder itself, which
 * may lie on another file system than the bucket.
 */
const unfinishedFolder = ({ root, layout }: Place, folder: string): string =>
  layout === 'spread' ? join(root, `.hilum${UNFINISHED}`) : folder

async function writeDurably(path: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<BlobDigest> {
  const file = await openNew(path)
  const digest = new BytesDigest()
  try {
    await file.writeFile(bytes instanceof Uint8Array ? bytes : digest.passing(bytes))
    if (bytes instanceof Uint8Array) digest.add(bytes)
    await file.datasync()
    return digest.end()
  } finally {
    await file.close()
  }
}

async function openNew(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o640)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    await mkdir(dirname(path), { recursive: true })
    return open(path, 'wx', 0o640)
  }
}

async function moveInto({ known }: Place, unfinished: string, path: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    if (!known.has(dirname(path))) await mkdir(dirname(path), { recursive: true })
    try {
      return await rename(unfinished, path)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || attempt === FOLDER_ATTEMPTS) throw error
      // The last blob of the folder was removed, and the folder with it; maybe those above it too.
      known.clear()
    }
  }
}

/** A new folder is durable when the folder above it is, so each on the way from the root is synced once. */
async function syncWayDown({ root, known }: Place, folder: string): Promise<void> {
  const synced: string[] = []
  for (let at = folder; at !== root && !known.has(at); at = dirname(at)) {
    await syncFolder(dirname(at))
    synced.push(at)
  }
  if (known.size >= KNOWN_FOLDERS_MAX) known.clear()
  // Only now: whoever finds one known takes the whole way down to it for durable.
  for (const at of synced) known.add(at)
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function openBlob(at: Place, key: string, range: ByteRange | undefined): Promise<OpenBlob | undefined> {
  if (!isKey(at, key)) return undefined
  for (const path of pathsOf(key, at.layout)) {
    try {
      const found = await openAt(at, join(at.root, path), range)
      if (found !== undefined) return found
    } catch (error) {
      if (!isAbsent(error)) throw error
    }
  }
  return undefined
}

async function openAt(at: Place, path: string, range: ByteRange | undefined): Promise<OpenBlob | undefined> {
  const into = roomFor(range)
  if (into === undefined || at.openFiles === undefined) return openFileRange(await reachable(at, path), range)
  const found = await at.openFiles.read(path, { start: range!.start, into })
  return found && { sizeBytes: found.sizeBytes, bytes: once(into.subarray(0, found.bytesRead)) }
}

/** Of the caller's memory, where all of the range fits into it. */
const roomFor = (range: ByteRange | undefined): Uint8Array | undefined =>
  range?.into !== undefined && range.length !== undefined && range.length <= range.into.length
    ? range.into.subarray(0, range.length)
    : undefined

const isKey = ({ layout }: Place, key: string) => faultOfPath(key) === undefined && !isReserved(key, layout)

/** In a bucket the path with its links followed, if they stay inside; a path that leads out counts as absent. */
async function reachable({ root, layout }: Place, path: string): Promise<string | undefined> {
  if (layout === 'spread') return path
  const real = await realpath(path)
  return real === root || real.startsWith(root + sep) ? real : undefined
}

/** Whose keys `open` knows. @throws StoreUnavailable where a folder may not be read */
async function* listFiles({ root }: Place, listing: Listing): AsyncGenerator<BlobEntry> {
  for await (const entry of scanFolder(root, { ...listing, rules: 'bucket' })) {
    if ('unreadable' in entry) {
      if (entry.unreadable === 'access') throw new StoreUnavailable({ store: STORE, reason: 'access', code: 'EACCES' })
    } else if (entry.isPlain) {
      const { key, sizeBytes, putAt } = entry
      yield { key, sizeBytes, putAt }
    }
  }
}

async function* scanFiles(at: Place, listing: Listing): AsyncGenerator<BucketEntry> {
  for await (const entry of scanFolder(at.root, { ...listing, rules: 'bucket' })) {
    if ('unreadable' in entry) yield entry
    else {
      const { key, sizeBytes, putAt, path } = entry
      yield { key, sizeBytes, putAt, open: (range) => outside(() => openScanned(at, path, range)) }
    }
  }
}

async function openScanned({ root }: Place, path: Buffer, range: ByteRange | undefined): Promise<OpenBlob | undefined> {
  try {
    // A folder on the way may have become a link since it was listed.
    const real = await realpath(path, { encoding: 'buffer' })
    return isWithin(Buffer.from(root), real) ? await openFileRange(real, range) : undefined
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

async function remove(at: Place, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    if (!isKey(at, key)) continue
    for (const path of pathsOf(key, at.layout)) {
      at.openFiles?.drop(join(at.root, path))
      try {
        const folder = await reachable(at, dirname(join(at.root, path)))
        if (folder !== undefined) await unlink(join(folder, basename(path)))
      } catch (error) {
        // EISDIR, EPERM: the key of a folder is the key of no blob.
        if (!isAbsent(error) && codeOf(error) !== 'EISDIR') throw error
      }
      if (at.layout === 'spread') await removeIfEmpty(at, dirname(join(at.root, path)))
    }
  }
}

/** A store in which blobs come and go must not fill with folders. */
async function removeIfEmpty({ root }: Place, folder: string): Promise<void> {
  try {
    for (let at = folder; at !== root; at = dirname(at)) await rmdir(at)
  } catch (error) {
    if (!isAbsent(error) && !['ENOTEMPTY', 'EEXIST', 'EBUSY'].includes(codeOf(error) ?? '')) throw error
  }
}

/** In a bucket they are the operator's to remove: it may be large, and is looked through for nothing else. */
async function removeUnfinished(at: Place, before: number): Promise<void> {
  if (at.layout === 'bucket') return
  const folder = unfinishedFolder(at, at.root)
  try {
    for (const name of await readdir(folder)) {
      const path = join(folder, name)
      if (name.endsWith(UNFINISHED) && (await stat(path)).mtimeMs < before) await unlink(path)
    }
  } catch (error) {
    // Another process was faster, or nothing was ever put.
    if (!isAbsent(error)) throw error
  }
}
