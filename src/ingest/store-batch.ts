/**
 * Writes the files of a job in batches: the bytes of a batch become one blob, and when the blob is durable, its files are recorded in one
 * transaction. One fsync thus serves many small files. The next batch fills while the last one is written. A batch is bounded by
 * `importBlobBytes` and `importFilesPerBatch`.
 */
import type { ImportApp } from '../app.ts'
import type { BufferPool } from '../pixel-data/threads/buffer-pool.ts'
import type { BlobDigest, BlobDigests } from '../stores/blobs/blob-store.ts'
import type { FramesRange, MetadataRange } from '../stores/catalog/image-set-records.ts'
import type { ImportJob, Lease, RecordedFile, StoredFile } from '../stores/catalog/import-job-repository.ts'
import { coalesced } from './coalesce-chunks.ts'
import type { DescribedFile } from './describe-file.ts'
import type { MetadataBytes } from './describe-instance.ts'
import type { StorableFrames } from './encode-file-frames.ts'
import { newBlobKey } from './job-blob-keys.ts'
import { placeFrames } from './place-frames.ts'

/** The blob of a batch: each file and its frames, then the metadata of all files, because it is read together later. */
interface Batch {
  readonly key: string
  readonly chunks: Uint8Array[]
  readonly metadataChunks: Uint8Array[]
  /** Offsets of metadata count from the first byte of the metadata. */
  readonly files: RecordedFile[]
  /** Of this blob, and of the blobs that large files and their frames were written to. */
  readonly digests: Map<string, BlobDigest>
  /** The memory of the files, lent by the pool. */
  readonly lent: Uint8Array<ArrayBuffer>[]
  /** The memory of the frames. */
  readonly frames: Uint8Array<ArrayBuffer>[]
  sizeBytes: number
  metadataSizeBytes: number
}

export interface WrittenBatch {
  readonly blobKey: string
  readonly files: readonly RecordedFile[]
  /** Of the files: the last bytes before those that are added. */
  readonly metadata: { readonly offsetBytes: number; readonly bytes: Uint8Array }
}

/** Publishes the files of a batch in the transaction that records them. */
export interface BatchPublication {
  /** The documents of the files, which are stored behind them. */
  documents(batch: WrittenBatch): AsyncIterable<Uint8Array>
  record(lease: Lease, files: readonly RecordedFile[], digests: BlobDigests): Promise<void>
}

type PlaceOfFile = Pick<StoredFile, 'blobKey' | 'offsetBytes' | 'sizeBytes'>

export class BatchWriter {
  readonly #app: ImportApp
  readonly #job: ImportJob
  readonly #lease: Lease
  readonly #buffers: BufferPool
  #batch: Batch
  #writing: Promise<void> = Promise.resolve()

  /** @param work.buffers the pool that lends the memory of files */
  constructor(app: ImportApp, work: { readonly job: ImportJob; readonly lease: Lease; readonly buffers: BufferPool }) {
    this.#app = app
    this.#job = work.job
    this.#lease = work.lease
    this.#buffers = work.buffers
    this.#batch = this.#newBatch()
  }

  /** Adds a file that is in memory. Its memory is given back when it is stored. */
  async add(
    key: string,
    { bytes, described }: { bytes: Uint8Array<ArrayBuffer>; described: DescribedFile },
  ): Promise<void> {
    const batch = this.#batch
    const place = { blobKey: batch.key, offsetBytes: batch.sizeBytes, sizeBytes: bytes.length }
    this.#append([bytes])
    batch.lent.push(bytes)
    await this.#addStored(key, described, place)
  }

  /** Adds a file that failed or was skipped. */
  async addUnstored(file: Exclude<RecordedFile, StoredFile>): Promise<void> {
    this.#batch.files.push(file)
    await this.#flushIfFull()
  }

  /** Adds a large file, whose bytes are in a blob of their own already. */
  async addInOwnBlob(
    key: string,
    { blobKey, digest, described }: { blobKey: string; digest: BlobDigest; described: DescribedFile },
  ): Promise<void> {
    this.#batch.digests.set(blobKey, digest)
    await this.#addStored(key, described, { blobKey, offsetBytes: 0, sizeBytes: digest.sizeBytes })
  }

