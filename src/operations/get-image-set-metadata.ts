/**
 * GetImageSetMetadata: the stored document of one version, always as gzip whatever the client accepts, as from AWS: every official example
 * unpacks it itself. The ids are put in front. The stored bytes are verified against their checksum.
 */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { Input, Output } from '../contract/operations.ts'
import { gzipAround } from '../imaging/documents/metadata-document.ts'
import type { DocumentRange } from '../stores/catalog/image-set-records.ts'
import { CheckedBytes, checked, type Expected, orDamaged, readRange } from './blob-ranges.ts'
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
  const body = await bodyOf(app, { imageSetId, document })
  app.accessTimes.note({ datastoreId, imageSetId })
  return {
    imageSetMetadataBlob:
      body instanceof Uint8Array ? Buffer.concat([before, body, after]) : joined(before, body, after),
    contentType: 'application/json',
    contentEncoding: 'gzip',
  }
}

/** A small document whole. @throws if it is damaged; while streaming a large one, this aborts the reply */
async function bodyOf(
  app: App,
  { imageSetId, document }: { readonly imageSetId: string; readonly document: DocumentRange },
): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
  const { blobKey, offsetBytes: start, sizeBytes: length, bodyChecksum: checksum } = document
  const damaged = () => {
    const fields = { imageSetId, blobKey, offsetBytes: start, sizeBytes: length }
    app.log.error(fields, 'ALARM: the stored bytes of a metadata document are damaged')
    const message = 'The stored bytes of this metadata are damaged. The server log names the blob to restore'
    return new ContractError('InternalServerException', message)
  }
  const expected: Expected = { number: 0, checksum, damaged }
  if (length <= UNSTREAMED_BYTES_MAX)
    return checked(await orDamaged(readRange(app, { blobKey, start, length }), expected), expected)
  const blob = await orDamaged(app.blobs.open(blobKey, { start, length }), expected)
  if (blob === undefined) throw new Error(`the blob ${blobKey} of a metadata document is missing`)
  return new CheckedBytes(blob.bytes, expected)
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
