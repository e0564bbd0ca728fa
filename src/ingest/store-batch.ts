/**
 * Bytes first, then one transaction: gathers stored files into one blob after another and records each batch once its blob is
 * durable. One fsync thus covers many small files. While one batch is made durable the next is gathered.
 */
import type { ImportApp } from '../app.ts'
import { type BufferPool, free } from '../pixel-data/threads/buffer-pool.ts'
import type { BlobDigest } from '../stores/blobs/blob-store.ts'
import { encodeFrameTable, type FrameRange } from '../stores/blobs/frame-table.ts'
import type { FramesPlace, MetadataPlace } from '../stores/catalog/image-set-records.ts'
import type { ImportJob, Lease, RecordedFile, StoredFile } from '../stores/catalog/import-job-repository.ts'
import { coalesced } from './coalesce-chunks.ts'
import type { MetadataBytes } from './describe-instance.ts'
import { type FramesToKeep, type HeldFrames, onlyRange } from './file-frames.ts'
import type { DescribedFile } from './read-file.ts'

/** A blob to be: the files' bytes, each followed by its frames, and behind them all their metadata, which is read together later. */
interface Batch {
  readonly key: string
  readonly chunks: Uint8Array[]
  readonly metadataChunks: Uint8Array[]
  /** The metadata places of its files count from where the metadata begins. */
  readonly files: RecordedFile[]
  /** Of the blobs that its files and their frames lie in. */
  readonly digests: Map<string, BlobDigest>
  /** Of the files, to be given back. */
  readonly lent: Uint8Array<ArrayBuffer>[]
  /** Of the frames, which nobody uses any more either. */
  readonly frames: Uint8Array<ArrayBuffer>[]
  sizeBytes: number
  metadataSizeBytes: number
}

type PlaceOfFile = Pick<StoredFile, 'blobKey' | 'offsetBytes' | 'sizeBytes'>

export class BatchWriter {
  readonly #app: ImportApp
  readonly #job: ImportJob
  readonly #lease: Lease
  readonly #buffers: BufferPool
  #batch: Batch
  #writing: Promise<void> = Promise.resolve()

  constructor(app: ImportApp, work: { readonly job: ImportJob; readonly lease: Lease; readonly buffers: BufferPool }) {
    this.#app = app
    this.#job = work.job
    this.#lease = work.lease
    this.#buffers = work.buffers
    this.#batch = this.#newBatch()
  }

  /** @param file whose memory is given back once it is stored */
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

  /** A file that failed or was skipped. */
  async addUnstored(file: Exclude<RecordedFile, StoredFile>): Promise<void> {
    this.#batch.files.push(file)
    await this.#flushIfFull()
  }

  /** For a file too large to hold: its bytes already lie in a blob of their own. */
  async addInOwnBlob(
    key: string,
    { blobKey, digest, described }: { blobKey: string; digest: BlobDigest; described: DescribedFile },
  ): Promise<void> {
    this.#batch.digests.set(blobKey, digest)
    await this.#addStored(key, described, { blobKey, offsetBytes: 0, sizeBytes: digest.sizeBytes })
  }

  async #addStored(key: string, { instance, metadata, frames }: DescribedFile, place: PlaceOfFile): Promise<void> {
    this.#batch.files.push({
      ...{ key, ...instance, outcome: 'stored', ...place, metadata: this.#keep(metadata) },
      ...(frames === undefined ? {} : { frames: this.#placeFrames(frames, place) }),
    })
    await this.#flushIfFull()
  }

  #placeFrames(frames: FramesToKeep, file: PlaceOfFile): FramesPlace {
    if (frames.kind === 'placed') {
      this.#batch.digests.set(frames.place.blobKey, frames.digest)
      return frames.place
    }
    const { chunks, frames: inTable, ...counted } = frames.held
    const start = this.#batch.sizeBytes
    this.#append(chunks)
    for (const chunk of chunks) this.#batch.frames.push(chunk)
    return { ...counted, ...this.#placeRanges(inTable, { start, file }) }
  }

  #placeRanges(frames: HeldFrames['frames'], { start, file }: { start: number; file: PlaceOfFile }) {
    const blobKey = this.#batch.key
    const only = onlyRange(frames)
    if (only !== undefined) {
      const { offsetBytes, lengthBytes: sizeBytes } = only
      const rest = { sizeBytes, holds: 'frame' as const, checksum: frames[0]!.checksum }
      return only.in === 'file'
        ? { blobKey: file.blobKey, offsetBytes: file.offsetBytes + offsetBytes, ...rest }
        : { blobKey, offsetBytes: start + offsetBytes, ...rest }
    }
    const placed = (range: FrameRange) =>
      range.in === 'blob' ? { ...range, offsetBytes: start + range.offsetBytes } : range
    const table = encodeFrameTable(frames.map((frame) => ({ ...frame, ranges: frame.ranges.map(placed) })))
    const offsetBytes = this.#batch.sizeBytes
    this.#append([table])
    return { blobKey, offsetBytes, sizeBytes: table.length, holds: 'table' as const }
  }

  #append(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) {
      this.#batch.chunks.push(chunk)
      this.#batch.sizeBytes += chunk.length
    }
  }

  #keep({ instanceMetadata, imageSetAttributes }: MetadataBytes): MetadataPlace {
    const batch = this.#batch
    const place = {
      blobKey: batch.key,
      offsetBytes: batch.metadataSizeBytes,
      entryBytes: instanceMetadata.length,
      levelsBytes: imageSetAttributes.length,
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

  /** Everything added so far is durable and recorded once this returns. */
  async flush(): Promise<void> {
    await this.#startWriting()
    await this.#writing
  }

  async #flushIfFull(): Promise<void> {
    const { importBlobBytes, importFilesPerBatch } = this.#app.limits
    const { sizeBytes, metadataSizeBytes, files } = this.#batch
    if (sizeBytes + metadataSizeBytes >= importBlobBytes || files.length >= importFilesPerBatch) {
      await this.#startWriting()
    }
  }

  async #startWriting(): Promise<void> {
    await this.#writing
    if (this.#batch.files.length === 0) return
    this.#writing = this.#write(this.#batch)
    // Awaited by the next batch or by flush(); until then a rejection is not unhandled.
    this.#writing.catch(() => {})
    this.#batch = this.#newBatch()
  }

  async #write({ key, chunks, metadataChunks, files, digests, sizeBytes, ...used }: Batch): Promise<void> {
    if (chunks.length + metadataChunks.length > 0) {
      digests.set(key, await this.#app.blobs.put(key, coalesced([...chunks, ...metadataChunks])))
    }
    for (const bytes of used.lent) this.#buffers.giveBack(bytes)
    for (const { buffer } of used.frames) free(buffer)
    const placed = files.map((file) =>
      file.outcome === 'stored' && file.metadata !== undefined
        ? { ...file, metadata: { ...file.metadata, offsetBytes: sizeBytes + file.metadata.offsetBytes } }
        : file,
    )
    await this.#app.catalog.importJobs.record(this.#lease, placed, digests)
  }
}

export const blobFolder = (job: Pick<ImportJob, 'datastoreId' | 'jobId'>): string => `${job.datastoreId}/${job.jobId}/`

/** Under the job's own folder, so that a job that goes on after a crash finds what it had written and not recorded. */
export const newBlobKey = (app: Pick<ImportApp, 'newId'>, job: ImportJob): string => `${blobFolder(job)}${app.newId()}`
