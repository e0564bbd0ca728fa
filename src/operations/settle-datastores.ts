/** Completes the creation and deletion of data stores in the background: CREATING becomes ACTIVE, DELETING becomes DELETED. */
import type { App } from '../app.ts'

type Settling = Pick<App, 'background' | 'catalog' | 'clock'>

export function settleDatastore(app: Settling, datastoreId: string): void {
  app.background.run('settle data store', () => app.catalog.datastores.settle(datastoreId, app.clock()))
}

/** At start, for data stores that a crash left in CREATING or DELETING. */
export async function settleDatastores(app: Settling): Promise<void> {
  for (const datastoreId of await app.catalog.datastores.unsettled()) settleDatastore(app, datastoreId)
}
