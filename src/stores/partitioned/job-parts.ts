/**
 * The parts of import jobs. A worker takes its job over in a partition before it writes there, so that every transaction is of one catalog and a
 * worker that has lost its lease publishes nothing in any. A batch is recorded and published partition by partition, and noted in the control
 * catalog last: after a crash some have it and others do not, and the worker that claims the job next adds what is missing.
 */
import type { BlobDigests } from '../blobs/blob-store.ts'
import type { LeasedJob } from '../catalog/control-repository.ts'
import { DeclarationsChanged } from '../catalog/declared-attribute-repository.ts'
import {
  type GeneratedImageSet,
  type GroupDocuments,
  ImageSetChanged,
  ImageSetLocked,
  type UnpublishedGroup,
} from '../catalog/image-set-records.ts'
import { type ImportJobs, type Lease, LeaseLost, type RecordedFile } from '../catalog/import-job-repository.ts'
import { StudiesMoved } from '../catalog/partition-repository.ts'
import { publishing } from './declared-attributes.ts'
import { partitionNumberOf, rowOf } from './numbers.ts'
import { CONTROL, isInControl, type Partition, type Partitions, type Placement } from './placement.ts'
import { homeOf, type StudyPlaces } from './study-places.ts'

type Batch = Parameters<ImportJobs['recordAndPublish']>[1]
type Publication = Parameters<ImportJobs['publish']>

/** What a worker knows of a job under its lease. */
interface Work {
  readonly lease: Lease
  readonly claimed: LeasedJob
  readonly partitions: Partitions
  /** The partitions that it has taken its job over in, and the greatest key that was recorded there by then. */
  readonly adopted: Map<number, string | undefined>
  /** Files of a batch that some partitions have recorded under this lease, until the batch is noted. */
  readonly recorded: Set<string>
  /** The partition that has recorded a blob of the batch first: it counts its size. */
  readonly counting: Map<string, Partition>
}

/** A process works at a few jobs at once. */
const WORKS_MAX = 1_000

export class JobParts {
  readonly #placement: Placement
  readonly #studies: StudyPlaces
  readonly #works = new Map<string, Work>()

  constructor(placement: Placement, studies: StudyPlaces) {
    this.#placement = placement
    this.#studies = studies
  }

  async #workOf(lease: Lease): Promise<Work> {
    const name = nameOf(lease)
    const known = this.#works.get(name)
    if (known !== undefined) return known
    const claimed = await this.#placement.control.asControl.leased(lease)
    const partitions = await this.#placement.of(claimed.datastoreId)
    const work: Work = { lease, claimed, partitions, adopted: new Map(), recorded: new Set(), counting: new Map() }
    // What is forgotten is read again.
    if (this.#works.size >= WORKS_MAX) this.#works.clear()
    this.#works.set(name, work)
    return work
  }

  /** Before a worker reads what its job has recorded: that of an earlier claim records no more. */
  async takeOver(lease: Lease): Promise<void> {
    const { claimed, partitions } = await this.#workOf(lease)
    if (isInControl(partitions) || claimed.claims === 1) return
    await Promise.all(partitions.map(({ catalog }) => catalog.asPartition.takeOver(lease, claimed.claims)))
  }

