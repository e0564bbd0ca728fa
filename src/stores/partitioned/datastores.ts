/**
 * Data stores: their rows are in the control catalog, which decides, and in each of their partitions. A creation or deletion that was
 * interrupted between two catalogs is completed, or undone, by `settle`.
 */
import { setTimeout } from 'node:timers/promises'
import type { Datastore, Datastores, DeleteDatastoreOutcome } from '../catalog/datastore-repository.ts'
import { StoreUnavailable } from '../store-unavailable.ts'
import type { Partition, Placement } from './placement.ts'

const ADD_MS = 5_000

export function partitionedDatastores(placement: Placement, options: { readonly partitions: number }): Datastores {
  const { control } = placement
  return {
    async create(request) {
      const outcome = await control.datastores.create({ ...request, partitions: options.partitions })
      // Also of a repeated request: the first one may have been interrupted.
      if ('datastore' in outcome) await addSoon(placement, outcome.datastore)
      return outcome
    },
    get: (datastoreId, since) => control.datastores.get(datastoreId, since),
    list: (request) => control.datastores.list(request),
    async settle(datastoreId, at) {
      const datastore = await control.datastores.get(datastoreId, { deletedSince: 0 })
      if (datastore === undefined) return
      if (datastore.datastoreStatus === 'CREATING') await addToPartitions(placement, datastore)
      for (const { catalog } of await placement.numberedOf(datastoreId)) {
        // A deletion that the control catalog never began.
        if (datastore.datastoreStatus === 'ACTIVE') await catalog.partition.reopen(datastoreId)
        else await catalog.datastores.settle(datastoreId, at)
      }
      await control.datastores.settle(datastoreId, at)
    },
    async unsettled() {
      const found = await Promise.all((await placement.all()).map(({ catalog }) => catalog.datastores.unsettled()))
      return [...new Set(found.flat())]
    },
    beginDelete: (datastoreId, at) => beginDelete(placement, datastoreId, at),
  }
}

/** Where partitions have to be created first, or are away, that takes longer than a request should: `settle` completes it then. */
async function addSoon(placement: Placement, datastore: Datastore): Promise<void> {
  const added = addToPartitions(placement, datastore).catch((error: unknown) => {
    if (!(error instanceof StoreUnavailable)) throw error
  })
  const isLate = new AbortController()
  await Promise.race([added, setTimeout(ADD_MS, undefined, { signal: isLate.signal, ref: false }).catch(() => {})])
  isLate.abort()
  added.catch(() => {})
}

async function addToPartitions(placement: Placement, datastore: Datastore): Promise<void> {
  const { datastoreId, createdAt } = datastore
  // The same for every attempt, so that the row is added once.
  const token = { clientToken: datastoreId, fingerprint: '', usedSince: createdAt }
  const partitions = await placement.numberedOf(datastoreId)
  if (partitions.length === 0) return
  const tags = (await placement.control.tags.list({ datastoreId, imageSetId: undefined })) ?? {}
  for (const { catalog } of partitions) {
    await catalog.datastores.create({ datastore: { ...datastore, datastoreStatus: 'CREATING' }, tags, token })
    await catalog.datastores.settle(datastoreId, createdAt)
  }
}

/**
 * The partitions first: there store requests lose their lease, so that nothing is added any more. The data key, which the control catalog
 * destroys, goes last.
 */
async function beginDelete(placement: Placement, datastoreId: string, at: number): Promise<DeleteDatastoreOutcome> {
  const { control } = placement
  const partitions = await placement.numberedOf(datastoreId)
  if (partitions.length > 0) {
    const datastore = await control.datastores.get(datastoreId, { deletedSince: Number.MAX_SAFE_INTEGER })
    if (datastore === undefined) return control.datastores.beginDelete(datastoreId, at)
    if (datastore.datastoreStatus !== 'ACTIVE') return 'not-active'
    if (await control.partition.isImporting(datastoreId)) return 'import-running'
  }
  const closed: Partition[] = []
  for (const partition of partitions) {
    const outcome = await partition.catalog.datastores.beginDelete(datastoreId, at)
    if (outcome !== 'deleting') {
      await reopen(closed, datastoreId)
      return outcome
    }
    closed.push(partition)
  }
  const outcome = await control.datastores.beginDelete(datastoreId, at)
  if (outcome !== 'deleting') await reopen(closed, datastoreId)
  return outcome
}

async function reopen(partitions: readonly Partition[], datastoreId: string): Promise<void> {
  for (const { catalog } of partitions) await catalog.partition.reopen(datastoreId)
}
