/** A range of a blob that the catalog knows of: it is there, whole, or something is badly wrong. */
import { type BlobStore, readAll } from './blob-store.ts'

export interface Range {
  readonly blobKey: string
  readonly offsetBytes: number
  readonly lengthBytes: number
}

/** @throws where the blob does not hold all of it */
export async function readWholeRange(
  blobs: BlobStore,
  { blobKey, offsetBytes, lengthBytes }: Range,
): Promise<Uint8Array> {
  const blob = await blobs.open(blobKey, { start: offsetBytes, length: lengthBytes })
  if (blob === undefined) throw new Error(`the blob ${blobKey} is gone`)
  const bytes = await readAll(blob)
  if (bytes.length < lengthBytes) throw new Error(`the blob ${blobKey} is shorter than it was`)
  return bytes
}
