/**
 * The job that the store requests of one data store share for some seconds. It is an import job without a bucket: files are recorded under
 * its lease, and published together. If its server stops, another worker publishes what was recorded (run-import.ts).
 */
import type { ImportApp } from '../../app.ts'
import { ContractError } from '../../contract/errors.ts'
import type { ImportContext } from '../../ingest/import-context.ts'
import { newBlobKey } from '../../ingest/job-blob-keys.ts'
import { type OneAtATime, oneAtATime } from '../../ingest/one-at-a-time.ts'
import type { FileRead } from '../../ingest/read-file.ts'
import { BatchWriter } from '../../ingest/store-batch.ts'
import { type FileOutcome, storeFile } from '../../ingest/store-file.ts'
import { BufferPool } from '../../pixel-data/threads/buffer-pool.ts'
import { type ImportJob, type Lease, LeaseLost } from '../../stores/catalog/import-job-repository.ts'
import { bucketOf } from '../../stores/locations/locations.ts'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import { GrowingDocuments } from '../../versions/growing-documents.ts'
import { SmallBatch } from '../publish-batch.ts'
import { publishGroups } from '../publish-groups.ts'
import { Together } from './together.ts'

/** For the documents of its image sets, in addition to the memory of received files. */
const DOCUMENTS_SHARE = 1 / 4

export class StoringJob {
  readonly #app: ImportApp
  readonly #job: ImportJob
  readonly #lease: Lease
  readonly #buffers: BufferPool
  readonly #growing: GrowingDocuments
  readonly #writer: BatchWriter
  readonly #stopping = new AbortController()
  readonly #renewal: NodeJS.Timeout
  readonly context: ImportContext
  /** One file at a time is added to a batch, in the order of their keys. */
  readonly #adding = oneAtATime()
  /** No file is recorded while groups are published: their documents name all files that were recorded before. */
  readonly #recording = oneAtATime()
  /** One publication at a time: requests that end during it share the next one. */
  readonly #publishing = oneAtATime()
  readonly #together = new Together()
  #nextPublication: Promise<void> | undefined
  #failure: unknown
  #files = 0
  #isPublished = true
  /** Files are recorded that are not published. */
  #isRecorded = false
  /** Requests that use it. */
  users = 0

