/**
 * The metadata documents of the groups of a job, written to one blob: for each group the document of the version that it will become, made
 * from the version before and the new files. Documents are joined while the blob is written, one at a time.
 */
import { setImmediate } from 'node:timers/promises'
import type { ImportApp } from '../app.ts'
import { coalesced } from '../ingest/coalesce-chunks.ts'
import { newBlobKey } from '../ingest/job-blob-keys.ts'
import type { GroupDocument, GroupDocuments, UnpublishedGroup } from '../stores/catalog/image-set-records.ts'
import type { ImportJob } from '../stores/catalog/import-job-repository.ts'
import type { GrowingDocument, GrowingDocuments } from '../versions/growing-documents.ts'
import { DocumentJoiner } from '../versions/join-document.ts'
import { groupDocument } from './group-document.ts'

export interface WrittenDocuments extends GroupDocuments {
  /** By groupId: to be kept when the group is published. Without those that are too large. */
  readonly grown: ReadonlyMap<number, GrowingDocument>
}

/**
 * @param growing of image sets that the job has extended
 * @returns where the document of each group is; the blob is durable
 */
export async function writeGroupDocuments(
  {
    app,
    job,
    growing,
  }: { readonly app: ImportApp; readonly job: ImportJob; readonly growing?: GrowingDocuments | undefined },
  groups: readonly UnpublishedGroup[],
): Promise<WrittenDocuments> {
  const blobKey = newBlobKey(app, job)
  const byGroup = new Map<number, GroupDocument>()
  const grown = new Map<number, GrowingDocument>()
  const declared = await app.catalog.declaredAttributes.declared(job.datastoreId)
  const writing = { app, job, joiner: new DocumentJoiner(app), declared, growing }
  async function* documents(): AsyncGenerator<Uint8Array> {
    let offsetBytes = 0
    for (const version of await app.catalog.importJobs.nextVersions(job.jobId, groups)) {
      const written = yield* groupDocument(writing, version)
      const { body, sizeBytes, attributesSizeBytes, declaredTexts, warnings } = written
      byGroup.set(version.groupId, {
        ...{ ...body, base: version.base, offsetBytes, sizeBytes, declaredTexts, warnings },
        attributes:
          attributesSizeBytes === 0
            ? undefined
            : { offsetBytes: offsetBytes + sizeBytes, sizeBytes: attributesSizeBytes },
      })
      if (written.grown !== undefined) grown.set(version.groupId, written.grown)
      offsetBytes += sizeBytes + attributesSizeBytes
      // In testing.ts imports run in the thread of the server: it serves requests between two documents.
      await setImmediate()
    }
  }
  const digest = await app.blobs.put(blobKey, coalesced(documents()))
  return { blobKey, digest, byGroup, revision: declared.revision, grown }
}
