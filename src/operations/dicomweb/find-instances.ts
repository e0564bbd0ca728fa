/** The instances that a request to DICOMweb names: those of primary image sets, or of the image set that it names. */
import type { App } from '../../app.ts'
import type { NamedInstance, NamedSeries } from '../../contract/dicomweb.ts'
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

export async function findInstance(app: App, instance: NamedInstance): Promise<PlacedInstance> {
  const [first] = await findInstances(app, instance)
  return first!
}
