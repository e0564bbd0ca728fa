/** The memory that a process needs for the bounds of all leaves, and the time to load them after a start. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { CachedLeaves } from '../../src/stores/search/cached-leaves.ts'
import { INDEX_SIZES } from '../../src/stores/search/kd-tree/sizes.ts'
import { all, type Sql } from '../../src/stores/sql/engine/statement.ts'
import { knownChanges } from '../../src/stores/sql/history/changes.ts'
import type { BuiltStore } from './built-store.ts'

export interface BoundsFacts {
  readonly leaves: number
  readonly bounds_bytes: number
  readonly bounds_load_ms: number
}

export const measureBounds = (store: BuiltStore): Promise<BoundsFacts> => store.ask(loadTwice())

/** The first load measures the time; in the second one only the bounds add to the memory. */
function* loadTwice(): Sql<BoundsFacts> {
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

function* load(bounds: CachedLeaves): Sql<number> {
  const { latest } = yield* knownChanges()
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
