/**
 * Writes one blob durably: to an unfinished file, which is synced and then renamed. A key leads to all bytes of its blob or to none, whenever
 * a crash interrupts it.
 */
import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { InvalidBlobKey } from '../blob-key.ts'
import type { BlobDigest } from '../blob-store.ts'
import { BytesDigest } from '../bytes-digest.ts'
import { codeOf, isAbsent } from './disk-failure.ts'
import { UNFINISHED } from './disk-paths.ts'
import { type DiskPlace, faultOfKeyIn, pathToPut, unfinishedFolder } from './disk-place.ts'

/** The set is cleared when it is full. */
const DURABLE_FOLDERS_MAX = 10_000
/** To move a blob into a folder that other processes empty and remove meanwhile. */
const FOLDER_ATTEMPTS = 10

type Bytes = Uint8Array | AsyncIterable<Uint8Array>

/** @throws InvalidBlobKey, and the errors of the file system */
export async function putBlob(at: DiskPlace, key: string, bytes: Bytes): Promise<BlobDigest> {
  const digest = new BytesDigest()
  if (bytes instanceof Uint8Array) {
    await putBlobWithoutDigest(at, key, bytes)
    return digest.add(bytes).end()
  }
  await putBlobWithoutDigest(at, key, digest.passing(bytes))
  return digest.end()
}

/** @throws as putBlob */
export async function putBlobWithoutDigest(at: DiskPlace, key: string, bytes: Bytes): Promise<void> {
  const fault = faultOfKeyIn(at, key)
  if (fault !== undefined) throw new InvalidBlobKey(fault)
  try {
    await putAt(at, await pathToPut(at, key), bytes)
  } catch (error) {
    if (codeOf(error) === 'ENAMETOOLONG') throw new InvalidBlobKey('a part of it is longer than the file system allows')
    if (['ENOTDIR', 'EISDIR', 'EEXIST'].includes(codeOf(error) ?? '')) {
      throw new InvalidBlobKey('its beginning is the key of another blob, and a file cannot be a folder too')
    }
    throw error
  }
}

async function putAt(at: DiskPlace, path: string, bytes: Bytes): Promise<void> {
  const unfinished = join(unfinishedFolder(at, dirname(path)), `.hilum-${randomUUID()}${UNFINISHED}`)
  try {
    await writeDurably(unfinished, bytes)
    await moveInto(at, unfinished, path)
    await syncFolder(dirname(path))
    await syncFoldersAbove(at, dirname(path))
  } catch (error) {
    await unlink(unfinished).catch(() => undefined)
    throw error
  }
}

async function writeDurably(path: string, bytes: Bytes): Promise<void> {
  const file = await openNew(path)
  try {
    await file.writeFile(bytes)
    await file.datasync()
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

async function moveInto({ durableFolders }: DiskPlace, unfinished: string, path: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    if (!durableFolders.has(dirname(path))) await mkdir(dirname(path), { recursive: true })
    try {
      return await rename(unfinished, path)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || attempt === FOLDER_ATTEMPTS) throw error
      // The last blob of the folder was removed meanwhile, and with it the folder, perhaps also those above it.
      durableFolders.clear()
    }
  }
}

/** A new folder is durable when its entry in the folder above is, so each folder up to the root is synced once. */
async function syncFoldersAbove({ root, durableFolders }: DiskPlace, folder: string): Promise<void> {
  const synced: string[] = []
  for (let at = folder; at !== root && !durableFolders.has(at); at = dirname(at)) {
    await syncFolder(dirname(at))
    synced.push(at)
  }
  if (durableFolders.size >= DURABLE_FOLDERS_MAX) durableFolders.clear()
  // Not earlier: a folder in the set is durable up to the root.
  for (const at of synced) durableFolders.add(at)
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Not in a bucket, which would have to be scanned: there the operator removes them. */
export async function removeUnfinished(at: DiskPlace, before: number): Promise<void> {
  if (at.layout === 'bucket') return
  const folder = unfinishedFolder(at, at.root)
  try {
    for (const name of await readdir(folder)) {
      const path = join(folder, name)
      if (name.endsWith(UNFINISHED) && (await stat(path)).mtimeMs < before) await unlink(path)
    }
  } catch (error) {
    // Another process removed it, or nothing was ever put.
    if (!isAbsent(error)) throw error
  }
}
