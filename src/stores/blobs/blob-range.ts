/** Reads a range that the catalog lists. If it does not exist, the store is damaged. */
import { type BlobStore, readAll } from './blob-store.ts'

export interface Range {
  readonly blobKey: string
  readonly offsetBytes: number
  readonly lengthBytes: number
}

/** @throws if the blob is missing or too short */
export async function readWholeRange(
  blobs: BlobStore,
  { blobKey, offsetBytes, lengthBytes }: Range,
): Promise<Uint8Array> {
  const blob = await blobs.open(blobKey, { start: offsetBytes, length: lengthBytes })
  if (blob === undefined) throw new Error(`the blob ${blobKey} is missing`)
  const bytes = await readAll(blob)
  if (bytes.length < lengthBytes) throw new Error(`the blob ${blobKey} is too short`)
  return bytes
}
