/**
 * GetImageSetMetadata: the stored document of one version, always as gzip whatever the client accepts, as from AWS: every official example
 * unpacks it itself. The ids are put in front. The stored bytes are verified against their checksum.
 */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { Input, Output } from '../contract/operations.ts'
import { gzipAround } from '../imaging/documents/metadata-document.ts'
import type { DocumentRange } from '../stores/catalog/image-set-records.ts'
import { type BlobRange, CheckedBytes, checked, type Expected, orDamaged, readRange } from './blob-ranges.ts'
import { activeDatastore } from './datastore-access.ts'

/** A larger document is streamed; up to this size it is sent with its length. */
const UNSTREAMED_BYTES_MAX = 256 * 1024

export async function getImageSetMetadata(
  input: Input<'GetImageSetMetadata'>,
  app: App,
): Promise<Output<'GetImageSetMetadata'>> {
  const { datastoreId } = await activeDatastore(app, input.datastoreId)
  const { imageSetId, versionId } = input
  const document = await findDocument(app, { datastoreId, imageSetId, versionId })
  const { before, after } = gzipAround({ DatastoreID: datastoreId, ImageSetID: imageSetId }, document)
  const isWhole = document.sizeBytes <= UNSTREAMED_BYTES_MAX
  const imageSetMetadataBlob = isWhole
    ? await wholeDocument(app, { imageSetId, document, before, after })
    : joined(before, await openDocument(app, { imageSetId, document }), after)
  app.accessTimes.note({ datastoreId, imageSetId })
  return { imageSetMetadataBlob, contentType: 'application/json', contentEncoding: 'gzip' }
}

interface StoredDocument {
  readonly imageSetId: string
  readonly document: DocumentRange
}

/** Read into a pooled buffer, as frames are: only those ranges are cached that are. @throws if it is damaged */
async function wholeDocument(
  app: App,
  { before, after, ...stored }: StoredDocument & { readonly before: Uint8Array; readonly after: Uint8Array },
): Promise<Uint8Array> {
  const expected = expectedOf(app, stored)
  const buffer = app.replyBuffers.lend()
  try {
    const body = checked(await orDamaged(readRange(app, rangeOf(stored), buffer), expected), expected)
    return Buffer.concat([before, body, after])
  } finally {
    app.replyBuffers.giveBack(buffer)
  }
}

/** Damage that is found while it is streamed aborts the reply. */
async function openDocument(app: App, stored: StoredDocument): Promise<AsyncIterable<Uint8Array>> {
  const expected = expectedOf(app, stored)
  const { blobKey, start, length } = rangeOf(stored)
  const blob = await orDamaged(app.blobs.open(blobKey, { start, length }), expected)
  if (blob === undefined) throw new Error(`the blob ${blobKey} of a metadata document is missing`)
  return new CheckedBytes(blob.bytes, expected)
}

const rangeOf = ({ document }: StoredDocument): BlobRange => ({
  blobKey: document.blobKey,
  start: document.offsetBytes,
  length: document.sizeBytes,
})

function expectedOf(app: App, { imageSetId, document }: StoredDocument): Expected {
  const { blobKey, offsetBytes, sizeBytes, bodyChecksum: checksum } = document
  const damaged = () => {
    const fields = { imageSetId, blobKey, offsetBytes, sizeBytes }
    app.log.error(fields, 'ALARM: the stored bytes of a metadata document are damaged')
    const message = 'The stored bytes of this metadata are damaged. The server log names the blob to restore'
    return new ContractError('InternalServerException', message)
  }
  return { number: 0, checksum, damaged }
}

async function findDocument(
  app: App,
  wanted: { readonly datastoreId: string; readonly imageSetId: string; readonly versionId: string | undefined },
): Promise<DocumentRange> {
  const { datastoreId, imageSetId, versionId } = wanted
  const version = versionId === undefined ? undefined : Number(versionId)
  const document =
    version === undefined
      ? await app.catalog.imageSets.document({ datastoreId, imageSetId })
      : Number.isSafeInteger(version)
        ? await app.catalog.imageSets.document({ datastoreId, imageSetId, version })
        : 'absent'
  if (document === 'copying') {
    // AWS's sentence while it still processes a large image set.
    throw new ContractError('ConflictException', 'Requested ImageSet metadata is not consistent yet.')
  }
  if (document === 'absent') {
    const what = versionId === undefined ? imageSetId : `${imageSetId} in version ${versionId}`
    throw new ContractError('ResourceNotFoundException', `Data store ${datastoreId} has no image set ${what}`)
  }
  return document
}

async function* joined(
  before: Uint8Array,
  body: AsyncIterable<Uint8Array>,
  after: Uint8Array,
): AsyncGenerator<Uint8Array> {
  yield before
  yield* body
  yield after
}
