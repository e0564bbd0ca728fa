/** StoreDICOM and StoreDICOMStudy: checks the data store and its key before the files are received. */
import type { App } from '../../app.ts'
import type { StoreRequest, StoreRequestOptions } from '../../contract/store-requests.ts'
import { activeDatastore } from '../datastore-access.ts'

export async function openStoreRequest(options: StoreRequestOptions, app: App): Promise<StoreRequest> {
  await activeDatastore(app, options.datastoreId)
  await app.dataKeys.check(options.datastoreId)
  return app.storeRequests.open(options)
}
