/**
 * GetImageSetMetadata: the document of one version as it was stored, always as gzip, whatever the client accepts: every official
 * example unpacks it itself. Only the ids are put in front.
 */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { Input, Output } from '../contract/operations.ts'
import { gzipAround } from '../imaging/documents/metadata-document.ts'
import { readAll } from '../stores/blobs/blob-store.ts'
import type { DocumentPlace } from '../stores/catalog/image-set-records.ts'
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
  const { blobKey, offsetBytes, sizeBytes } = document
  const blob = await app.blobs.open(blobKey, { start: offsetBytes, length: sizeBytes })
  if (blob === undefined) throw new Error(`the blob ${blobKey} of a metadata document is gone`)
  app.accessTimes.note({ datastoreId, imageSetId })
  const gzip = joined(before, blob.bytes, after)
  return {
    imageSetMetadataBlob: sizeBytes > ONE_PIECE_BYTES ? gzip : await readAll({ sizeBytes, bytes: gzip }),
    contentType: 'application/json',
    contentEncoding: 'gzip',
  }
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
