/**
 * Import jobs: the control catalog has the jobs, their leases and their progress; a partition has the files and groups of its studies. A worker
 * takes over its job in a partition before it writes there, so that every transaction is of one catalog and a worker that has lost its lease
 * publishes nothing in any. A batch is recorded and published partition by partition: after a crash some have it and others do not, and the
 * worker that claims the job next adds what is missing.
 */
import type { BlobDigests } from '../blobs/blob-store.ts'
import { DeclarationsChanged } from '../catalog/declared-attribute-repository.ts'
import {
  type GeneratedImageSet,
  type GroupDocuments,
  ImageSetChanged,
  ImageSetLocked,
  type UnpublishedGroup,
} from '../catalog/image-set-records.ts'
import {
  type ImportJobs,
  type Lease,
  LeaseLost,
  type RecordedFile,
  type ReportLine,
} from '../catalog/import-job-repository.ts'
import type { LeasedJob } from '../catalog/partition-repository.ts'
import { mergeStreams } from './merge.ts'
import {
  CONTROL,
  numberIn,
  type Partition,
  type Placement,
  partitionNumberOf,
  partitionOfStudy,
  rowOf,
} from './placement.ts'

type Batch = Parameters<ImportJobs['recordAndPublish']>[1]
type Partitions = readonly [Partition, ...Partition[]]

/** What a worker knows of a job under its lease. */
interface Work {
  readonly claimed: LeasedJob
  readonly partitions: Partitions
  /** The partitions that it has taken its job over in, and the greatest key that was recorded there by then. */
  readonly adopted: Map<number, string | undefined>
  /** Files that an attempt to publish has recorded in some partitions, until the batch is recorded in all. */
  readonly recorded: Set<string>
}

/** A process works at a few jobs at once. */
const WORKS_MAX = 1_000
const UNENDED_PER_SWEEP = 100

