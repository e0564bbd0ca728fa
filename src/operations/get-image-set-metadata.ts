/**
 * GetImageSetMetadata: the document of one version as it was stored, always as gzip, whatever the client accepts: every official
 * example unpacks it itself. Only the ids are put in front. The stored bytes are held against their checksum, as those of frames are.
 */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { Input, Output } from '../contract/operations.ts'
import { gzipAround } from '../imaging/documents/metadata-document.ts'
import type { DocumentPlace } from '../stores/catalog/image-set-records.ts'
import { CheckedBytes, checked, type Expected, readPiece } from './blob-pieces.ts'
import { activeDatastore } from './datastore-access.ts'

/** A greater document is piped; one up to this is sent in one piece, with its length. */
const ONE_PIECE_BYTES = 256 * 1024

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

/** A small one whole. @throws where it is damaged: of a great one that breaks the reply off */
async function bodyOf(
  app: App,
  { imageSetId, document }: { readonly imageSetId: string; readonly document: DocumentPlace },
): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
  const { blobKey, offsetBytes: start, sizeBytes: length, bodyChecksum: checksum } = document
  const damaged = () => {
    const fields = { imageSetId, blobKey, offsetBytes: start, sizeBytes: length }
    app.log.error(fields, 'ALARM: the stored bytes of a metadata document are damaged')
    const message =
      'The stored bytes of this metadata are damaged. The log of the server names the blob that they lie in'
    return new ContractError('InternalServerException', message)
  }
  const expected: Expected | undefined = checksum === undefined ? undefined : { number: 0, checksum, damaged }
  if (length <= ONE_PIECE_BYTES) return checked(await readPiece(app, { blobKey, start, length }), expected)
  const blob = await app.blobs.open(blobKey, { start, length })
  if (blob === undefined) throw new Error(`the blob ${blobKey} of a metadata document is gone`)
  return expected === undefined ? blob.bytes : new CheckedBytes(blob.bytes, expected)
}

async function findDocument(
  app: App,
  wanted: { readonly datastoreId: string; readonly imageSetId: string; readonly versionId: string | undefined },
): Promise<DocumentPlace> {
  const { datastoreId, imageSetId, versionId } = wanted
  const version = versionId === undefined ? undefined : Number(versionId)
  const document =
    version === undefined
      ? await app.catalog.imageSets.document({ datastoreId, imageSetId })
      : Number.isSafeInteger(version)
        ? await app.catalog.imageSets.document({ datastoreId, imageSetId, version })
        : 'absent'
  if (document === 'pending') {
    // The service's own words while it still works on a large image set.
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
