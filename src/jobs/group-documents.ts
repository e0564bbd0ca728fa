/**
 * The metadata documents of the groups of a job, written to one blob: for each group the document of the version that it will become, made
 * from the version before and the new files. Documents are joined while the blob is written, one at a time.
 */
import { setImmediate } from 'node:timers/promises'
import { coalesced } from '../ingest/coalesce-chunks.ts'
import { newBlobKey } from '../ingest/job-blob-keys.ts'
import type {
  GroupDocument,
  GroupDocuments,
  NextVersion,
  UnpublishedGroup,
} from '../stores/catalog/image-set-records.ts'
import type { GrowingDocument } from '../versions/growing-documents.ts'
import { DocumentJoiner } from '../versions/join-document.ts'
import { groupDocument, type WritingDocuments } from './group-document.ts'

export interface WrittenDocuments extends GroupDocuments {
  /** By groupId: to be kept when the group is published. Without those that are too large. */
  readonly grown: ReadonlyMap<number, GrowingDocument>
}

/**
 * @param growing of image sets that the job has extended
 * @returns where the document of each group is; the blob is durable
 */
export async function writeGroupDocuments(
  { app, job, growing }: Pick<WritingDocuments, 'app' | 'job' | 'growing'>,
  groups: readonly UnpublishedGroup[],
): Promise<WrittenDocuments> {
  const blobKey = newBlobKey(app, job)
  const declared = await app.catalog.declaredAttributes.declared(job.datastoreId)
  const joiner = new DocumentJoiner(app)
  const documents = new DocumentsInBlob({ app, job, joiner, declared, growing })
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield* documents.bytes(await app.catalog.importJobs.nextVersions(job.jobId, groups))
  }
  const digest = await app.blobs.put(blobKey, coalesced(bytes()))
  return { blobKey, digest, revision: declared.revision, byGroup: documents.byGroup, grown: documents.grown }
}

/** Documents that follow one another in a blob. */
export class DocumentsInBlob {
  readonly #writing: WritingDocuments
  readonly byGroup = new Map<number, GroupDocument>()
  readonly grown = new Map<number, GrowingDocument>()

  constructor(writing: WritingDocuments) {
    this.#writing = writing
  }

  /** @param offsetBytes where they begin in the blob */
  async *bytes(versions: readonly NextVersion[], offsetBytes = 0): AsyncGenerator<Uint8Array> {
    let at = offsetBytes
    for (const version of versions) {
      const written = yield* groupDocument(this.#writing, version)
      const { body, sizeBytes, attributesSizeBytes, declaredTexts, warnings } = written
      this.byGroup.set(version.groupId, {
        ...{ ...body, base: version.base, offsetBytes: at, sizeBytes, declaredTexts, warnings },
        attributes:
          attributesSizeBytes === 0 ? undefined : { offsetBytes: at + sizeBytes, sizeBytes: attributesSizeBytes },
      })
      if (written.grown !== undefined) this.grown.set(version.groupId, written.grown)
      at += sizeBytes + attributesSizeBytes
      // In testing.ts imports run in the thread of the server: it serves requests between two documents.
      await setImmediate()
    }
  }
}
