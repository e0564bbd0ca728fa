/**
 * The cost of keeping the index up to date: publishing a hundred image sets at a time, new versions of single image sets, by the same durable
 * transactions as an import, and then other names of them. A small store is copied for it; in a large one the writes are undone afterwards.
 */
import { searchedTexts } from '../../src/imaging/search/summary-attributes.ts'
import type { Catalog } from '../../src/stores/catalog/catalog.ts'
import type { GroupDocument, GroupDocuments, NextVersion } from '../../src/stores/catalog/image-set-records.ts'
import type { Lease, StoredFile } from '../../src/stores/catalog/import-job-repository.ts'
import { quantile } from '../processes.ts'
import { randomOf, wholeBelow } from '../random.ts'
import { type BuiltStore, DATASTORE_ID } from './built-store.ts'
import { type BenchImageSet, type DataSet, NOW } from './data-set.ts'
import { rounded } from './measure.ts'
import { measureRenames, type Renamed, type RenameTimes } from './measure-renames.ts'
import { undoWrites } from './undo-writes.ts'

const BATCH = 100
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
  const { lease, groups, documents } = await recorded(catalog, { job: 'inserts', imageSets: all })
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
  const { lease, groups, documents } = await recorded(catalog, { job: 'updates', imageSets })
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

/** An import job that has recorded one file for each image set, and its waiting groups. */
async function recorded(catalog: Catalog, from: { job: string; imageSets: readonly BenchImageSet[] }) {
  const jobId = Buffer.from(from.job).toString('hex').padEnd(32, '0')
  const owner = 'bench'
  const lease: Lease = { jobId, owner }
  const submitted = await catalog.importJobs.submit({
    job: {
      jobId,
      datastoreId: DATASTORE_ID,
      jobName: from.job,
      jobStatus: 'SUBMITTED',
      dataAccessRoleArn: 'arn:aws:iam::000000000000:role/bench',
      inputS3Uri: 's3://bench-input/',
      outputS3Uri: 's3://bench-output/',
      importConfiguration: undefined,
      message: undefined,
      submittedAt: NOW,
      endedAt: undefined,
      filesDone: 0,
      filesFound: undefined,
    },
    token: { clientToken: from.job, fingerprint: from.job, usedSince: 0 },
  })
  if (submitted.outcome !== 'submitted')
    throw new Error(`the job of the ${from.job} was not taken: ${submitted.outcome}`)
  await catalog.importJobs.claim({ owner, now: NOW, leaseUntil: NOW + 3_600_000 })
  const files = from.imageSets.map(fileOf)
  for (let start = 0; start < files.length; start += BATCH)
    await catalog.importJobs.record(lease, files.slice(start, start + BATCH), new Map([[BLOB_KEY, DIGEST]]))
  const groups = await catalog.importJobs.unpublishedGroups(jobId, files.length)
  if (groups.length !== files.length) throw new Error(`${files.length} image sets made ${groups.length} groups`)
  return { lease, groups, documents: documentsOf(await catalog.importJobs.nextVersions(jobId, groups)) }
}

const BLOB_KEY = 'bench'
const DIGEST = { sizeBytes: 1_000, sha256: '0'.repeat(64) }
const METADATA_BYTES = { instanceMetadataBytes: 100, imageSetAttributesBytes: 100 }

/** As the catalog records them; no byte of them is read. */
const documentsOf = (versions: readonly NextVersion[]): GroupDocuments => ({
  blobKey: BLOB_KEY,
  digest: DIGEST,
  revision: 0,
  byGroup: new Map(
    versions.map(({ groupId, base }): [number, GroupDocument] => [
      groupId,
      {
        ...{ base, offsetBytes: 0, sizeBytes: 200, contentBytes: 1_000, crc32: 0, bodyChecksum: 0 },
        declaredTexts: new Map(),
      },
    ]),
  ),
})

const fileOf = (imageSet: BenchImageSet, index: number): StoredFile => ({
  outcome: 'stored',
  key: `file-${String(index).padStart(9, '0')}`,
  grouping: imageSet.grouping,
  sopInstanceUID: `${imageSet.grouping.SeriesInstanceUID}.1`,
  sopClassUID: '1.2.840.10008.5.1.4.1.1.2',
  transferSyntaxUID: '1.2.840.10008.1.2.1',
  unlistedTexts: imageSet.unlistedTexts,
  blobKey: BLOB_KEY,
  offsetBytes: 0,
  sizeBytes: 1_000,
  metadata: { blobKey: BLOB_KEY, offsetBytes: 0, ...METADATA_BYTES },
  instanceNumber: 1,
  tags: imageSet.tags,
  search: {
    ...searchedTexts(imageSet.grouping),
    DICOMStudyDateAndTime: imageSet.studyTimestamp,
  },
  warnings: [],
})
