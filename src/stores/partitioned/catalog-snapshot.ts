/**
 * One state of all catalogs. Each has a transaction of its own, so that writes of all are paused until each transaction has begun: no step of a
 * job, a copy or a deletion is between two of the states.
 */
import { compareKeys } from '../blobs/blob-key.ts'
import type { PausedWrites } from '../catalog/catalog-database.ts'
import type { CatalogSnapshot, SnapshotBlob } from '../catalog/catalog-snapshot.ts'
import { mergeStreams } from './merge.ts'
import type { Placement } from './placement.ts'

/** @throws StoreUnavailable */
export async function partitionedSnapshot(placement: Placement): Promise<CatalogSnapshot> {
  const { control } = placement
  if ((await placement.numbered()).length === 0) {
    const snapshot = await control.snapshot()
    if ((await placement.numbered()).length === 0) return snapshot
    // The first data store with partitions was created meanwhile.
    await snapshot.close()
  }
  const paused: PausedWrites[] = []
  const snapshots: CatalogSnapshot[] = []
  try {
    paused.push(await control.database.pauseWrites())
    // No data store is created any more.
    const all = await placement.all()
    await collect(all.slice(1), paused, ({ catalog }) => catalog.database.pauseWrites())
    await collect(all, snapshots, ({ catalog }) => catalog.snapshot())
    // A pause that ended too early fails here.
    while (paused.length > 0) await paused.pop()!.release()
  } catch (error) {
    await Promise.allSettled([...paused.map((each) => each.release()), ...snapshots.map((each) => each.close())])
    throw error
  }
  return joined(snapshots)
}

/** Adds to `made` in the order of the items. If one fails, those that were made are there too. */
async function collect<Item, Made>(
  items: readonly Item[],
  made: Made[],
  make: (item: Item) => Promise<Made>,
): Promise<void> {
  const results = await Promise.allSettled(items.map(make))
  for (const result of results) if (result.status === 'fulfilled') made.push(result.value)
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

function joined(snapshots: readonly CatalogSnapshot[]): CatalogSnapshot {
  const { engine, schemaVersion, encryptedOwners } = snapshots[0]!
  return {
    ...{ engine, schemaVersion },
    parts: snapshots.flatMap(({ parts }) => parts),
    blobs: () => blobsOf(snapshots),
    // Data keys are in the control catalog.
    encryptedOwners,
    async close() {
      await Promise.all(snapshots.map((each) => each.close()))
    },
  }
}

/** A blob with the files of an import can be in several partitions. */
async function* blobsOf(snapshots: readonly CatalogSnapshot[]): AsyncGenerator<SnapshotBlob> {
  let last: string | undefined
  const merged = mergeStreams(
    snapshots.map((each) => each.blobs()),
    (a, b) => compareKeys(a.blobKey, b.blobKey),
  )
  for await (const blob of merged) {
    if (blob.blobKey !== last) yield blob
    last = blob.blobKey
  }
}
