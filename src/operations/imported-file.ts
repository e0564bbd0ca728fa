/**
 * The file that an instance was imported from, byte for byte, for exporting images without frames (docs/extensions.md); no operation of the
 * API returns it. Its attributes predate any update, so an export uses only its pixel data.
 */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { ImportedFile } from '../contract/extensions.ts'
import type { Bytes } from '../contract/shapes.ts'
import { bytesOfRanges } from './blob-ranges.ts'
import { activeDatastore } from './datastore-access.ts'
import { imageSetNotFound, knownImageSet } from './image-set-access.ts'

export async function openImportedFile(file: ImportedFile, app: App): Promise<Bytes> {
  const { datastoreId, imageSetId, sopInstanceUID, versionId } = file
  await activeDatastore(app, datastoreId)
  await app.dataKeys.check(datastoreId)
  const { version, deletedAt } = await knownImageSet(app, { datastoreId, imageSetId, versionId })
  if (deletedAt !== undefined) throw imageSetNotFound(file)
  const sopInstanceUIDs = [sopInstanceUID]
  const [instance] = await app.catalog.imageSets.instanceRecords({ datastoreId, imageSetId, version, sopInstanceUIDs })
  if (instance === undefined) {
    throw new ContractError(
      'ResourceNotFoundException',
      `Image set ${imageSetId} has no instance with this SOPInstanceUID`,
    )
  }
  app.accessTimes.note({ datastoreId, imageSetId })
  const { blobKey, offsetBytes: start, sizeBytes: length } = instance
  return bytesOfRanges(app, [{ blobKey, start, length }], undefined)
}
