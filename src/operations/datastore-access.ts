/** Checks of the data store that operations share: whether it exists, and whether it is ACTIVE. */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { Datastore } from '../stores/catalog/datastore-repository.ts'

/** The data store in any status. A deleted one stays visible for a day, since clients poll for DELETED. */
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

/** As activeDatastore, for a data store that a transaction function has returned. */
export function mustBeActive(
  app: App,
  datastoreId: string,
  found: Pick<Datastore, 'datastoreStatus' | 'updatedAt'> | undefined,
): void {
  const isExpired = found?.datastoreStatus === 'DELETED' && found.updatedAt <= deletedSince(app)
  if (found === undefined || isExpired) throw datastoreNotFound(datastoreId)
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
