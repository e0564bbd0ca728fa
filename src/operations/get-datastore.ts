/** GetDatastore: the properties of a data store, until a day after its deletion. */
import type { App } from '../app.ts'
import type { Input, Output } from '../contract/operations.ts'
import { datastoreArn, knownDatastore } from './datastore-access.ts'

export async function getDatastore(input: Input<'GetDatastore'>, app: App): Promise<Output<'GetDatastore'>> {
  const datastore = await knownDatastore(app, input.datastoreId)
  return { datastoreProperties: { ...datastore, datastoreArn: datastoreArn(app, datastore.datastoreId) } }
}
