/** Completes the creation and deletion of data stores in the background: CREATING becomes ACTIVE, DELETING becomes DELETED. */
import type { App } from '../app.ts'
import { TemporarilyUnavailable } from '../contract/errors.ts'

type Settling = Pick<App, 'background' | 'catalog' | 'clock'>

export function settleDatastore(app: Settling, datastoreId: string): void {
  app.background.run('settle data store', () => app.catalog.datastores.settle(datastoreId, app.clock()))
}

/** At start, for data stores that a crash left in CREATING or DELETING. If a partition is away, when it is back. */
export async function settleDatastores(app: Settling): Promise<void> {
  async function settleAll(): Promise<void> {
    for (const datastoreId of await app.catalog.datastores.unsettled()) settleDatastore(app, datastoreId)
  }
  await settleAll().catch((error: unknown) => {
    if (!(error instanceof TemporarilyUnavailable)) throw error
    app.background.run('find data stores to settle', settleAll)
  })
}
