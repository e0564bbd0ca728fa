/**
 * Publishes the image sets of a job, some groups at a time: first their metadata documents in one blob (group-documents.ts), then versions,
 * instances and search rows in transactions. A document contains every instance of its version and is made from the version before. If
 * another job publishes a version first, or an attribute is declared searchable, nothing is published and the documents are made again.
 */
import { setTimeout } from 'node:timers/promises'
import type { ImportApp } from '../app.ts'
import { DeclarationsChanged } from '../stores/catalog/declared-attribute-repository.ts'
import { ImageSetChanged, ImageSetLocked, type UnpublishedGroup } from '../stores/catalog/image-set-records.ts'
import type { ImportJob, Lease } from '../stores/catalog/import-job-repository.ts'
import type { GrowingDocuments } from '../versions/growing-documents.ts'
import { type WrittenDocuments, writeGroupDocuments } from './group-documents.ts'
import type { Turn } from './turn.ts'

/** Groups whose documents share a blob, and so an fsync. */
const GROUPS_PER_BLOB = 1_000
/** Exceeded only by a group that has more by itself. */
const FILES_PER_BLOB = 20_000
/** Enough to share a commit and the writing of index leaves, few enough for other writers to be served in between. */
const GROUPS_PER_TRANSACTION = 100

/** Updates and copies usually take a fraction of a second. */
const RETRY_LOCKED_MS = 100

interface Publishing {
  readonly app: ImportApp
  readonly job: ImportJob
  readonly lease: Lease
  /** Aborted when the worker stops or its lease is lost. */
  readonly signal: AbortSignal
  /** Of the image sets that the job has extended before. */
  readonly growing?: GrowingDocuments | undefined
  /** Of store requests there is none. */
  readonly turn?: Turn
}

/** @throws StoreUnavailable, the reason of the signal */
export async function publishGroups(publishing: Publishing): Promise<'published' | 'turn-over'> {
  const { app, job, signal, turn } = publishing
  for (;;) {
    const groups = ofFewFiles(await app.catalog.importJobs.unpublishedGroups(job.jobId, GROUPS_PER_BLOB))
    if (groups.length === 0) return 'published'
    if (turn?.isOver === true) return 'turn-over'
    signal.throwIfAborted()
    const documents = await writeGroupDocuments(publishing, groups)
    const published = await publishAll(publishing, { groups, documents })
    if (published > 0) turn?.progressed()
    else if (!(await isRecorded(app, documents.blobKey))) await app.blobs.remove([documents.blobKey])
  }
}

/** One of several partitions may have published its groups before another refused to. */
const isRecorded = async ({ catalog }: ImportApp, blobKey: string): Promise<boolean> =>
  (await catalog.blobs.get([blobKey])).length > 0

/**
 * Stops at the first group whose image set has another version by now, or is locked by a workflow, or when attributes have been declared.
 * @returns how many groups were published
 */
async function publishAll(
  { app, lease, signal, growing }: Publishing,
  { groups, documents }: { readonly groups: readonly UnpublishedGroup[]; readonly documents: WrittenDocuments },
): Promise<number> {
  for (let start = 0; start < groups.length; start += GROUPS_PER_TRANSACTION) {
    signal.throwIfAborted()
    const some = groups.slice(start, start + GROUPS_PER_TRANSACTION)
    try {
      const generated = await app.catalog.importJobs.publish(lease, some, app.clock(), documents)
      generated.forEach(({ imageSetId, imageSetVersion: version }, index) => {
        const grown = documents.grown.get(some[index]!.groupId)
        if (grown !== undefined) growing?.keep({ imageSetId, version }, grown)
      })
    } catch (cause) {
      if (cause instanceof ImageSetLocked) await setTimeout(RETRY_LOCKED_MS)
      else if (!(cause instanceof ImageSetChanged || cause instanceof DeclarationsChanged)) throw cause
      return start
    }
  }
  return groups.length
}

function ofFewFiles(groups: readonly UnpublishedGroup[]): readonly UnpublishedGroup[] {
  let files = 0
  const tooMany = groups.findIndex((group) => {
    files += group.files
    return files > FILES_PER_BLOB
  })
  return tooMany === -1 ? groups : groups.slice(0, Math.max(tooMany, 1))
}
