/**
 * When image sets were last read (AWS "Cost optimization" defines access). Times are kept in memory and written periodically, so that a read
 * does not write: an image set that is read all day is written once an hour.
 */
import type { AccessTimes, Log } from '../app.ts'
import type { Limits } from '../limits.ts'
import type { Catalog } from '../stores/catalog/catalog.ts'

/** Per transaction, so that other writers are not delayed. */
const WRITTEN_PER_TRANSACTION = 50

interface Access {
  readonly datastoreId: string
  at: number
  /** The time that this server last wrote to the catalog. */
  writtenAt: number
}

interface RunningAccessTimes extends AccessTimes {
  /** Writes the times that are not written yet. */
  stop(): Promise<void>
}

export function startAccessTimes(
  app: { readonly catalog: Catalog; readonly clock: () => number; readonly log: Log },
  limits: Pick<Limits, 'accessGranularityMs' | 'accessesWrittenEveryMs' | 'accessTimesKept'>,
): RunningAccessTimes {
  const { accessGranularityMs, accessesWrittenEveryMs, accessTimesKept } = limits
  const accesses = new Map<string, Access>()
  let writing: Promise<void> = Promise.resolve()

  async function write(): Promise<void> {
    const due = [...accesses].filter(([, { at, writtenAt }]) => at - writtenAt >= accessGranularityMs)
    for (let start = 0; start < due.length; start += WRITTEN_PER_TRANSACTION) {
      const some = due
        .slice(start, start + WRITTEN_PER_TRANSACTION)
        .map(([imageSetId, access]) => ({ ...access, imageSetId }))
      await app.catalog.imageSets.recordAccesses(some, { unlessWithinMs: accessGranularityMs })
      for (const { imageSetId, at } of some) {
        const access = accesses.get(imageSetId)
        if (access !== undefined) access.writtenAt = at
      }
    }
  }

  const writeSoon = () => {
    writing = writing.then(write).catch((err: unknown) => {
      app.log.warn({ err }, 'access times could not be written and will be retried')
    })
    return writing
  }
  const timer = setInterval(writeSoon, accessesWrittenEveryMs)
  timer.unref()

  return {
    note({ datastoreId, imageSetId }) {
      const known = accesses.get(imageSetId)
      if (known !== undefined) {
        known.at = app.clock()
        return
      }
      // Removes the oldest entry, whose time in the catalog is at most an hour behind.
      if (accesses.size >= accessTimesKept) accesses.delete(accesses.keys().next().value!)
      accesses.set(imageSetId, { datastoreId, at: app.clock(), writtenAt: 0 })
    },
    lastOf: (imageSetId) => accesses.get(imageSetId)?.at,
    async stop() {
      clearInterval(timer)
      await writeSoon()
    },
  }
}
