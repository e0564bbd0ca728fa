/**
 * Blobs as files under one folder; a key is the path below it. A blob is written beside its place, made durable and then renamed,
 * so that a key leads to all of its bytes or to none, whatever is cut off when.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, open, realpath, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'
import { faultOfPath, InvalidBlobKey } from './blob-key.ts'
import type { BlobStore, ByteRange, OpenBlob } from './blob-store.ts'
import { asUnavailable, codeOf, isAbsent } from './disk-failure.ts'
import { listFiles } from './disk-listing.ts'
import { OpenFiles } from './disk-open-files.ts'
import { once, openFileRange } from './disk-reading.ts'

const STORE = 'the blob store'
const UNFINISHED = /^\.hilum-.*\.unfinished$/
/** Folders whose way down from the root is known to be durable; forgotten as a whole when it grows too long. */
const KNOWN_FOLDERS_MAX = 10_000

export interface DiskBlobsOptions {
  /** `inside`: symbolic links count as what they lead to, if that lies in the folder. Without it they count as nothing. */
  readonly followLinks?: 'inside'
}

/** Makes the folder if it is not there. */
export async function openDiskBlobs(folder: string, options: DiskBlobsOptions = {}): Promise<BlobStore> {
  try {
    await mkdir(folder, { recursive: true })
    const root = await realpath(folder)
    const known = new Set<string>()
    // The files of buckets are other people's, who may change them.
    const openFiles = options.followLinks === undefined ? new OpenFiles() : undefined
    return {
      put: (key, bytes) => outside(() => put(root, { key, bytes, known })),
      open: (key, range) => outside(() => openBlob(root, { key, range, options, openFiles })),
      list: (prefix, { after } = {}) =>
        listFiles(root, { prefix, after, options, isHidden: (name) => UNFINISHED.test(name) }),
      remove: (keys) => outside(() => remove(root, { keys, openFiles })),
    }
  } catch (error) {
    throw asUnavailable(error, STORE)
  }
}

async function outside<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asUnavailable(error, STORE)
  }
}

/** Where a key lies, or undefined where none can. */
function pathOf(root: string, key: string): string | undefined {
  return faultOfPath(key) === undefined && !UNFINISHED.test(basename(key)) ? join(root, key) : undefined
}

async function put(
  root: string,
  blob: { key: string; bytes: Uint8Array | AsyncIterable<Uint8Array>; known: Set<string> },
): Promise<void> {
  const path = pathOf(root, blob.key)
  if (path === undefined) throw new InvalidBlobKey(faultOfPath(blob.key) ?? 'its last part is reserved')
  const folder = dirname(path)
  const unfinished = join(folder, `.hilum-${randomUUID()}.unfinished`)
  try {
    await makeFolder(root, folder, blob.known)
    await writeDurably(unfinished, blob.bytes)
    await rename(unfinished, path)
    await syncFolder(folder)
  } catch (error) {
    await unlink(unfinished).catch(() => undefined)
    if (codeOf(error) === 'ENAMETOOLONG') throw new InvalidBlobKey('a part of it is longer than the file system allows')
    if (['ENOTDIR', 'EISDIR', 'EEXIST'].includes(codeOf(error) ?? '')) {
      throw new InvalidBlobKey('another blob has its beginning as a key, and a file cannot be a folder too')
    }
    throw error
  }
}

async function writeDurably(path: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx', 0o640)
  try {
    await file.writeFile(bytes)
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** A new folder is durable when the folder above it is, so each on the way from the root is synced once. */
async function makeFolder(root: string, folder: string, known: Set<string>): Promise<void> {
  if (known.has(folder)) return
  await mkdir(folder, { recursive: true })
  for (let at = folder; at !== root && !known.has(at); at = dirname(at)) await syncFolder(dirname(at))
  if (known.size >= KNOWN_FOLDERS_MAX) known.clear()
  known.add(folder)
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

interface BlobToOpen {
  readonly key: string
  readonly range: ByteRange | undefined
  readonly options: DiskBlobsOptions
  readonly openFiles: OpenFiles | undefined
}

async function openBlob(root: string, { key, range, options, openFiles }: BlobToOpen): Promise<OpenBlob | undefined> {
  const path = pathOf(root, key)
  if (path === undefined) return undefined
  try {
    const into = roomFor(range)
    if (into === undefined || openFiles === undefined) {
      return await openFileRange(await reachable(root, path, options), range)
    }
    const found = await openFiles.read(path, { start: range!.start, into })
    return found && { sizeBytes: found.sizeBytes, bytes: once(into.subarray(0, found.bytesRead)) }
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** Of the caller's memory, where all of the range fits into it. */
const roomFor = (range: ByteRange | undefined): Uint8Array | undefined =>
  range?.into !== undefined && range.length !== undefined && range.length <= range.into.length
    ? range.into.subarray(0, range.length)
    : undefined

/** The path with its links followed, if they may be and stay inside; a path that leads out counts as absent. */
async function reachable(root: string, path: string, { followLinks }: DiskBlobsOptions): Promise<string | undefined> {
  if (followLinks === undefined) return path
  const real = await realpath(path)
  return real.startsWith(root + sep) ? real : undefined
}

async function remove(
  root: string,
  { keys, openFiles }: { keys: readonly string[]; openFiles: OpenFiles | undefined },
): Promise<void> {
  for (const key of keys) {
    const path = pathOf(root, key)
    if (path === undefined) continue
    openFiles?.forget(path)
    try {
      await unlink(path)
    } catch (error) {
      // EISDIR, EPERM: the key of a folder is the key of no blob.
      if (!isAbsent(error) && codeOf(error) !== 'EISDIR') throw error
    }
  }
}