  async #addStored(key: string, { instance, metadata, frames }: DescribedFile, place: PlaceOfFile): Promise<void> {
    this.#batch.files.push({
      ...{ key, ...instance, outcome: 'stored', ...place, metadata: this.#addMetadata(metadata) },
      ...(frames === undefined ? {} : { frames: this.#addFrames(frames, place) }),
    })
    await this.#flushIfFull()
  }

  #addFrames(frames: StorableFrames, file: PlaceOfFile): FramesRange {
    const batch = this.#batch
    if (frames.kind === 'written') {
      batch.digests.set(frames.place.blobKey, frames.digest)
      return frames.place
    }
    const { summary, chunks, frames: tableFrames } = frames.content
    const startBytes = batch.sizeBytes
    this.#append(chunks)
    for (const chunk of chunks) batch.frames.push(chunk)
    const { place, table } = placeFrames({
      frames: tableFrames,
      ...{ blobKey: batch.key, startBytes, endBytes: batch.sizeBytes, file },
    })
    if (table !== undefined) this.#append([table])
    return { ...summary, ...place }
  }

  #append(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) {
      this.#batch.chunks.push(chunk)
      this.#batch.sizeBytes += chunk.length
    }
  }

  #addMetadata({ instanceMetadata, imageSetAttributes }: MetadataBytes): MetadataRange {
    const batch = this.#batch
    const place = {
      blobKey: batch.key,
      offsetBytes: batch.metadataSizeBytes,
      instanceMetadataBytes: instanceMetadata.length,
      imageSetAttributesBytes: imageSetAttributes.length,
    }
    batch.metadataChunks.push(instanceMetadata, imageSetAttributes)
    batch.metadataSizeBytes += instanceMetadata.length + imageSetAttributes.length
    return place
  }

  #newBatch(): Batch {
    const key = newBlobKey(this.#app, this.#job)
    const empty = { chunks: [], metadataChunks: [], files: [], digests: new Map(), lent: [], frames: [] }
    return { key, ...empty, sizeBytes: 0, metadataSizeBytes: 0 }
  }

  /**
   * When it returns, everything added so far is durable and recorded.
   * @param publicationOf is asked when all earlier batches are recorded
   */
  async flush(publicationOf?: () => BatchPublication | undefined): Promise<void> {
    await this.#startWriting(publicationOf)
    await this.#writing
  }

  async #flushIfFull(): Promise<void> {
    const { importBlobBytes, importFilesPerBatch } = this.#app.limits
    const { sizeBytes, metadataSizeBytes, files } = this.#batch
    if (sizeBytes + metadataSizeBytes >= importBlobBytes || files.length >= importFilesPerBatch) {
      await this.#startWriting()
    }
  }

  async #startWriting(publicationOf?: () => BatchPublication | undefined): Promise<void> {
    await this.#writing
    if (this.#batch.files.length === 0) return
    this.#writing = this.#write(this.#batch, publicationOf?.())
    // Awaited by the next batch or by flush(); until then a rejection is not unhandled.
    this.#writing.catch(() => {})
    this.#batch = this.#newBatch()
  }

  async #write(batch: Batch, publication: BatchPublication | undefined): Promise<void> {
    const { key: blobKey, chunks, metadataChunks, digests, sizeBytes, ...used } = batch
    const files = batch.files.map((file) =>
      file.outcome === 'stored'
        ? { ...file, metadata: { ...file.metadata, offsetBytes: sizeBytes + file.metadata.offsetBytes } }
        : file,
    )
    if (chunks.length + metadataChunks.length > 0) {
      const bytes =
        publication === undefined
          ? [...chunks, ...metadataChunks]
          : withDocuments(chunks, publication, {
              ...{ blobKey, files },
              metadata: { offsetBytes: sizeBytes, bytes: Buffer.concat(metadataChunks) },
            })
      digests.set(blobKey, await this.#app.blobs.put(blobKey, coalesced(bytes)))
    }
    for (const bytes of used.lent) this.#buffers.giveBack(bytes)
    for (const bytes of used.frames) this.#app.frames.giveBack(bytes)
    await (publication ?? this.#app.catalog.importJobs).record(this.#lease, files, digests)
  }
}

async function* withDocuments(
  chunks: readonly Uint8Array[],
  publication: BatchPublication,
  batch: WrittenBatch,
): AsyncGenerator<Uint8Array> {
  yield* chunks
  yield batch.metadata.bytes
  yield* publication.documents(batch)
}
