/**
 * Garbage collection: removes the bytes of unreferenced blobs, then records that they are purged. A process that is killed in between
 * leaves blobs that the next run finds again. Several processes may collect at the same time; repeating a step is harmless.
 */
import { setTimeout } from 'node:timers/promises'
import type { ImportApp } from '../app.ts'
import { compactBlobs } from './compact-blobs.ts'

const COLLECT_EVERY_MS = 60_000
/** Grace period for readers that already resolved the location. */
const READER_GRACE_MS = 5 * 60_000
const BLOBS_PER_BATCH = 500
/** An unfinished put that is older was interrupted. */
const UNFINISHED_PUT_MS = 24 * 3_600_000
const REMOVE_UNFINISHED_EVERY_MS = 3_600_000

type GarbageCollection = Pick<ImportApp, 'blobs' | 'catalog' | 'clock' | 'limits' | 'log' | 'newId'>

/** Collects garbage and compacts blobs periodically until aborted. Never rejects: errors are logged, and the next run tries again. */
export async function keepCollectingGarbage(app: GarbageCollection, signal: AbortSignal): Promise<void> {
  let removedUnfinishedAt = Number.NEGATIVE_INFINITY
  while (!signal.aborted) {
    try {
      await collectGarbage(app, signal)
      if (app.clock() - removedUnfinishedAt >= REMOVE_UNFINISHED_EVERY_MS) {
        await app.blobs.removeUnfinished(app.clock() - UNFINISHED_PUT_MS)
        removedUnfinishedAt = app.clock()
      }
      await compactBlobs(app, signal)
    } catch (err) {
      if (signal.aborted && err === signal.reason) return
      app.log.error({ err }, 'garbage collection failed and will be tried again')
    }
    await setTimeout(COLLECT_EVERY_MS, undefined, { signal }).catch(() => {})
  }
}

/** @returns the number of blobs removed */
export async function collectGarbage(
  app: Pick<GarbageCollection, 'blobs' | 'catalog' | 'clock' | 'log'>,
  signal?: AbortSignal,
): Promise<number> {
  for (let removed = 0; ; ) {
    const blobs = await app.catalog.blobs.listUnreferenced({
      before: app.clock() - READER_GRACE_MS,
      now: app.clock(),
      limit: BLOBS_PER_BATCH,
    })
    if (blobs.length === 0 || signal?.aborted === true) {
      if (removed > 0) app.log.info({ blobs: removed }, 'removed unreferenced blobs')
      return removed
    }
    await app.blobs.remove(blobs.map(({ blobKey }) => blobKey))
    await app.catalog.blobs.markPurged(blobs, app.clock())
    removed += blobs.length
  }
}
