/**
 * Bytes first, then one transaction: gathers stored files into one blob after another and records each batch once its blob is
 * durable. One fsync thus covers many small files. While one batch is made durable the next is gathered.
 */
import type { ImportApp } from '../app.ts'
import type { FailedFile, ImportJob, Lease, MetadataPlace, StoredFile } from '../stores/catalog.ts'
import type { MetadataBytes } from './describe-instance.ts'
import { gathered } from './gathered.ts'

/** A file that will be stored, before it is known where. */
export type FileToStore = Omit<StoredFile, 'blobKey' | 'offsetBytes' | 'sizeBytes' | 'outcome' | 'metadata'>

/** A blob to be: the files' bytes one after the other, and behind them their metadata, which is read together later. */
interface Batch {
  readonly key: string
  readonly chunks: Uint8Array[]
  readonly metadataChunks: Uint8Array[]
  /** The metadata places of its files count from where the metadata begins. */
  readonly files: (StoredFile | FailedFile)[]
  sizeBytes: number
  metadataSizeBytes: number
}

export class BatchWriter {
  readonly #app: ImportApp
  readonly #job: ImportJob
  readonly #lease: Lease
  #batch: Batch
  #writing: Promise<void> = Promise.resolve()

  constructor(app: ImportApp, work: { readonly job: ImportJob; readonly lease: Lease }) {
    this.#app = app
    this.#job = work.job
    this.#lease = work.lease
    this.#batch = this.#newBatch()
  }

  async add(file: FileToStore, { bytes, metadata }: { bytes: Uint8Array; metadata: MetadataBytes }): Promise<void> {
    const batch = this.#batch
    batch.files.push({
      ...file,
      outcome: 'stored',
      blobKey: batch.key,
      offsetBytes: batch.sizeBytes,
      sizeBytes: bytes.length,
      metadata: this.#keep(metadata),
    })
    batch.chunks.push(bytes)
    batch.sizeBytes += bytes.length
    await this.#flushIfFull()
  }

  async addFailed(file: FailedFile): Promise<void> {
    this.#batch.files.push(file)
    await this.#flushIfFull()
  }

  /** For a file too large to hold: its bytes already lie in a blob of their own. */
  async addInOwnBlob(
    file: FileToStore,
    blob: { readonly key: string; readonly sizeBytes: number; readonly metadata: MetadataBytes },
  ): Promise<void> {
    const { key: blobKey, sizeBytes } = blob
    const metadata = this.#keep(blob.metadata)
    this.#batch.files.push({ ...file, outcome: 'stored', blobKey, offsetBytes: 0, sizeBytes, metadata })
    await this.#flushIfFull()
  }

  #keep({ entry, levels }: MetadataBytes): MetadataPlace {
    const batch = this.#batch
    const place = {
      blobKey: batch.key,
      offsetBytes: batch.metadataSizeBytes,
      entryBytes: entry.length,
      levelsBytes: levels.length,
    }
    batch.metadataChunks.push(entry, levels)
    batch.metadataSizeBytes += entry.length + levels.length
    return place
  }

  #newBatch(): Batch {
    const key = this.#newBlobKey()
    return { key, chunks: [], metadataChunks: [], files: [], sizeBytes: 0, metadataSizeBytes: 0 }
  }

  /** Under the job's own folder, so that a job that goes on after a crash finds what it had written and not recorded. */
  #newBlobKey(): string {
    return `${blobFolder(this.#job)}${this.#app.newId()}`
  }

  ownBlobKey(): string {
    return this.#newBlobKey()
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

  async #write({ key, chunks, metadataChunks, files, sizeBytes }: Batch): Promise<void> {
    if (metadataChunks.length > 0) await this.#app.blobs.put(key, gathered([...chunks, ...metadataChunks]))
    const placed = files.map((file) =>
      file.outcome === 'stored' && file.metadata !== undefined
        ? { ...file, metadata: { ...file.metadata, offsetBytes: sizeBytes + file.metadata.offsetBytes } }
        : file,
    )
    await this.#app.catalog.importJobs.record(this.#lease, placed)
  }
}

export const blobFolder = (job: Pick<ImportJob, 'datastoreId' | 'jobId'>): string => `${job.datastoreId}/${job.jobId}/`
