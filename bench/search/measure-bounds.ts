/** What a process keeps in memory to search with, the bounds of all leaves, and how soon one that has just begun has them. */
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

/** The first time is what a new process waits for; only the second time nothing but the bounds comes into memory. */
function* loadTwice(): Sql<BoundsFacts> {
  const startedAt = performance.now()
  yield* load(new CachedLeaves(INDEX_SIZES))
  const loadMs = performance.now() - startedAt
  const bytesBefore = bytesInUse()
  const bounds = new CachedLeaves(INDEX_SIZES)
  const leaves = yield* load(bounds)
  const bytes = bytesInUse() - bytesBefore
  // In use until here.
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
  // What is found dead in one go may be freed only in the next.
  for (let round = 0; round < 2; round++) collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
