/**
 * Publishes the files of a small batch at once: the documents are behind the files in their blob, and one transaction records and publishes.
 * If another job has changed an image set meanwhile, or locked it, the files are only recorded, to be published by publish-groups.ts.
 */
import type { ImportApp } from '../app.ts'
import { groupingKey } from '../imaging/grouping.ts'
import type { BatchPublication, WrittenBatch } from '../ingest/store-batch.ts'
import type { BlobDigests } from '../stores/blobs/blob-store.ts'
import { DeclarationsChanged, type Declared } from '../stores/catalog/declared-attribute-repository.ts'
import {
  ImageSetChanged,
  ImageSetLocked,
  type NextVersion,
  type UnpublishedGroup,
} from '../stores/catalog/image-set-records.ts'
import type { ImportJob, Lease, RecordedFile, StoredFile } from '../stores/catalog/import-job-repository.ts'
import type { GrowingDocuments } from '../versions/growing-documents.ts'
import { DocumentJoiner } from '../versions/join-document.ts'
import { DocumentsInBlob } from './group-documents.ts'

interface Publishing {
  readonly app: ImportApp
  readonly job: ImportJob
  readonly growing: GrowingDocuments
}

export class SmallBatch implements BatchPublication {
  readonly #publishing: Publishing
  #groups: readonly UnpublishedGroup[] = []
  #written: { readonly blobKey: string; readonly declared: Declared; readonly documents: DocumentsInBlob } | undefined

  constructor(publishing: Publishing) {
    this.#publishing = publishing
  }

  async *documents({ blobKey, files, metadata }: WrittenBatch): AsyncGenerator<Uint8Array> {
    const { app, job, growing } = this.#publishing
    const byKey = Map.groupBy(
      files.filter((file) => file.outcome === 'stored'),
      ({ grouping }) => groupingKey(grouping),
    )
    // The numbers that the groups get are not known yet.
    this.#groups = [...byKey.values()].map((some, groupId) => {
      return { groupId, elements: some[0]!.grouping, files: some.length }
    })
    const elements = this.#groups.map((group) => group.elements)
    const bases = await app.catalog.importJobs.versionsToExtend(job.datastoreId, elements)
    const declared = await app.catalog.declaredAttributes.declared(job.datastoreId)
    const joiner = new DocumentJoiner(app, { blobKey, ...metadata })
    const documents = new DocumentsInBlob({ app, job, joiner, declared, growing })
    this.#written = { blobKey, declared, documents }
    const versions = [...byKey.values()].map((some, groupId): NextVersion => {
      return { groupId, base: bases[groupId], added: lastOfEach(some) }
    })
    yield* documents.bytes(versions, metadata.offsetBytes + metadata.bytes.length)
  }

  async record(lease: Lease, files: readonly RecordedFile[], digests: BlobDigests): Promise<void> {
    const { app, growing } = this.#publishing
    const { importJobs } = app.catalog
    // No file of the batch is stored.
    if (this.#written === undefined) return importJobs.record(lease, files, digests)
    const { blobKey, declared, documents } = this.#written
    const { byGroup, grown } = documents
    const ofGroups = {
      blobKey,
      digest: digests.get(blobKey)!,
      byGroup,
      revision: declared.revision,
      groups: this.#groups,
    }
    try {
      const at = app.clock()
      const generated = await importJobs.recordAndPublish(lease, { files, digests, documents: ofGroups, at })
      for (const [groupId, document] of grown) {
        const { imageSetId, imageSetVersion: version } = generated[groupId]!
        growing.keep({ imageSetId, version }, document)
      }
    } catch (cause) {
      const isLate = [ImageSetChanged, ImageSetLocked, DeclarationsChanged].some((late) => cause instanceof late)
      if (!isLate) throw cause
      await importJobs.record(lease, files, digests)
    }
  }
}

/** Of files with the same SOPInstanceUID, in the order of their keys. */
function lastOfEach(files: readonly StoredFile[]): NextVersion['added'] {
  const last = new Map(files.map((file) => [file.sopInstanceUID, file]))
  return files
    .filter((file) => last.get(file.sopInstanceUID) === file)
    .map((file) => ({ ...file, frames: file.frames }))
}