  private constructor(
    app: ImportApp,
    job: ImportJob,
    lease: Lease,
    shared: Pick<ImportContext, 'format' | 'runAlone'>,
  ) {
    this.#app = app
    this.#job = job
    this.#lease = lease
    this.#buffers = new BufferPool({ keptBytesMax: app.limits.importReadAheadBytes / 4 })
    this.#growing = new GrowingDocuments({ limitBytes: app.limits.storeMemoryBytes * DOCUMENTS_SHARE })
    this.#writer = new BatchWriter(this.#recordingInTurn(app), { job, lease, buffers: this.#buffers })
    this.context = {
      ...{ app, ...shared, buffers: this.#buffers, signal: this.#stopping.signal },
      // Received files are in memory, or in blobs of this job.
      input: { bucket: bucketOf(app.blobs), prefix: `${job.datastoreId}/${job.jobId}/` },
      metadata: { override: async (file) => ({ file, warnings: [] }) },
      newBlobKey: () => newBlobKey(app, job),
    }
    const { importLeaseMs } = app.limits
    this.#renewal = setInterval(() => {
      app.catalog.importJobs.renew(lease, app.clock() + importLeaseMs).catch((cause: unknown) => {
        if (cause instanceof LeaseLost) this.#fail(cause)
        else app.log.warn({ err: cause, jobId: job.jobId }, 'the lease of store requests could not be renewed')
      })
    }, importLeaseMs / 3)
  }

  /** @throws ContractError if the data store is not ACTIVE, StoreUnavailable */
  static async begin(
    app: ImportApp,
    request: { readonly datastoreId: string; readonly owner: string } & Pick<ImportContext, 'runAlone'>,
  ): Promise<StoringJob> {
    const { datastoreId, owner, runAlone } = request
    const { catalog, clock, limits, newId } = app
    const datastore = await catalog.datastores.get(datastoreId, { deletedSince: clock() - limits.deletedDatastoreMs })
    if (datastore === undefined) throw absent(datastoreId)
    const lease: Lease = { jobId: newId(), owner }
    const at = clock()
    const begun = await catalog.importJobs.beginStoring({
      ...{ lease, datastoreId, at, leaseUntil: at + limits.importLeaseMs },
    })
    if (begun === 'datastore-absent') throw absent(datastoreId)
    if (begun === 'datastore-not-active') {
      throw new ContractError('ConflictException', `Data store ${datastoreId} is not ACTIVE`)
    }
    const job: ImportJob = {
      ...{ jobId: lease.jobId, datastoreId, jobName: undefined, jobStatus: 'IN_PROGRESS', dataAccessRoleArn: '' },
      ...{ inputS3Uri: '', outputS3Uri: '', importConfiguration: undefined, message: undefined },
      ...{ submittedAt: at, endedAt: undefined },
      ...{ filesDone: 0, filesFailed: 0, filesSkipped: 0, filesFound: undefined },
    }
    return new StoringJob(app, job, lease, { format: datastore.losslessStorageFormat, runAlone })
  }

  /** No more requests may begin with it. */
  get isFull(): boolean {
    return this.#failure !== undefined || this.#files >= this.#app.limits.storeFilesPerJob
  }

  /** Durable, recorded and visible after the next publish(). @throws StoreUnavailable, LeaseLost */
  store(context: ImportContext, read: FileRead): Promise<FileOutcome> {
    return this.#unlessFailed(this.#adding, () => {
      this.#files += 1
      this.#isPublished = false
      const key = String(this.#files).padStart(12, '0')
      return storeFile({ context, writer: this.#writer }, key, read)
    })
  }

  /**
   * Requests that end at the same time share one publication.
   * @throws StoreUnavailable, LeaseLost
   */
  publish(): Promise<void> {
    this.#together.add()
    this.#nextPublication ??= this.#publishing(() => this.#publishNext())
    return this.#nextPublication
  }

  async #publishNext(): Promise<void> {
    await this.#together.ready()
    const publishing = { app: this.#recordingInTurn(this.#app), job: this.#job, growing: this.#growing }
    await this.#unlessFailed(this.#adding, () => {
      this.#nextPublication = undefined
      this.#together.begin()
      this.#isPublished = true
      // Files that were recorded before are in the same documents.
      return this.#writer.flush(() => (this.#isRecorded ? undefined : new SmallBatch(publishing)))
    })
    if (this.#isRecorded) {
      const { signal } = this.#stopping
      await this.#unlessFailed(this.#recording, async () => {
        await publishGroups({ ...publishing, app: this.#app, lease: this.#lease, signal })
        this.#isRecorded = false
      })
    }
    this.#together.end()
  }

  /** To be called once, when no request uses it. */
  async end(): Promise<void> {
    try {
      if (this.#failure === undefined) {
        // Files of requests that were not answered.
        if (!this.#isPublished) await this.publish()
        const endedAt = this.#app.clock()
        await this.#app.catalog.importJobs.finish(this.#lease, { jobStatus: 'COMPLETED', message: undefined, endedAt })
      }
    } catch (cause) {
      this.#fail(cause)
    }
    clearInterval(this.#renewal)
    this.#buffers.empty()
    this.#growing.clear()
    if (this.#failure === undefined || this.#failure instanceof LeaseLost) return
    // A worker publishes what was recorded. If this fails too, the lease expires.
    await this.#app.catalog.importJobs.release(this.#lease, this.#app.clock()).catch(() => {})
  }

  #recordingInTurn(app: ImportApp): ImportApp {
    const { importJobs } = app.catalog
    const record: typeof importJobs.record = (...recorded) =>
      this.#unlessFailed(this.#recording, () => {
        this.#isRecorded = true
        return importJobs.record(...recorded)
      })
    return { ...app, catalog: { ...app.catalog, importJobs: { ...importJobs, record } } }
  }

  #unlessFailed<Result>(turn: OneAtATime, step: () => Promise<Result>): Promise<Result> {
    return turn(async () => {
      if (this.#failure !== undefined) throw this.#failure
      try {
        return await step()
      } catch (cause) {
        throw this.#fail(cause)
      }
    })
  }

  /** What was added since the last publication may be lost: every request that waits for it fails. */
  #fail(cause: unknown): unknown {
    if (this.#failure === undefined) {
      this.#failure = cause
      this.#stopping.abort(cause)
      const isExpected = cause instanceof LeaseLost || cause instanceof StoreUnavailable
      this.#app.log[isExpected ? 'warn' : 'error']({ err: cause, jobId: this.#job.jobId }, 'store requests failed')
    }
    return this.#failure
  }
}

const absent = (datastoreId: string) =>
  new ContractError('ResourceNotFoundException', `No data store has the id ${datastoreId}`)
