/** Brings data stores to rest: CREATING becomes ACTIVE, DELETING becomes DELETED. Also after a crash, at the next start. */
import type { App } from '../app.ts'

export function settleDatastore(app: App, datastoreId: string): void {
  app.background.run('settle data store', () => app.catalog.datastores.settle(datastoreId, app.clock()))
}

/** For those that a crash left half-way. */
export async function settleDatastores(app: App): Promise<void> {
  for (const datastoreId of await app.catalog.datastores.unsettled()) settleDatastore(app, datastoreId)
}