  async #adopt(partition: Partition, { lease, claimed, adopted }: Work): Promise<void> {
    if (partition.number === CONTROL || adopted.has(partition.number)) return
    const { control } = this.#placement
    // A later claim takes over the parts that it finds: after it none may be added.
    await control.asControl.leased(lease)
    const part = await partition.catalog.asPartition.adopt({ lease, claimed, at: control.now() })
    if (part === 'datastore-not-active') throw new LeaseLost(lease)
    adopted.set(partition.number, part.lastKey)
  }

  async record(lease: Lease, files: readonly RecordedFile[], digests: BlobDigests): Promise<void> {
    const work = await this.#workOf(lease)
    if (isInControl(work.partitions)) return work.partitions[0].catalog.importJobs.record(lease, files, digests)
    const wasted: RecordedFile[] = []
    let left = files
    while (left.length > 0) {
      const moved = new Set<RecordedFile>()
      for (const [partition, some] of this.#byPartition(work, left)) {
        await this.#adopt(partition, work)
        const missing = await this.#missingIn(partition, { work, files: some })
        const earlier = new Set(some.filter(({ key }) => !work.recorded.has(key)))
        try {
          if (missing.length > 0) {
            await partition.catalog.importJobs.record(lease, missing, countedOnce(digests, { partition, work }))
          }
        } catch (cause) {
          if (!(cause instanceof StudiesMoved)) throw cause
          this.#studies.learn(work.claimed.datastoreId, cause.to)
          for (const file of some) moved.add(file)
          continue
        }
        noteCounting(work, partition, missing)
        for (const file of missing) earlier.delete(file)
        wasted.push(...earlier)
        for (const { key } of some) work.recorded.add(key)
      }
      left = files.filter((file) => moved.has(file))
    }
    await this.#markWasted(work, wasted, digests)
    await this.#noteRecorded(work, files)
  }

  async recordAndPublish(lease: Lease, batch: Batch): Promise<readonly GeneratedImageSet[]> {
    const work = await this.#workOf(lease)
    const { files, documents } = batch
    if (isInControl(work.partitions)) return work.partitions[0].catalog.importJobs.recordAndPublish(lease, batch)
    const generatedOf = new Map<number, GeneratedImageSet>()
    const groupsOf = Map.groupBy(documents.groups, ({ elements }) => this.#expected(work, elements.StudyInstanceUID))
    let late: unknown
    for (const [partition, some] of this.#byPartition(work, files)) {
      await this.#adopt(partition, work)
      const missing = await this.#missingIn(partition, { work, files: some })
      // An earlier claim has recorded some of them: then the documents, which are of all, are not what is published.
      if (missing.length < some.length) {
        late ??= new ImageSetChanged()
        continue
      }
      const groups = groupsOf.get(partition) ?? []
      try {
        const own = { digests: countedOnce(batch.digests, { partition, work }), documents: { ...documents, groups } }
        const part = { ...batch, ...own, files: some }
        const generated = await publishing({ ...work.claimed, ...work }, () =>
          partition.catalog.importJobs.recordAndPublish(lease, part),
        )
        for (const [at, { groupId }] of groups.entries()) generatedOf.set(groupId, generated[at]!)
        noteCounting(work, partition, some)
        for (const { key } of some) work.recorded.add(key)
      } catch (cause) {
        late = this.#lateOf(work, cause)
      }
    }
    // The caller records the whole batch then, of which `record` adds what is missing.
    if (late !== undefined) throw late
    await this.#noteRecorded(work, files)
    return documents.groups.map(({ groupId }) => generatedOf.get(groupId)!)
  }

  /** Why the documents of a part are not those that are published. @throws any other cause */
  #lateOf(work: Work, cause: unknown): unknown {
    if (cause instanceof StudiesMoved) {
      this.#studies.learn(work.claimed.datastoreId, cause.to)
      return new ImageSetChanged()
    }
    if ([ImageSetChanged, ImageSetLocked, DeclarationsChanged].some((late) => cause instanceof late)) return cause
    throw cause
  }

  /** Groups are published in the partition that recorded them. Some may be published when it throws: they are not unpublished any more. */
  async publish(...[lease, groups, at, documents]: Publication): Promise<readonly GeneratedImageSet[]> {
    const work = await this.#workOf(lease)
    if (isInControl(work.partitions)) return work.partitions[0].catalog.importJobs.publish(lease, groups, at, documents)
    const generatedOf = new Map<number, GeneratedImageSet>()
    const done: Partition[] = []
    for (const [partition, some] of groupsByPartition(work.partitions, groups)) {
      await this.#adopt(partition, work)
      const digest = { ...documents.digest, isCountedElsewhere: done.length > 0 }
      const own = { ...documentsInside(documents, { some, all: groups }), digest }
      try {
        const generated = await publishing({ ...work.claimed, ...work }, () =>
          partition.catalog.importJobs.publish(lease, some.map(groupInside), at, own),
        )
        for (const [index, { groupId }] of some.entries()) generatedOf.set(groupId, generated[index]!)
        done.push(partition)
      } catch (cause) {
        // Their documents will be written again: the blob that the others use is longer than what is used of it.
        for (const { catalog } of done) await catalog.asPartition.markPartlyUnreferenced([documents.blobKey], at)
        throw cause
      }
    }
    await this.#placement.control.asControl.noteRecorded(lease, PUBLISHED)
    return groups.map(({ groupId }) => generatedOf.get(groupId)!)
  }

  async finish(lease: Lease, end: Parameters<ImportJobs['finish']>[1]): Promise<void> {
    const { partitions } = await this.#workOf(lease)
    await this.#placement.control.importJobs.finish(lease, end)
    this.#works.delete(nameOf(lease))
    if (isInControl(partitions)) return
    for (const { catalog } of partitions) await catalog.asPartition.endPart(lease.jobId, end)
  }

  #expected({ claimed: { datastoreId }, partitions }: Work, studyInstanceUID: string): Partition {
    return this.#studies.expected(partitions, { datastoreId, studyInstanceUID })
  }

  /** Files that are not stored go to the first partition: nothing of them is looked for by study. */
  #byPartition(work: Work, files: readonly RecordedFile[]): Map<Partition, readonly RecordedFile[]> {
    return Map.groupBy(files, (file) =>
      file.outcome === 'stored' ? this.#expected(work, file.grouping.StudyInstanceUID) : work.partitions[0],
    )
  }

  /**
   * Without the files that are recorded already: by an earlier attempt, or by an earlier claim, which may have found their studies at home.
   * What was recorded since the job was taken over here was recorded under this lease.
   */
  async #missingIn(
    partition: Partition,
    { work, files }: { readonly work: Work; readonly files: readonly RecordedFile[] },
  ): Promise<readonly RecordedFile[]> {
    const { lease, partitions, adopted } = work
    const lastKey = adopted.get(partition.number)
    const homeOfFile = (file: RecordedFile) =>
      file.outcome === 'stored' ? homeOf(partitions, file.grouping.StudyInstanceUID) : partition
    const doubtful = Map.groupBy(
      files.filter(({ key }) => lastKey !== undefined && key <= lastKey),
      () => partition,
    )
    for (const [home, some] of Map.groupBy(files, homeOfFile)) if (home !== partition) doubtful.set(home, some)
    const known = new Set(work.recorded)
    for (const [{ catalog }, some] of doubtful) {
      const keys = some.map(({ key }) => key)
      for (const key of await catalog.importJobs.recordedKeys(lease.jobId, keys)) known.add(key)
    }
    return known.size === 0 ? files : files.filter(({ key }) => !known.has(key))
  }

  /** An earlier claim has recorded these files from other blobs: their bytes in those of this batch are used by nothing. */
  async #markWasted(work: Work, files: readonly RecordedFile[], digests: BlobDigests): Promise<void> {
    const blobKeys = [...blobKeysOf(files)]
    if (blobKeys.length === 0) return
    const { lease, partitions } = work
    const at = this.#placement.control.now()
    for (const { catalog } of partitions) await catalog.asPartition.markPartlyUnreferenced(blobKeys, at)
    const found = await Promise.all(partitions.map(({ catalog }) => catalog.blobs.get(blobKeys)))
    const recorded = new Set(found.flat().map(({ blobKey }) => blobKey))
    const unused = blobKeys.filter((key) => !recorded.has(key))
    if (unused.length === 0) return
    const [first] = partitions
    await this.#adopt(first, work)
    await first.catalog.asPartition.addUnusedBlobs(lease, new Map(unused.map((key) => [key, digests.get(key)!])))
  }

  /** A batch is recorded in all its partitions. */
  async #noteRecorded(work: Work, files: readonly RecordedFile[]): Promise<void> {
    const count = (outcome: RecordedFile['outcome']) => files.filter((file) => file.outcome === outcome).length
    await this.#placement.control.asControl.noteRecorded(work.lease, {
      ...{ files: files.length, failed: count('failed'), skipped: count('skipped') },
      lastKey: files.at(-1)?.key,
    })
    work.recorded.clear()
    work.counting.clear()
  }
}

