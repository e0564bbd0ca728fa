/**
 * Gives back the space of blobs that nobody uses any more: first their bytes are removed, then the catalog forgets them, so that whoever
 * dies in between leaves nothing that the next does not find. Several processes may sweep at once; each step done twice is harmless.
 */
import { setTimeout } from 'node:timers/promises'
import type { ImportApp } from '../app.ts'
import { compactBlobs } from './compact-blobs.ts'

const COLLECT_EVERY_MS = 60_000
/** Whoever has asked where bytes lie just before they became free may still come to read them. */
const READER_GRACE_MS = 5 * 60_000
const BLOBS_AT_ONCE = 500
/** A put that takes longer than this is none any more. */
const UNFINISHED_FOR_MS = 24 * 3_600_000
const LOOK_FOR_UNFINISHED_EVERY_MS = 3_600_000

type GarbageCollection = Pick<ImportApp, 'blobs' | 'catalog' | 'clock' | 'limits' | 'log' | 'newId'>

/** Until told to stop. Never rejects: what failed is tried again with the next sweep. */
export async function keepCollectingGarbage(app: GarbageCollection, signal: AbortSignal): Promise<void> {
  let lookedForUnfinishedAt = Number.NEGATIVE_INFINITY
  while (!signal.aborted) {
    try {
      await collectGarbage(app, signal)
      if (app.clock() - lookedForUnfinishedAt >= LOOK_FOR_UNFINISHED_EVERY_MS) {
        await app.blobs.removeUnfinished(app.clock() - UNFINISHED_FOR_MS)
        lookedForUnfinishedAt = app.clock()
      }
      await compactBlobs(app, signal)
    } catch (err) {
      if (signal.aborted && err === signal.reason) return
      app.log.error({ err }, 'what nobody uses could not be removed from the blobs; it is tried again')
    }
    await setTimeout(COLLECT_EVERY_MS, undefined, { signal }).catch(() => {})
  }
}

/** Answers how many blobs were removed. */
export async function collectGarbage(
  app: Pick<GarbageCollection, 'blobs' | 'catalog' | 'clock' | 'log'>,
  signal?: AbortSignal,
): Promise<number> {
  for (let removed = 0; ; ) {
    const free = await app.catalog.blobs.listUnreferenced({
      before: app.clock() - READER_GRACE_MS,
      limit: BLOBS_AT_ONCE,
    })
    if (free.length === 0 || signal?.aborted === true) {
      if (removed > 0) app.log.info({ blobs: removed }, 'removed blobs that nobody uses any more')
      return removed
    }
    await app.blobs.remove(free.map(({ blobKey }) => blobKey))
    await app.catalog.blobs.markPurged(free, app.clock())
    removed += free.length
  }
}