export function partitionedImportJobs(placement: Placement): ImportJobs {
  const { control } = placement
  const jobs = control.importJobs
  const works = new Map<string, Work>()

  async function workOf(lease: Lease): Promise<Work> {
    const name = `${lease.jobId} ${lease.owner}`
    const known = works.get(name)
    if (known !== undefined) return known
    const claimed = await control.partition.leased(lease)
    const partitions = await placement.of(claimed.datastoreId)
    const work: Work = { claimed, partitions, adopted: new Map(), recorded: new Set() }
    if (works.size >= WORKS_MAX) works.clear()
    works.set(name, work)
    return work
  }

  async function partitionsOf(jobId: string): Promise<Partitions | undefined> {
    const datastoreId = await control.partition.datastoreOf(jobId)
    return datastoreId === undefined ? undefined : placement.of(datastoreId)
  }

  async function adopt(partition: Partition, lease: Lease, work: Work): Promise<void> {
    if (partition.number === CONTROL || work.adopted.has(partition.number)) return
    const { claimed } = work
    // A later claim may have taken over the parts that there were.
    await control.partition.leased(lease)
    const adopted = await partition.catalog.partition.adopt({ lease, claimed, at: control.now() })
    if (adopted === 'datastore-not-active') throw new LeaseLost(lease)
    work.adopted.set(partition.number, adopted.lastKey)
  }

  async function noteProgress(lease: Lease, work: Work, files: readonly RecordedFile[]): Promise<void> {
    const count = (outcome: RecordedFile['outcome']) => files.filter((file) => file.outcome === outcome).length
    await control.partition.noteRecorded(lease, {
      ...{ files: files.length, failed: count('failed'), skipped: count('skipped') },
      lastKey: files.at(-1)?.key,
    })
    work.recorded.clear()
  }

  /** Without the files that are recorded there already: by an earlier attempt, or by an earlier claim. */
  async function missingIn(
    partition: Partition,
    { lease, work, files }: { readonly lease: Lease; readonly work: Work; readonly files: readonly RecordedFile[] },
  ): Promise<readonly RecordedFile[]> {
    const lastKey = work.adopted.get(partition.number)
    const doubtful = lastKey === undefined ? [] : files.filter(({ key }) => key <= lastKey).map(({ key }) => key)
    const before = doubtful.length === 0 ? [] : await partition.catalog.importJobs.recordedKeys(lease.jobId, doubtful)
    const known = new Set([...before, ...work.recorded])
    return known.size === 0 ? files : files.filter(({ key }) => !known.has(key))
  }

  async function record(lease: Lease, files: readonly RecordedFile[], digests: BlobDigests): Promise<void> {
    const work = await workOf(lease)
    if (work.partitions[0].number === CONTROL) return jobs.record(lease, files, digests)
    for (const [partition, some] of filesByPartition(work.partitions, files)) {
      await adopt(partition, lease, work)
      const missing = await missingIn(partition, { lease, work, files: some })
      if (missing.length > 0) await partition.catalog.importJobs.record(lease, missing, digests)
    }
    await noteProgress(lease, work, files)
  }

  async function recordAndPublish(lease: Lease, batch: Batch): Promise<readonly GeneratedImageSet[]> {
    const work = await workOf(lease)
    const { files, documents } = batch
    if (work.partitions[0].number === CONTROL) return jobs.recordAndPublish(lease, batch)
    const generatedOf = new Map<number, GeneratedImageSet>()
    const groupsOf = groupsByStudy(work.partitions, documents.groups)
    let late: unknown
    for (const [partition, some] of filesByPartition(work.partitions, files)) {
      await adopt(partition, lease, work)
      const missing = await missingIn(partition, { lease, work, files: some })
      // An earlier claim has recorded some of them: then the documents, which are of all, are not what is published.
      if (missing.length < some.length) {
        late ??= new ImageSetChanged()
        continue
      }
      const groups = groupsOf.get(partition) ?? []
      try {
        const { importJobs } = partition.catalog
        const part = { ...batch, files: some, documents: { ...documents, groups } }
        const generated = await importJobs.recordAndPublish(lease, part)
        for (const [at, { groupId }] of groups.entries()) generatedOf.set(groupId, generated[at]!)
        for (const { key } of some) work.recorded.add(key)
      } catch (cause) {
        if (!isLate(cause)) throw cause
        late = cause
      }
    }
    // The caller records the whole batch then, of which `record` adds what is missing.
    if (late !== undefined) throw late
    await noteProgress(lease, work, files)
    return documents.groups.map(({ groupId }) => generatedOf.get(groupId)!)
  }

  async function publish(
    lease: Lease,
    groups: readonly UnpublishedGroup[],
    at: number,
    documents: GroupDocuments,
  ): Promise<readonly GeneratedImageSet[]> {
    const work = await workOf(lease)
    if (work.partitions[0].number === CONTROL) return jobs.publish(lease, groups, at, documents)
    const generatedOf = new Map<number, GeneratedImageSet>()
    const published = new Set(groups.map(({ groupId }) => groupId))
    // Documents that no group is published with: with them the blob is longer than what is used of it.
    const unused = [...documents.byGroup].flatMap(([groupId, document], at) =>
      published.has(groupId) ? [] : [[-1 - at, document] as const],
    )
    for (const [partition, some] of groupsByNumber(work.partitions, groups)) {
      await adopt(partition, lease, work)
      const own = some.map((group) => ({ ...group, groupId: rowOf(group.groupId) }))
      const documentsOfOwn = some.map(({ groupId }) => [rowOf(groupId), documents.byGroup.get(groupId)!] as const)
      const byGroup = new Map([...documentsOfOwn, ...unused])
      const generated = await partition.catalog.importJobs.publish(lease, own, at, { ...documents, byGroup })
      for (const [index, { groupId }] of some.entries()) generatedOf.set(groupId, generated[index]!)
    }
    await noteProgress(lease, work, [])
    return groups.map(({ groupId }) => generatedOf.get(groupId)!)
  }

  /** The worker of an earlier claim writes in no partition any more, before this one reads there. */
  async function takeOver(lease: Lease): Promise<void> {
    const { claimed, partitions } = await workOf(lease)
    if (partitions[0].number === CONTROL || claimed.claims === 1) return
    await Promise.all(partitions.map(({ catalog }) => catalog.partition.takeOver(lease, claimed.claims)))
  }

  /** A worker has died between the end of a job and that of its parts. */
  async function endParts(): Promise<void> {
    for (const { catalog } of await placement.numbered()) {
      for (const jobId of await catalog.partition.unended(UNENDED_PER_SWEEP)) {
        const end = await control.partition.endOf(jobId)
        if (end !== undefined) await catalog.partition.endPart(jobId, end)
      }
      await catalog.partition.purgeEnded()
    }
  }

  return {
    beginStoring: (request) => jobs.beginStoring(request),
    submit: (request) => jobs.submit(request),
    get: (job) => jobs.get(job),
    list: (request) => jobs.list(request),
    async claim(request) {
      const claimed = await jobs.claim(request)
      if (claimed === undefined) await endParts()
      else await takeOver({ jobId: claimed.jobId, owner: request.owner })
      return claimed
    },
    renew: (lease, until) => jobs.renew(lease, until),
    isOneWaiting: (at) => jobs.isOneWaiting(at),
    endTurn: (lease, end) => jobs.endTurn(lease, end),
    release: (lease, from) => jobs.release(lease, from),
    expireLeases: (workerIds, at) => jobs.expireLeases(workerIds, at),
    setFilesFound: (lease, found) => jobs.setFilesFound(lease, found),
    lastRecordedKey: (jobId) => jobs.lastRecordedKey(jobId),
    async recordedKeys(jobId, keys) {
      const partitions = (await partitionsOf(jobId)) ?? []
      const found = await Promise.all(partitions.map(({ catalog }) => catalog.importJobs.recordedKeys(jobId, keys)))
      return found.flat()
    },
    record,
    recordAndPublish,
    publish,
    async unpublishedGroups(jobId, limit) {
      const partitions = await partitionsOf(jobId)
      if (partitions === undefined || partitions[0].number === CONTROL) return jobs.unpublishedGroups(jobId, limit)
      const found: UnpublishedGroup[] = []
      for (const partition of partitions) {
        if (found.length >= limit) break
        const some = await partition.catalog.importJobs.unpublishedGroups(jobId, limit - found.length)
        found.push(...some.map((group) => ({ ...group, groupId: numberIn(partition, group.groupId) })))
      }
      return found
    },
    async versionsToExtend(datastoreId, groupings) {
      const partitions = await placement.of(datastoreId)
      const found = new Map<number, Awaited<ReturnType<ImportJobs['versionsToExtend']>>[number]>()
      const numbered = groupings.map((grouping, at) => ({ grouping, at }))
      const byPartition = Map.groupBy(numbered, ({ grouping }) =>
        partitionOfStudy(partitions, grouping.StudyInstanceUID),
      )
      for (const [{ catalog }, some] of byPartition) {
        const versions = await catalog.importJobs.versionsToExtend(
          datastoreId,
          some.map(({ grouping }) => grouping),
        )
        for (const [index, { at }] of some.entries()) found.set(at, versions[index])
      }
      return groupings.map((_, at) => found.get(at))
    },
    async nextVersions(jobId, groups) {
      const partitions = await partitionsOf(jobId)
      if (partitions === undefined || partitions[0].number === CONTROL) return jobs.nextVersions(jobId, groups)
      const found = new Map<number, Awaited<ReturnType<ImportJobs['nextVersions']>>[number]>()
      for (const [{ catalog }, some] of groupsByNumber(partitions, groups)) {
        const own = some.map((group) => ({ ...group, groupId: rowOf(group.groupId) }))
        const versions = await catalog.importJobs.nextVersions(jobId, own)
        for (const [index, { groupId }] of some.entries()) found.set(groupId, { ...versions[index]!, groupId })
      }
      return groups.map(({ groupId }) => found.get(groupId)!)
    },
    async *generatedImageSets(jobId) {
      for (const { catalog } of (await partitionsOf(jobId)) ?? []) yield* catalog.importJobs.generatedImageSets(jobId)
    },
    async *reportLines(jobId) {
      const partitions = (await partitionsOf(jobId)) ?? []
      const sources = partitions.map(({ catalog }) => catalog.importJobs.reportLines(jobId))
      yield* mergeStreams<ReportLine>(sources, (a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
    },
    async finish(lease, end) {
      const { partitions } = await workOf(lease)
      await jobs.finish(lease, end)
      for (const { number, catalog } of partitions) {
        if (number !== CONTROL) await catalog.partition.endPart(lease.jobId, end)
      }
      works.delete(`${lease.jobId} ${lease.owner}`)
    },
  }
}

const isLate = (cause: unknown): boolean =>
  [ImageSetChanged, ImageSetLocked, DeclarationsChanged].some((late) => cause instanceof late)

/** Files that are not stored go to the first partition: nothing of them is looked for by study. */
const filesByPartition = (
  partitions: Partitions,
  files: readonly RecordedFile[],
): Map<Partition, readonly RecordedFile[]> =>
  Map.groupBy(files, (file) =>
    file.outcome === 'stored' ? partitionOfStudy(partitions, file.grouping.StudyInstanceUID) : partitions[0],
  )

const groupsByStudy = (
  partitions: Partitions,
  groups: readonly UnpublishedGroup[],
): Map<Partition, readonly UnpublishedGroup[]> =>
  Map.groupBy(groups, ({ elements }) => partitionOfStudy(partitions, elements.StudyInstanceUID))

const groupsByNumber = (
  partitions: Partitions,
  groups: readonly UnpublishedGroup[],
): Map<Partition, readonly UnpublishedGroup[]> =>
  Map.groupBy(groups, ({ groupId }) => partitions.find(({ number }) => number === partitionNumberOf(groupId))!)