/** A blob of a batch may be used by several partitions, of which one counts its size. */
const countedOnce = (
  digests: BlobDigests,
  { partition, work }: { readonly partition: Partition; readonly work: Work },
): BlobDigests =>
  new Map(
    Array.from(digests, ([key, digest]) => {
      const counting = work.counting.get(key) ?? partition
      return [key, counting === partition ? digest : { ...digest, isCountedElsewhere: true }]
    }),
  )

function noteCounting(work: Work, partition: Partition, files: readonly RecordedFile[]): void {
  for (const key of blobKeysOf(files)) if (!work.counting.has(key)) work.counting.set(key, partition)
}

const blobKeysOf = (files: readonly RecordedFile[]): ReadonlySet<string> =>
  new Set(
    files
      .flatMap((file) => (file.outcome === 'stored' ? [file.blobKey, file.metadata.blobKey, file.frames?.blobKey] : []))
      .filter((key) => key !== undefined),
  )

const PUBLISHED = { files: 0, failed: 0, skipped: 0, lastKey: undefined }

const nameOf = ({ jobId, owner }: Lease): string => `${jobId} ${owner}`

export const groupsByPartition = <Group extends { readonly groupId: number }>(
  partitions: Partitions,
  groups: readonly Group[],
): Map<Partition, readonly Group[]> =>
  Map.groupBy(groups, ({ groupId }) => partitions.find(({ number }) => number === partitionNumberOf(groupId))!)

export const groupInside = (group: UnpublishedGroup): UnpublishedGroup => ({ ...group, groupId: rowOf(group.groupId) })

/** With the documents that no partition publishes now, by numbers of no group: the blob is longer than what is used of it then. */
function documentsInside(
  documents: GroupDocuments,
  { some, all }: { readonly some: readonly UnpublishedGroup[]; readonly all: readonly UnpublishedGroup[] },
): GroupDocuments {
  const published = new Set(all.map(({ groupId }) => groupId))
  const own = some.map(({ groupId }) => [rowOf(groupId), documents.byGroup.get(groupId)!] as const)
  const unused = [...documents.byGroup]
    .filter(([groupId]) => !published.has(groupId))
    .map(([, document], at) => [-1 - at, document] as const)
  return { ...documents, byGroup: new Map([...own, ...unused]) }
}
