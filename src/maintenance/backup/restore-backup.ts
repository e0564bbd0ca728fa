/**
 * Restores a backup into empty stores: first the blobs, last the control catalog, so that there is no archive before all of its bytes are there.
 * Every byte is compared with its checksum. A blob that an interrupted restore has written is compared too, and not copied again.
 */
import type { BlobDigest, BlobStore } from '../../stores/blobs/blob-store.ts'
import type { CatalogContent, TableRows } from '../../stores/catalog/catalog-snapshot.ts'
import { MaintenanceFailed } from '../maintenance-run.ts'
import { someAtOnce } from '../verify/verify-steps.ts'
import { type KeptBlob, type KeptFile, keysOf, type Manifest } from './backup-format.ts'
import { decompressRows } from './catalog-rows.ts'
import { blobKeyOf } from './copy-blobs.ts'
import { blobsOf, checkedBytes, digestOf } from './kept-files.ts'

/** @throws MaintenanceFailed, StoreUnavailable */
export async function restoreBlobs(
  { place, blobs }: { readonly place: BlobStore; readonly blobs: BlobStore },
  manifest: Manifest,
  { onProgress, signal }: { readonly onProgress: (bytes: number, of: number) => void; readonly signal: AbortSignal },
): Promise<void> {
  let restoredBytes = 0
  for await (const { sizeBytes } of someAtOnce(blobsOf(place, manifest), async (blob) => {
    signal.throwIfAborted()
    await restoreBlob({ place, blobs }, blob)
    return blob
  })) {
    restoredBytes += sizeBytes
    onProgress(restoredBytes, manifest.blobs.sizeBytes)
  }
}

async function restoreBlob({ place, blobs }: { place: BlobStore; blobs: BlobStore }, blob: KeptBlob): Promise<void> {
  const key = blobKeyOf(blob.key)
  const existing = await digestOf(await blobs.open(key))
  if (isSame(existing, blob)) return
  if (existing !== undefined) await blobs.remove([key])
  if (blob.isDamaged) {
    // A later backup may have replaced its copy by a sound one.
    const found = await place.open(blob.key)
    if (found !== undefined) await blobs.put(key, found.bytes)
    return
  }
  const written = await blobs.put(key, checkedBytes(place, blob))
  if (!isSame(written, blob)) throw new MaintenanceFailed(`${blob.key} was not restored as it was written`)
}

const isSame = (found: BlobDigest | undefined, wanted: BlobDigest): boolean =>
  found !== undefined && found.sizeBytes === wanted.sizeBytes && found.sha256 === wanted.sha256

/** What the catalogs of the backup held: the control catalog, then the partitions. The rows are checked when they have been read. */
export function catalogsOf(place: BlobStore, manifest: Manifest): readonly CatalogContent[] {
  const { backupId, engine, schemaVersion, catalogs, files } = manifest
  return catalogs.map(({ partition, counters, rows }) => {
    const file = files.find(({ key }) => key === keysOf(backupId).catalog(partition))
    if (file === undefined)
      throw new MaintenanceFailed(`The manifest of the backup ${backupId} does not name all of its catalogs`)
    return { partition, engine, schemaVersion, counters, rows: rowsOf(place, { backupId, file, counts: rows }) }
  })
}

async function* rowsOf(
  place: BlobStore,
  { backupId, file, counts }: { backupId: string; file: KeptFile; counts: Readonly<Record<string, number>> },
): AsyncGenerator<TableRows> {
  const found: Record<string, number> = {}
  for await (const batch of decompressRows(checkedBytes(place, file))) {
    found[batch.table] = (found[batch.table] ?? 0) + batch.rows.length
    yield batch
  }
  for (const [table, count] of Object.entries(counts)) {
    if (found[table] !== count) throw new MaintenanceFailed(`The backup ${backupId} does not hold all rows of ${table}`)
  }
}

/** The small files of the data folder, by name. */
export async function* filesOf(
  place: BlobStore,
  { backupId, files }: Manifest,
): AsyncGenerator<{ readonly name: string; readonly bytes: Uint8Array }, undefined> {
  const prefix = keysOf(backupId).file('')
  for (const file of files.filter(({ key }) => key.startsWith(prefix))) {
    const chunks: Uint8Array[] = []
    for await (const chunk of checkedBytes(place, file)) chunks.push(chunk)
    yield { name: file.key.slice(prefix.length), bytes: Buffer.concat(chunks) }
  }
}
