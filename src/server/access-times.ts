/**
 * When image sets were last read (AWS "Cost optimization": what counts as access). Held in memory, so that reading stays reading, and
 * written now and then: an image set that is read all day is written once an hour.
 */
import type { AccessTimes, Log } from '../app.ts'
import type { Limits } from '../limits.ts'
import type { Catalog } from '../stores/catalog/catalog.ts'

/** In one transaction, so that other writers get their turn. */
const WRITTEN_AT_ONCE = 50
const IMAGE_SETS_MAX = 20_000

interface Access {
  readonly datastoreId: string
  at: number
  /** The time of it that the catalog has from us. */
  writtenAt: number
}

interface RunningAccessTimes extends AccessTimes {
  /** Writes what is not written. */
  stop(): Promise<void>
}

export function startAccessTimes(
  app: { readonly catalog: Catalog; readonly clock: () => number; readonly log: Log },
  { accessGranularityMs, accessesWrittenEveryMs }: Pick<Limits, 'accessGranularityMs' | 'accessesWrittenEveryMs'>,
): RunningAccessTimes {
  const accesses = new Map<string, Access>()
  let writing: Promise<void> = Promise.resolve()

  async function write(): Promise<void> {
    const due = [...accesses].filter(([, { at, writtenAt }]) => at - writtenAt >= accessGranularityMs)
    for (let start = 0; start < due.length; start += WRITTEN_AT_ONCE) {
      const some = due.slice(start, start + WRITTEN_AT_ONCE).map(([imageSetId, access]) => ({ ...access, imageSetId }))
      await app.catalog.imageSets.accessed(some, { unlessWithinMs: accessGranularityMs })
      for (const { imageSetId, at } of some) {
        const access = accesses.get(imageSetId)
        if (access !== undefined) access.writtenAt = at
      }
    }
  }

  const writeSoon = () => {
    writing = writing.then(write).catch((err: unknown) => {
      app.log.warn({ err }, 'times of access could not be written; they are tried again')
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
      // The one that came first makes room; what it lacks in the catalog is an hour at most.
      if (accesses.size >= IMAGE_SETS_MAX) accesses.delete(accesses.keys().next().value!)
      accesses.set(imageSetId, { datastoreId, at: app.clock(), writtenAt: 0 })
    },
    lastOf: (imageSetId) => accesses.get(imageSetId)?.at,
    async stop() {
      clearInterval(timer)
      await writeSoon()
    },
  }
}
