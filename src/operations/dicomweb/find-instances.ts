/** The instances that a request to DICOMweb names: those of primary image sets, or of the image set that it names. */
import type { App } from '../../app.ts'
import type { NamedInstance, NamedSeries, NamedStudy } from '../../contract/dicomweb.ts'
import { ContractError } from '../../contract/errors.ts'
import type { PlacedInstance } from '../../stores/catalog/image-set-records.ts'
import { activeDatastore } from '../datastore-access.ts'
import { notFound } from './find-image-sets.ts'

type Series = NamedSeries & { readonly sopInstanceUID?: string | undefined }

/** At least one. @throws ContractError ResourceNotFoundException */
async function findInstances(app: App, series: Series): Promise<readonly PlacedInstance[]> {
  await app.dataKeys.check(series.datastoreId)
  const instances = await app.catalog.imageSets.instancesOfSeries(series)
  if (instances.length > 0) {
    const { datastoreId } = series
    for (const imageSetId of new Set(instances.map((instance) => instance.imageSetId))) {
      app.accessTimes.note({ datastoreId, imageSetId })
    }
    return instances
  }
  await activeDatastore(app, series.datastoreId)
  const what = series.sopInstanceUID === undefined ? 'series' : 'instance of this series'
  throw notFound(series, what)
}

/** An instance with frames that stands for a study or a series. @throws ContractError ResourceNotFoundException, NotAcceptableException */
export async function findRepresentative(app: App, of: NamedStudy): Promise<PlacedInstance> {
  const { datastoreId } = of
  await app.dataKeys.check(datastoreId)
  const found = await app.catalog.imageSets.representativeInstance(of)
  const what = of.seriesInstanceUID === undefined ? 'study' : 'series'
  if (found === 'without-frames') {
    throw new ContractError('NotAcceptableException', `No instance of this ${what} has frames that can be shown`)
  }
  if (found === 'absent') {
    await activeDatastore(app, datastoreId)
    throw notFound(of, what)
  }
  app.accessTimes.note({ datastoreId, imageSetId: found.imageSetId })
  return found
}

export async function findInstance(app: App, instance: NamedInstance): Promise<PlacedInstance> {
  const [first] = await findInstances(app, instance)
  return first!
}
