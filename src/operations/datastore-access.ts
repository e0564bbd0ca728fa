/** What every operation asks first: is the data store there, and may it be used. */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { Datastore } from '../stores/catalog/datastore-repository.ts'

/** The data store in whatever status; a deleted one stays visible for a day, since clients poll for DELETED. */
export async function knownDatastore(app: App, datastoreId: string): Promise<Datastore> {
  const datastore = await app.catalog.datastores.get(datastoreId, { deletedSince: deletedSince(app) })
  if (datastore === undefined) throw datastoreNotFound(datastoreId)
  return datastore
}

export async function activeDatastore(app: App, datastoreId: string): Promise<Datastore> {
  const datastore = await knownDatastore(app, datastoreId)
  if (datastore.datastoreStatus !== 'ACTIVE') throw datastoreNotActive(datastore)
  return datastore
}

/** As activeDatastore, of a data store that a verb found on its way. */
export function mustBeActive(
  app: App,
  datastoreId: string,
  found: Pick<Datastore, 'datastoreStatus' | 'updatedAt'> | undefined,
): void {
  const isForgotten = found?.datastoreStatus === 'DELETED' && found.updatedAt <= deletedSince(app)
  if (found === undefined || isForgotten) throw datastoreNotFound(datastoreId)
  if (found.datastoreStatus !== 'ACTIVE') throw datastoreNotActive({ datastoreId, ...found })
}

export const deletedSince = (app: App): number => app.clock() - app.limits.deletedDatastoreMs

export const datastoreArn = (app: App, datastoreId: string): string =>
  `arn:aws:medical-imaging:${app.region}:${app.accountId}:datastore/${datastoreId}`

export const datastoreNotFound = (datastoreId: string) =>
  new ContractError('ResourceNotFoundException', `No data store has the id ${datastoreId}`)

export const datastoreNotActive = (datastore: Pick<Datastore, 'datastoreId' | 'datastoreStatus'>) =>
  new ContractError(
    'ConflictException',
    `Data store ${datastore.datastoreId} is ${datastore.datastoreStatus}; it must be ACTIVE`,
  )
