/**
 * The file that an instance of an image set was imported from, byte for byte, for an export of what has no frames (docs/extensions.md).
 * No operation of the API hands it out. Its attributes are those from before any update: a client that writes files takes its pixels only.
 */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { ImportedFile } from '../contract/extensions.ts'
import type { Bytes } from '../contract/shapes.ts'
import { bytesOfRanges } from './blob-pieces.ts'
import { activeDatastore } from './datastore-access.ts'
import { imageSetNotFound, knownImageSet } from './image-set-access.ts'

export async function openImportedFile(file: ImportedFile, app: App): Promise<Bytes> {
  const { datastoreId, imageSetId, sopInstanceUID, versionId } = file
  await activeDatastore(app, datastoreId)
  const { version, deletedAt } = await knownImageSet(app, { datastoreId, imageSetId, versionId })
  if (deletedAt !== undefined) throw imageSetNotFound(file)
  const sopInstanceUIDs = [sopInstanceUID]
  const [instance] = await app.catalog.imageSets.parts({ datastoreId, imageSetId, version, sopInstanceUIDs })
  if (instance === undefined) {
    throw new ContractError('ResourceNotFoundException', `Image set ${imageSetId} has no such instance`)
  }
  app.accessTimes.note({ datastoreId, imageSetId })
  const { blobKey, offsetBytes: start, sizeBytes: length } = instance
  return bytesOfRanges(app, [{ blobKey, start, length }], undefined)
}
