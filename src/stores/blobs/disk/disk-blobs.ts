/**
 * Blobs as files below one folder. The folder is a bucket, in which keys are paths, or a place of Hilum's own, in which blobs are spread over
 * more folders (disk-paths.ts).
 */
import { rmdir, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Bucket, BucketEntry } from '../../locations/locations.ts'
import { StoreUnavailable } from '../../store-unavailable.ts'
import type { BlobEntry, BlobStore, ByteRange, OpenBlob } from '../blob-store.ts'
import type { Listing } from '../listing.ts'
import { asUnavailable, codeOf, isAbsent } from './disk-failure.ts'
import { listSpread } from './disk-listing.ts'
import { OpenFiles } from './disk-open-files.ts'
import { pathsOf } from './disk-paths.ts'
import { type DiskPlace, faultOfKeyIn, openPlace, reachable } from './disk-place.ts'
import { once, openFileRange } from './disk-reading.ts'
import { openScanned } from './disk-scanned.ts'
import { putBlob, putBlobWithoutDigest, removeUnfinished } from './disk-writing.ts'
import { scanFolder } from './folder-scan.ts'

const STORE = 'the blob store'

/** Creates the folder if it is missing. */
export async function openDiskBlobs(folder: string): Promise<BlobStore> {
  const at = await asStore(() => openPlace(folder, { layout: 'spread', openFiles: new OpenFiles() }))
  return { ...storeAt(at), list: (prefix, { after } = {}) => listSpread(at.root, { prefix, after }) }
}

/** The folder of a bucket. A symbolic link in it counts as its target, if that is in the folder too. */
export async function openDiskBucket(folder: string): Promise<Bucket> {
  const at = await asStore(() => openPlace(folder, { layout: 'bucket', openFiles: undefined }))
  return {
    ...storeAt(at),
    list: (prefix, { after } = {}) => listFiles(at, { prefix, after }),
    scan: (prefix, { after } = {}) => scanFiles(at, { prefix, after }),
  }
}

const storeAt = (at: DiskPlace): Omit<BlobStore, 'list'> => ({
  put: (key, bytes) => asStore(() => putBlob(at, key, bytes)),
  putWithoutDigest: (key, bytes) => asStore(() => putBlobWithoutDigest(at, key, bytes)),
  open: (key, range) => asStore(() => openBlob(at, key, range)),
  remove: (keys) => asStore(() => remove(at, keys)),
  removeUnfinished: (before) => asStore(() => removeUnfinished(at, before)),
})

/** Errors of the file system become StoreUnavailable. */
async function asStore<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asUnavailable(error, STORE)
  }
}

async function openBlob(at: DiskPlace, key: string, range: ByteRange | undefined): Promise<OpenBlob | undefined> {
  if (faultOfKeyIn(at, key) !== undefined) return undefined
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

async function openAt(at: DiskPlace, path: string, range: ByteRange | undefined): Promise<OpenBlob | undefined> {
  const into = memoryFor(range)
  if (into === undefined || at.openFiles === undefined) return openFileRange(await reachable(at, path), range)
  const found = await at.openFiles.read(path, { start: range!.start, into })
  return found && { sizeBytes: found.sizeBytes, bytes: once(into.subarray(0, found.bytesRead)) }
}

/** The memory of the caller, if the range fits into it. */
const memoryFor = (range: ByteRange | undefined): Uint8Array | undefined =>
  range?.into !== undefined && range.length !== undefined && range.length <= range.into.length
    ? range.into.subarray(0, range.length)
    : undefined

/** The files whose keys `open` accepts. @throws StoreUnavailable if access to a folder is denied */
async function* listFiles({ root }: DiskPlace, listing: Listing): AsyncGenerator<BlobEntry> {
  for await (const entry of scanFolder(root, { ...listing, rules: 'bucket' })) {
    if ('unreadable' in entry) {
      if (entry.unreadable === 'access') throw new StoreUnavailable({ store: STORE, reason: 'access', code: 'EACCES' })
    } else if (entry.isPlain) {
      const { key, sizeBytes, putAt } = entry
      yield { key, sizeBytes, putAt }
    }
  }
}

async function* scanFiles(at: DiskPlace, listing: Listing): AsyncGenerator<BucketEntry> {
  for await (const entry of scanFolder(at.root, { ...listing, rules: 'bucket' })) {
    if ('unreadable' in entry) yield entry
    else {
      const { key, sizeBytes, putAt, path } = entry
      yield { key, sizeBytes, putAt, open: (range) => asStore(() => openScanned(at.root, path, range)) }
    }
  }
}

async function remove(at: DiskPlace, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    if (faultOfKeyIn(at, key) !== undefined) continue
    for (const path of pathsOf(key, at.layout)) {
      at.openFiles?.drop(join(at.root, path))
      try {
        const folder = await reachable(at, dirname(join(at.root, path)))
        if (folder !== undefined) await unlink(join(folder, basename(path)))
      } catch (error) {
        // A folder is not a blob.
        if (!isAbsent(error) && codeOf(error) !== 'EISDIR') throw error
      }
      if (at.layout === 'spread') await removeIfEmpty(at, dirname(join(at.root, path)))
    }
  }
}

/** Empty folders would otherwise accumulate. */
async function removeIfEmpty({ root }: DiskPlace, folder: string): Promise<void> {
  try {
    for (let at = folder; at !== root; at = dirname(at)) await rmdir(at)
  } catch (error) {
    if (!isAbsent(error) && !['ENOTEMPTY', 'EEXIST', 'EBUSY'].includes(codeOf(error) ?? '')) throw error
  }
}
