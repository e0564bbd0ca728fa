/**
 * Bytes first, then one transaction: gathers stored files into one blob after another and records each batch once its blob is
 * durable. One fsync thus covers many small files. While one batch is made durable the next is gathered.
 */
import type { ImportApp } from '../app.ts'
import type { FailedFile, ImportJob, Lease, StoredFile } from '../stores/catalog.ts'

/** A file that will be stored, before it is known where. */
export type FileToStore = Omit<StoredFile, 'blobKey' | 'offsetBytes' | 'sizeBytes' | 'outcome'>

export class BatchWriter {
  readonly #app: ImportApp
  readonly #job: ImportJob
  readonly #lease: Lease
  #chunks: Uint8Array[] = []
  #sizeBytes = 0
  #files: (StoredFile | FailedFile)[] = []
  #blobKey: string
  #writing: Promise<void> = Promise.resolve()

  constructor(app: ImportApp, work: { readonly job: ImportJob; readonly lease: Lease }) {
    this.#app = app
    this.#job = work.job
    this.#lease = work.lease
    this.#blobKey = this.#newBlobKey()
  }

  async add(file: FileToStore, bytes: Uint8Array): Promise<void> {
    this.#files.push({
      ...file,
      outcome: 'stored',
      blobKey: this.#blobKey,
      offsetBytes: this.#sizeBytes,
      sizeBytes: bytes.length,
    })
    this.#chunks.push(bytes)
    this.#sizeBytes += bytes.length
    await this.#flushIfFull()
  }

  async addFailed(file: FailedFile): Promise<void> {
    this.#files.push(file)
    await this.#flushIfFull()
  }

  /** For a file too large to hold: its bytes already lie in a blob of their own. */
  async addInOwnBlob(file: FileToStore, blob: { readonly key: string; readonly sizeBytes: number }): Promise<void> {
    this.#files.push({ ...file, outcome: 'stored', blobKey: blob.key, offsetBytes: 0, sizeBytes: blob.sizeBytes })
    await this.#flushIfFull()
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
    if (this.#sizeBytes >= importBlobBytes || this.#files.length >= importFilesPerBatch) await this.#startWriting()
  }

  async #startWriting(): Promise<void> {
    await this.#writing
    if (this.#files.length === 0) return
    this.#writing = this.#write({ key: this.#blobKey, chunks: this.#chunks, files: this.#files })
    // Awaited by the next batch or by flush(); until then a rejection is not unhandled.
    this.#writing.catch(() => {})
    this.#chunks = []
    this.#sizeBytes = 0
    this.#files = []
    this.#blobKey = this.#newBlobKey()
  }

  async #write(batch: { key: string; chunks: Uint8Array[]; files: (StoredFile | FailedFile)[] }): Promise<void> {
    if (batch.chunks.length > 0) await this.#app.blobs.put(batch.key, chunksOf(batch.chunks))
    await this.#app.catalog.importJobs.record(this.#lease, batch.files)
  }
}

export const blobFolder = (job: Pick<ImportJob, 'datastoreId' | 'jobId'>): string => `${job.datastoreId}/${job.jobId}/`

async function* chunksOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}
