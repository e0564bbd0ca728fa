/**
 * Import jobs: the control catalog has the jobs, their leases and their progress; a partition has the files and groups of its studies, as a part
 * of the job (job-parts.ts).
 */

import type { JobEnd } from '../catalog/control-repository.ts'
import type { ImportJobs, ReportLine } from '../catalog/import-job-repository.ts'
import { StoreUnavailable } from '../store-unavailable.ts'
import { groupInside, groupsByPartition, JobParts } from './job-parts.ts'
import { mergeStreams } from './merge.ts'
import { numberIn } from './numbers.ts'
import { isInControl, type Partitions, type Placement } from './placement.ts'
import type { StudyPlaces } from './study-places.ts'

type NextVersions = Awaited<ReturnType<ImportJobs['nextVersions']>>
type VersionsToExtend = Awaited<ReturnType<ImportJobs['versionsToExtend']>>
type UnpublishedGroups = Awaited<ReturnType<ImportJobs['unpublishedGroups']>>

/** Until a job whose partition is away is tried again. */
const AWAY_MS = 5_000
const UNENDED_PER_SWEEP = 100

export function partitionedImportJobs(placement: Placement, studies: StudyPlaces): ImportJobs {
  const { control } = placement
  const jobs = control.importJobs
  const parts = new JobParts(placement, studies)

  async function partitionsOf(jobId: string): Promise<Partitions | undefined> {
    const datastoreId = await control.asControl.datastoreOf(jobId)
    return datastoreId === undefined ? undefined : placement.of(datastoreId)
  }

  /** A worker has died between the end of a job and that of its parts, or the control catalog was restored from an earlier time. */
  async function endParts(): Promise<void> {
    for (const { catalog } of await placement.numbered()) {
      for (const jobId of await catalog.asPartition.unended(UNENDED_PER_SWEEP)) {
        const end = (await control.asControl.endOf(jobId)) ?? (await endOfUnknown(jobId))
        if (end !== undefined) await catalog.asPartition.endPart(jobId, end)
      }
      await catalog.asPartition.purgeEnded()
    }
  }

  async function endOfUnknown(jobId: string): Promise<JobEnd | undefined> {
    const isKnown = (await control.asControl.datastoreOf(jobId)) !== undefined
    return isKnown ? undefined : { jobStatus: 'FAILED', endedAt: control.now() }
  }

  return {
    beginStoring: (request) => jobs.beginStoring(request),
    submit: (request) => jobs.submit(request),
    get: (job) => jobs.get(job),
    list: (request) => jobs.list(request),
    async claim(request) {
      let away: StoreUnavailable | undefined
      for (;;) {
        const claimed = await jobs.claim(request)
        if (claimed === undefined) break
        const lease = { jobId: claimed.jobId, owner: request.owner }
        try {
          await parts.takeOver(lease)
          return claimed
        } catch (error) {
          if (!(error instanceof StoreUnavailable)) throw error
          // Jobs of other partitions do not wait for it.
          await jobs.release(lease, request.now + AWAY_MS)
          away = error
        }
      }
      if (away !== undefined) throw away
      await endParts()
      return undefined
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
    record: (lease, files, digests) => parts.record(lease, files, digests),
    recordAndPublish: (lease, batch) => parts.recordAndPublish(lease, batch),
    publish: (...publication) => parts.publish(...publication),
    async unpublishedGroups(jobId, limit) {
      const partitions = await partitionsOf(jobId)
      if (partitions === undefined || isInControl(partitions)) return jobs.unpublishedGroups(jobId, limit)
      const found: UnpublishedGroups[number][] = []
      for (const partition of partitions) {
        if (found.length >= limit) break
        const some = await partition.catalog.importJobs.unpublishedGroups(jobId, limit - found.length)
        found.push(...some.map((group) => ({ ...group, groupId: numberIn(partition, group.groupId) })))
      }
      return found
    },
    // A study that has moved and is not known to have seems new, until the partition is asked to record something of it.
    async versionsToExtend(datastoreId, groupings) {
      const partitions = await placement.of(datastoreId)
      const found: VersionsToExtend[number][] = groupings.map(() => undefined)
      const byPartition = Map.groupBy(groupings.entries(), ([, { StudyInstanceUID }]) =>
        studies.expected(partitions, { datastoreId, studyInstanceUID: StudyInstanceUID }),
      )
      for (const [{ catalog }, some] of byPartition) {
        const versions = await catalog.importJobs.versionsToExtend(
          datastoreId,
          some.map(([, grouping]) => grouping),
        )
        for (const [index, [at]] of some.entries()) found[at] = versions[index]
      }
      return found
    },
    async nextVersions(jobId, groups) {
      const partitions = await partitionsOf(jobId)
      if (partitions === undefined || isInControl(partitions)) return jobs.nextVersions(jobId, groups)
      const found = new Map<number, NextVersions[number]>()
      for (const [{ catalog }, some] of groupsByPartition(partitions, groups)) {
        const versions = await catalog.importJobs.nextVersions(jobId, some.map(groupInside))
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
    finish: (lease, end) => parts.finish(lease, end),
  }
}
