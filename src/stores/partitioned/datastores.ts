/**
 * Data stores: their rows are in the control catalog, which decides, and in each of their partitions. A partition gets its row before the data
 * store is ACTIVE, and takes nothing more before it is deleted. A creation or deletion that was interrupted between two catalogs is completed, or
 * undone, by `settle`.
 */
import { setTimeout } from 'node:timers/promises'
import type { Datastore, Datastores, DeleteDatastoreOutcome } from '../catalog/datastore-repository.ts'
import { StoreUnavailable } from '../store-unavailable.ts'
import type { Partition, Placement } from './placement.ts'

const ADD_MS = 5_000
/** A deletion begins again if a server that starts has undone it meanwhile. */
const DELETE_ATTEMPTS = 3

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
      const partitions = await placement.numberedOf(datastoreId)
      const { datastoreStatus } = datastore
      if (datastoreStatus === 'CREATING') await addToPartitions(placement, datastore)
      else if (datastoreStatus === 'ACTIVE') await reopen(placement, partitions, datastoreId)
      else for (const { catalog } of partitions) await catalog.datastores.settle(datastoreId, at)
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

/** If it is CREATING. */
async function addToPartitions(placement: Placement, datastore: Datastore): Promise<void> {
  const { datastoreId, datastoreStatus, createdAt } = datastore
  if (datastoreStatus !== 'CREATING') return
  const partitions = await placement.numberedOf(datastoreId)
  if (partitions.length === 0) return
  const tags = (await placement.control.tags.list({ datastoreId, imageSetId: undefined })) ?? {}
  // The same for every attempt, so that the row is added once.
  const token = { clientToken: datastoreId, fingerprint: '', usedSince: createdAt }
  for (const { catalog } of partitions) {
    const isThere = (await catalog.datastores.get(datastoreId, { deletedSince: 0 })) !== undefined
    if (!isThere) await catalog.datastores.create({ datastore, tags, token })
    await catalog.asPartition.activate(datastoreId)
  }
}

/**
 * The partitions first: there store requests lose their lease, so that nothing is added any more. The control catalog, which destroys the data
 * key, is last. It does so only if no partition was opened again since the deletion began.
 */
async function beginDelete(placement: Placement, datastoreId: string, at: number): Promise<DeleteDatastoreOutcome> {
  const { control } = placement
  const partitions = await placement.numberedOf(datastoreId)
  if (partitions.length === 0) return control.datastores.beginDelete(datastoreId, at)
  for (let attempt = 1; attempt <= DELETE_ATTEMPTS; attempt++) {
    const outcome = await attemptDelete({ placement, partitions, datastoreId, at })
    if (outcome !== 'reopened') return outcome
  }
  throw new StoreUnavailable({ store: 'the data store', reason: 'busy', code: 'DELETION_UNDONE' })
}

async function attemptDelete({
  placement,
  partitions,
  datastoreId,
  at,
}: {
  readonly placement: Placement
  readonly partitions: readonly Partition[]
  readonly datastoreId: string
  readonly at: number
}): Promise<DeleteDatastoreOutcome | 'reopened'> {
  const { control } = placement
  const datastore = await control.datastores.get(datastoreId, { deletedSince: 0 })
  if (datastore === undefined) return 'absent'
  if (datastore.datastoreStatus !== 'ACTIVE') return 'not-active'
  if (await control.asControl.isImporting(datastoreId)) return 'import-running'
  // Before any store request loses its lease.
  const isHeld = await Promise.all(partitions.map(({ catalog }) => catalog.asPartition.holdsImageSets(datastoreId)))
  if (isHeld.includes(true)) return 'holds-image-sets'
  const reopened = await control.asControl.timesReopened(datastoreId)
  for (const { catalog } of partitions) {
    const outcome = await catalog.datastores.beginDelete(datastoreId, at)
    // An earlier deletion may have been interrupted.
    if (outcome === 'deleting' || outcome === 'not-active') continue
    await reopen(placement, partitions, datastoreId)
    return outcome
  }
  const outcome = await control.asControl.beginDelete(datastoreId, { at, reopened })
  if (outcome !== 'deleting' && outcome !== 'reopened') await reopen(placement, partitions, datastoreId)
  return outcome
}

/** If it is ACTIVE. A deletion that is under way begins again. */
async function reopen(placement: Placement, partitions: readonly Partition[], datastoreId: string): Promise<void> {
  if (partitions.length === 0 || !(await placement.control.asControl.noteReopened(datastoreId))) return
  for (const { catalog } of partitions) await catalog.asPartition.reopen(datastoreId)
}
