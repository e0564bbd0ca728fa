/** The image sets of a study or series that a request to DICOMweb names: the primary ones, or the one that it names. */
import type { App } from '../../app.ts'
import type { NamedStudy } from '../../contract/dicomweb.ts'
import { ContractError } from '../../contract/errors.ts'
import type { ImageSetOfSeries, ImageSetVersion, PlacedInstance } from '../../stores/catalog/image-set-records.ts'
import { activeDatastore } from '../datastore-access.ts'

/** At least one. @throws ContractError ResourceNotFoundException */
export async function findImageSets(app: App, study: NamedStudy): Promise<readonly ImageSetOfSeries[]> {
  const { datastoreId, seriesInstanceUID } = study
  await app.dataKeys.check(datastoreId)
  const found = await app.catalog.imageSets.ofStudy(study)
  if (found.length > 0) {
    for (const { imageSetId } of found) app.accessTimes.note({ datastoreId, imageSetId })
    return found
  }
  await activeDatastore(app, datastoreId)
  throw notFound(study, seriesInstanceUID === undefined ? 'study' : 'series')
}

/** No image set has what the path names. */
export const notFound = (
  { datastoreId, imageSetId }: Pick<NamedStudy, 'datastoreId' | 'imageSetId'>,
  what: string,
): ContractError =>
  new ContractError(
    'ResourceNotFoundException',
    imageSetId === undefined
      ? `No primary image set of data store ${datastoreId} has this ${what}. The parameter imageSetId names another image set`
      : `Image set ${imageSetId} of data store ${datastoreId} does not exist, or does not have this ${what}`,
  )

/** In the order in which they were stored. Those of one image set are in memory at a time. */
export async function* instancesOf<Version extends ImageSetVersion>(
  app: App,
  { datastoreId, imageSets }: { readonly datastoreId: string; readonly imageSets: readonly Version[] },
): AsyncGenerator<PlacedInstance & Version> {
  for (const imageSet of imageSets) {
    const records = await app.catalog.imageSets.instanceRecords({ datastoreId, ...imageSet })
    // No version is without instances: the image set was deleted meanwhile.
    if (records.length === 0) throw notFound({ datastoreId, imageSetId: imageSet.imageSetId }, 'version')
    for (const record of records) yield { ...record, ...imageSet }
  }
}
