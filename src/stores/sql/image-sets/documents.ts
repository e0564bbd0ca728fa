/** Metadata documents: where the document of a version lies, and those of versions that are published. */
import assert from 'node:assert/strict'
import { type DocumentRange, type GroupDocuments, ImageSetChanged } from '../../catalog/image-set-records.ts'
import { numberBlobs } from '../blobs/number-blobs.ts'
import { one, type Sql } from '../engine/statement.ts'
import { imageSetIdOf } from '../rows/image-set-id.ts'
import { insertRows } from '../rows/insert-rows.ts'
import type { RowOf } from '../rows/tables.ts'

interface PublishedVersion {
  readonly groupId: number
  readonly rowId: number
  readonly idSuffix: string
  readonly version: number
}

/** @returns the number of the blob of the documents */
export function* numberDocumentBlob(job: number, { blobKey, digest }: GroupDocuments): Sql<number> {
  return (yield* numberBlobs(job, [blobKey], new Map([[blobKey, digest]]))).get(blobKey)!
}

/** @throws ImageSetChanged if another job has published a version since a document was joined */
export function* addDocuments(
  blob: number,
  published: readonly PublishedVersion[],
  documents: GroupDocuments,
): Sql<void> {
  yield* insertRows('image_set_documents', documentRows(blob, published, documents))
}

export const DOCUMENT_COLUMNS = [
  'blob',
  'offset_bytes',
  'size_bytes',
  'content_bytes',
  'crc32',
  'body_checksum',
] as const

function documentRows(
  blob: number,
  published: readonly PublishedVersion[],
  { byGroup }: GroupDocuments,
): readonly RowOf<'image_set_documents'>[] {
  return published.map(({ groupId, rowId, idSuffix, version }) => {
    const document = byGroup.get(groupId)
    assert(document, 'every group has its document')
    const { base } = document
    const isAsExpected =
      version === 1
        ? base === undefined
        : base?.version === version - 1 && base.imageSetId === imageSetIdOf(rowId, idSuffix)
    if (!isAsExpected) throw new ImageSetChanged()
    return { row_id: rowId, version, ...documentColumns(blob, document) }
  })
}

export const documentColumns = (blob: number, place: Omit<DocumentRange, 'blobKey'>) => ({
  blob,
  offset_bytes: place.offsetBytes,
  size_bytes: place.sizeBytes,
  content_bytes: place.contentBytes,
  crc32: place.crc32,
  body_checksum: place.bodyChecksum,
})

/** Of the given version, or of the latest. */
export function* documentOf(rowId: number, version: number | undefined): Sql<DocumentRange | 'absent'> {
  const row = yield* one<{
    readonly blob_key: string
    readonly offset_bytes: number
    readonly size_bytes: number
    readonly content_bytes: number
    readonly crc32: number
    readonly body_checksum: number
  }>(
    `SELECT blob_key, offset_bytes, documents.size_bytes, content_bytes, crc32, body_checksum FROM image_set_documents AS documents
     JOIN blobs ON blobs.blob = documents.blob
     WHERE row_id = ? AND version = ${version === undefined ? '(SELECT version FROM image_sets WHERE row_id = ?)' : '?'}`,
    ...[rowId, version ?? rowId],
  )
  if (row === undefined) return 'absent'
  return {
    blobKey: row.blob_key,
    offsetBytes: row.offset_bytes,
    sizeBytes: row.size_bytes,
    contentBytes: row.content_bytes,
    crc32: row.crc32,
    bodyChecksum: row.body_checksum,
  }
}
