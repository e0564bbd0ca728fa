/** The memory that a process needs for the bounds of all leaves, and for the map from image sets to leaves; and the times to load them after a start. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { CachedLeaves } from '../../src/stores/search/cached-leaves.ts'
import { INDEX_SIZES } from '../../src/stores/search/kd-tree/sizes.ts'
import { bothKeys, partitionsFor } from '../../src/stores/search/partitions.ts'
import { datastoreSearched } from '../../src/stores/sql/datastores/datastore-number.ts'
import { all, type Sql } from '../../src/stores/sql/engine/statement.ts'
import { type BuiltStore, DATASTORE_ID } from './built-store.ts'
import { rounded } from './measure.ts'

/** The only one of a built store. */
const DATASTORE = 1

export interface BoundsFacts {
  readonly leaves: number
  readonly bounds_bytes: number
  readonly bounds_load_ms: number
  /** Which leaf holds each image set: what searches by words need. */
  readonly row_leaves_bytes: number
  readonly row_leaves_build_ms: number
}

export const measureBounds = (store: BuiltStore): Promise<BoundsFacts> => store.ask(loadAll())

function* loadAll(): Sql<BoundsFacts> {
  return { ...(yield* loadTwice()), ...(yield* buildRowLeaves()) }
}

/** The first load measures the time; in the second one only the bounds add to the memory. */
function* loadTwice(): Sql<Omit<BoundsFacts, `row_leaves_${string}`>> {
  const startedAt = performance.now()
  yield* load(new CachedLeaves(INDEX_SIZES))
  const loadMs = performance.now() - startedAt
  const bytesBefore = bytesInUse()
  const bounds = new CachedLeaves(INDEX_SIZES)
  const leaves = yield* load(bounds)
  const bytes = bytesInUse() - bytesBefore
  // Keeps `bounds` reachable until here.
  yield* bounds.readAgain([], 0)
  return { leaves, bounds_bytes: Math.max(0, bytes), bounds_load_ms: Math.round(loadMs) }
}

function* buildRowLeaves(): Sql<Pick<BoundsFacts, 'row_leaves_bytes' | 'row_leaves_build_ms'>> {
  const { latest } = (yield* datastoreSearched(DATASTORE_ID))!
  const partitions = yield* partitionsFor(DATASTORE, bothKeys(undefined))
  const startedAt = performance.now()
  const rowLeaves = yield* new CachedLeaves(INDEX_SIZES).rowLeavesOf(
    [...partitions.values()].map(({ partition }) => partition),
    latest,
    DATASTORE_ID,
  )
  return { row_leaves_bytes: rowLeaves.bytes, row_leaves_build_ms: rounded(performance.now() - startedAt) }
}

function* load(bounds: CachedLeaves): Sql<number> {
  const { latest } = (yield* datastoreSearched(DATASTORE_ID))!
  const partitions = yield* all<{ partition: number }>(`SELECT partition FROM search_partitions WHERE state = 'live'`)
  const loaded = yield* bounds.boundsOf(
    partitions.map(({ partition }) => partition),
    latest,
  )
  return loaded.reduce((sum, { count }) => sum + count, 0)
}

function bytesInUse(): number {
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')
  // Memory found unreachable in one collection may be freed in the next.
  for (let round = 0; round < 2; round++) collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
