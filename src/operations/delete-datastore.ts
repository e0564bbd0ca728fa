/** DeleteDatastore: deletes an empty ACTIVE data store. Returns DELETING; DELETED follows and stays visible for a day. */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { Input, Output } from '../contract/operations.ts'
import { datastoreNotActive, datastoreNotFound, knownDatastore } from './datastore-access.ts'
import { settleDatastore } from './settle-datastores.ts'
import { locked } from './tagged-resource.ts'

export async function deleteDatastore(input: Input<'DeleteDatastore'>, app: App): Promise<Output<'DeleteDatastore'>> {
  const datastore = await knownDatastore(app, input.datastoreId)
  const outcome = await app.catalog.datastores.beginDelete(input.datastoreId, app.clock())
  if (typeof outcome === 'object') throw locked(outcome.lockedBy)
  switch (outcome) {
    case 'absent':
      throw datastoreNotFound(input.datastoreId)
    case 'not-active':
      throw datastoreNotActive(datastore)
    case 'holds-image-sets':
      throw new ContractError(
        'ConflictException',
        `Data store ${input.datastoreId} contains image sets. Delete the image sets first.`,
      )
    case 'import-running':
      throw new ContractError(
        'ConflictException',
        `An import job of data store ${input.datastoreId} has not ended yet; wait until it has`,
      )
    case 'deleting':
      app.dataKeys.forget(input.datastoreId)
      settleDatastore(app, input.datastoreId)
      return { datastoreId: input.datastoreId, datastoreStatus: 'DELETING' }
  }
}
