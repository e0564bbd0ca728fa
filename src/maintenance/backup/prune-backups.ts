/**
 * Removes what interrupted backups left, and older backups with the blobs that no other backup names. The manifest of a backup is removed
 * first, so that an interruption leaves no backup that looks complete. Only the process that holds the lease of a backup may call it.
 */
import type { BlobStore } from '../../stores/blobs/blob-store.ts'
import { BACKUPS, keysOf } from './backup-format.ts'
import { blobsInPlace } from './copy-blobs.ts'
import { blobsOf, listManifests } from './kept-files.ts'
import { SortedReader } from './sorted-reader.ts'

const KEYS_AT_ONCE = 1_000

/** @returns how many complete backups were removed */
export async function pruneBackups(
  place: BlobStore,
  options: { readonly keep: number | undefined; readonly current: string; readonly signal: AbortSignal },
): Promise<number> {
  const { keep, current, signal } = options
  const manifests = await listManifests(place)
  const old = keep === undefined ? [] : manifests.slice(0, -keep).filter(({ backupId }) => backupId !== current)
  await place.remove(old.map(({ backupId }) => keysOf(backupId).manifest))
  const kept = manifests.filter((manifest) => !old.includes(manifest))
  const folders = new Set(kept.map(({ backupId }) => keysOf(backupId).folder))
  const removing = new Removing(place)
  for await (const { key } of place.list(BACKUPS)) {
    if (!folders.has(key.split('/').slice(0, 2).join('/').concat('/'))) await removing.add(key)
  }
  if (keep !== undefined) {
    const lists = kept.map((manifest) => new SortedReader(blobsOf(place, manifest)))
    for await (const { key } of blobsInPlace(place)) {
      signal.throwIfAborted()
      const found = await Promise.all(lists.map((list) => list.find(key)))
      if (found.every((each) => each === undefined)) await removing.add(key)
    }
    for (const list of lists) await list.close()
  }
  await removing.end()
  return old.length
}

class Removing {
  readonly #place: BlobStore
  #keys: string[] = []

  constructor(place: BlobStore) {
    this.#place = place
  }

  async add(key: string): Promise<void> {
    this.#keys.push(key)
    if (this.#keys.length === KEYS_AT_ONCE) await this.end()
  }

  async end(): Promise<void> {
    await this.#place.remove(this.#keys)
    this.#keys = []
  }
}
