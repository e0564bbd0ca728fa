/** What a data store offers by DICOMweb beyond the table of routes: the parameters of searches. */
import type { App } from '../../app.ts'
import type { ServiceDescription } from '../../contract/dicomweb.ts'
import { searchParameters } from '../../imaging/dicomweb-search/parse-search.ts'
import { activeDatastore } from '../datastore-access.ts'

export async function describeService(
  { datastoreId }: { readonly datastoreId: string },
  app: App,
): Promise<ServiceDescription> {
  await activeDatastore(app, datastoreId)
  return {
    searchParameters: {
      study: searchParameters('study'),
      series: searchParameters('series'),
      instance: searchParameters('instance'),
    },
  }
}
