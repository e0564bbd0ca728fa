/**
 * The cost of keeping the index up to date: publishing a hundred image sets at a time, new versions of single image sets, by the same durable
 * transactions as an import, and then other names of them. A small store is copied for it; in a large one the writes are undone afterwards.
 */
import type { Catalog } from '../../src/stores/catalog/catalog.ts'
import { quantile } from '../processes.ts'
import { randomOf, wholeBelow } from '../random.ts'
import { type BuiltStore, DATASTORE_ID } from './built-store.ts'
import { type BenchImageSet, type DataSet, NOW } from './data-set.ts'
import { rounded } from './measure.ts'
import { measureRenames, type Renamed, type RenameTimes } from './measure-renames.ts'
import { BATCH, recorded } from './recorded-files.ts'
import { undoWrites } from './undo-writes.ts'

const BATCHES_MAX = 50
const UPDATES_MAX = 300
/** Of the store, so that a small one hardly changes. */
const SHARE_MAX = 0.2
/** In a larger store, writes that were undone have no measurable effect. */
const COPIED_BYTES_MAX = 1e9

export interface WriteTimes extends RenameTimes {
  readonly insert_image_sets_per_s: number
  /** Per batch of a hundred. */
  readonly insert_p50_ms: number
  readonly insert_p99_ms: number
  readonly update_p50_ms: number
  readonly update_p99_ms: number
}

/** @param request.copiedBytesMax larger stores are not copied. */
export async function measureWrites(request: {
  readonly store: BuiltStore
  readonly dataSet: DataSet
  readonly capMs: number
  readonly copiedBytesMax?: number
}): Promise<WriteTimes> {
  const { store, dataSet, capMs, copiedBytesMax = COPIED_BYTES_MAX } = request
  const isCopied = store.facts.bytes_per_image_set * dataSet.size <= copiedBytesMax
  const copy = isCopied ? await store.copy() : undefined
  try {
    await (copy ?? store).warm()
    const catalog = await (copy ?? store).openCatalog()
    const checkpoints = (copy ?? store).startCheckpoints()
    try {
      return { ...(await measureInserts(catalog, dataSet, capMs)), ...(await measureUpdates(catalog, dataSet, capMs)) }
    } finally {
      await checkpoints?.stop()
      await catalog.close()
    }
  } finally {
    await (copy === undefined ? undoWrites(store, dataSet) : copy.remove())
  }
}

async function measureInserts(catalog: Catalog, dataSet: DataSet, capMs: number) {
  const batches = Math.min(BATCHES_MAX, Math.ceil((dataSet.size * SHARE_MAX) / BATCH))
  const all = Array.from({ length: BATCH * batches }, (_, index) => dataSet.imageSet(dataSet.size + index))
  const { lease, groups, documents } = await recorded(catalog, {
    datastoreId: DATASTORE_ID,
    job: 'inserts',
    imageSets: all,
  })
  const batchesMs: number[] = []
  const until = performance.now() + capMs
  for (let from = 0; from < groups.length; from += BATCH) {
    const startedAt = performance.now()
    if (startedAt > until) break
    await catalog.importJobs.publish(lease, groups.slice(from, from + BATCH), NOW + from, documents)
    batchesMs.push(performance.now() - startedAt)
  }
  const inserted = Math.min(groups.length, batchesMs.length * BATCH)
  const sumMs = batchesMs.reduce((sum, ms) => sum + ms, 0)
  const sorted = batchesMs.toSorted((a, b) => a - b)
  return {
    insert_image_sets_per_s: Math.round(inserted / (sumMs / 1000)),
    insert_p50_ms: rounded(quantile(sorted, 0.5)),
    insert_p99_ms: rounded(quantile(sorted, 0.99)),
  }
}

/** Adds an instance to image sets all over the store: a new version, whose updatedAt is the latest. */
async function measureUpdates(catalog: Catalog, dataSet: DataSet, capMs: number) {
  const random = randomOf(200, 0)
  const chosen = new Map<string, BenchImageSet>()
  const updates = Math.min(UPDATES_MAX, Math.ceil(dataSet.size * SHARE_MAX))
  while (chosen.size < updates) {
    const imageSet = dataSet.imageSet(wholeBelow(random, dataSet.size))
    if (imageSet.isPrimary) chosen.set(imageSet.grouping.SeriesInstanceUID, imageSet)
  }
  const imageSets = [...chosen.values()]
  const { lease, groups, documents } = await recorded(catalog, { datastoreId: DATASTORE_ID, job: 'updates', imageSets })
  const timesMs: number[] = []
  const updated: Renamed[] = []
  const until = performance.now() + capMs
  for (const [index, group] of groups.entries()) {
    const startedAt = performance.now()
    if (startedAt > until) break
    const [published] = await catalog.importJobs.publish(lease, [group], NOW + 1_000_000 + index, documents)
    timesMs.push(performance.now() - startedAt)
    if (published!.imageSetVersion < 2) throw new Error('an update made a new image set: the store is not as generated')
    const { imageSetId, imageSetVersion: version } = published!
    updated.push({ imageSet: imageSets[index]!, imageSetId, version })
  }
  const sorted = timesMs.toSorted((a, b) => a - b)
  return {
    update_p50_ms: rounded(quantile(sorted, 0.5)),
    update_p99_ms: rounded(quantile(sorted, 0.99)),
    ...(await measureRenames(catalog, updated, { from: NOW + 2_000_000, capMs })),
  }
}
