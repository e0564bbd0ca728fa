/** One upload: its files, how far it is, and the import job that it starts when all files are on the server. */
import {
  GetDICOMImportJobCommand,
  type GetDICOMImportJobCommandOutput,
  StartDICOMImportJobCommand,
} from '@aws-sdk/client-medical-imaging'
import { type Api, responseHeader } from '../api.ts'
import { takeBatch } from './batches.ts'
import type { ChosenFile } from './chosen-files.ts'
import { importCountsOf } from './import-counts.ts'
import { FAILED_FILES_SHOWN, JOB_POLL_MS, REQUESTS_AT_ONCE } from './limits.ts'
import { isTransient, removeUpload, type StartedUpload, sendBatch, startUpload } from './send-files.ts'
import { TransferRate } from './transfer-rate.ts'

/** StartDICOMImportJob requires a role. Hilum doesn't assume it. */
export const DEFAULT_ROLE_ARN = 'arn:aws:iam::000000000000:role/hilum-console'

type UploadState =
  /** For the uploads before it. */
  | 'waiting'
  | 'uploading'
  | 'paused'
  /** By an error that concerns all files. */
  | 'stopped'
  /** All others are on the server: the person decides. */
  | 'files failed'
  /** The import job is being started. */
  | 'starting'
  | 'importing'
  | 'imported'
  | 'import failed'
  | 'cancelled'

/** Files that are only in this tab: they would be lost with it. */
const UNFINISHED: readonly UploadState[] = ['waiting', 'uploading', 'paused', 'stopped', 'files failed', 'starting']

export interface UploadOrder {
  readonly datastoreId: string
  readonly datastoreName: string
  readonly files: readonly ChosenFile[]
  /** Undefined: the job has no name. */
  readonly jobName: string | undefined
}

export interface FailedFile {
  readonly name: string
  readonly reason: string
}

export interface JobProgress {
  readonly jobId: string
  readonly filesDone: number
  /** Undefined until the input is listed. */
  readonly filesFound: number | undefined
  readonly filesFailed: number
  readonly message: string | undefined
}

export class Upload {
  /** Also the token of the job, so that a repeated request starts it once. */
  readonly id = Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16)).join('-')
  readonly datastoreId: string
  readonly datastoreName: string
  readonly title: string
  readonly filesTotal: number
  readonly bytesTotal: number
  state: UploadState = 'waiting'
  filesDone = 0
  bytesDone = 0
  isRetrying = false
  error: unknown
  job: JobProgress | undefined
  rate: TransferRate | undefined

  readonly #order: UploadOrder
  readonly #api: () => Api
  readonly #onChange: () => void
  /** The rest, in reverse: a batch is taken from the end. */
  #remaining: ChosenFile[]
  readonly #failed = new Map<ChosenFile, string>()
  readonly #sentParts = new Map<ChosenFile, number>()
  #started: StartedUpload | undefined
  #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()

  constructor(order: UploadOrder, { api, onChange }: { readonly api: () => Api; readonly onChange: () => void }) {
    const { datastoreId, datastoreName, files, jobName } = order
    this.#order = order
    this.#api = api
    this.#onChange = onChange
    this.datastoreId = datastoreId
    this.datastoreName = datastoreName
    this.title = jobName ?? titleOf(files)
    this.filesTotal = files.length
    this.bytesTotal = files.reduce((sum, { file }) => sum + file.size, 0)
    this.#remaining = files.toReversed()
  }

  get isUnfinished(): boolean {
    return UNFINISHED.includes(this.state)
  }

  get failedCount(): number {
    return this.#failed.size
  }

  /** The first of them. */
  get failedFiles(): readonly FailedFile[] {
    const first: FailedFile[] = []
    for (const [{ name }, reason] of this.#failed) {
      if (first.length === FAILED_FILES_SHOWN) break
      first.push({ name, reason })
    }
    return first
  }

  /** Ends in another state. */
  async run(): Promise<void> {
    const before = this.#running
    this.#stop = new AbortController()
    this.error = undefined
    this.#become('uploading')
    // A run that was paused returns its files before they are sent again.
    this.#running = before.then(() => this.#run(this.#stop.signal))
    await this.#running
  }

  async #run(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    this.rate = new TransferRate(performance.now())
    try {
      this.#started ??= await startUpload(this.#attempts(signal))
      await this.#send(signal)
      if (this.#failed.size > 0) this.#become('files failed')
      else await this.#startJob()
    } catch (error) {
      if (signal.aborted) return
      this.error = error
      this.#become('stopped')
    } finally {
      this.rate = undefined
    }
  }

  #attempts(signal: AbortSignal) {
    let retrying = 0
    const onRetrying = (isRetrying: boolean) => {
      retrying += isRetrying ? 1 : -1
      this.isRetrying = retrying > 0
      this.#onChange()
    }
    return { api: this.#api, signal, onRetrying }
  }

  async #send(signal: AbortSignal): Promise<void> {
    const { uploadId } = this.#started!
    const ended = new AbortController()
    const transfer = {
      ...this.#attempts(AbortSignal.any([signal, ended.signal])),
      uploadId,
      sentParts: this.#sentParts,
      onBytes: (bytes: number) => {
        this.bytesDone += bytes
        this.rate?.add(bytes, performance.now())
        this.#onChange()
      },
      onStored: (_file: ChosenFile) => {
        this.filesDone += 1
        this.#onChange()
      },
      onFailed: (file: ChosenFile, reason: string) => {
        this.#failed.set(file, reason)
        this.#onChange()
      },
    }
    const work = async () => {
      for (let batch = takeBatch(this.#remaining); batch.length > 0; batch = takeBatch(this.#remaining)) {
        const settled = new Set<ChosenFile>()
        try {
          await sendBatch(batch, {
            ...transfer,
            onStored(file) {
              settled.add(file)
              transfer.onStored(file)
            },
            onFailed(file, reason) {
              settled.add(file)
              transfer.onFailed(file, reason)
            },
          })
        } catch (error) {
          // The others stop too, and their files are sent when the upload goes on.
          ended.abort()
          this.#remaining.push(...batch.filter((file) => !settled.has(file)).reverse())
          throw error
        }
      }
    }
    const outcomes = await Promise.allSettled(Array.from({ length: REQUESTS_AT_ONCE }, work))
    const failures = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason)
    // That which stopped the others, not that they were stopped.
    const failure = failures.find((error) => (error as Partial<Error>).name !== 'AbortError') ?? failures[0]
    if (failure !== undefined) throw failure
  }

  async #startJob(): Promise<void> {
    const { datastoreId, jobName } = this.#order
    const { inputS3Uri, outputS3Uri } = this.#started!
    this.#become('starting')
    const { jobId } = await this.#api().client.send(
      new StartDICOMImportJobCommand({
        datastoreId,
        ...(jobName !== undefined && { jobName }),
        dataAccessRoleArn: DEFAULT_ROLE_ARN,
        inputS3Uri,
        outputS3Uri,
        clientToken: this.id,
      }),
    )
    if (this.state !== 'starting') return
    // The files are the server's from here on.
    this.#remaining = []
    this.job = { jobId: jobId!, filesDone: 0, filesFound: undefined, filesFailed: 0, message: undefined }
    this.#become('importing')
    void this.#followJob()
  }

  /** Until the job ends. An error means nothing for the job: it is asked again. */
  async #followJob(): Promise<void> {
    const ids = { datastoreId: this.datastoreId, jobId: this.job!.jobId }
    while (this.state === 'importing') {
      await new Promise((resolve) => setTimeout(resolve, JOB_POLL_MS))
      try {
        const output = await this.#api().client.send(new GetDICOMImportJobCommand(ids))
        this.#setJob(output)
      } catch (error) {
        if (!isTransient(error)) return
      }
    }
  }

  #setJob(output: GetDICOMImportJobCommandOutput): void {
    const { jobId, jobStatus, message } = output.jobProperties!
    const [, done, found] = /^(\d+)\/(\d+)/.exec(responseHeader(output, 'x-hilum-progress') ?? '') ?? []
    this.job = {
      jobId: jobId!,
      filesDone: Number(done ?? 0),
      filesFound: found === undefined ? undefined : Number(found),
      filesFailed: importCountsOf(output)[0]?.failed ?? 0,
      message,
    }
    if (jobStatus === 'COMPLETED' || jobStatus === 'FAILED') {
      this.#become(jobStatus === 'COMPLETED' ? 'imported' : 'import failed')
      void removeUpload(this.#api(), this.#started!.uploadId)
    }
    this.#onChange()
  }

  pause(): void {
    this.#stop.abort()
    this.#become('paused')
  }

  /** @param files 'failed' to send those again that failed; 'others' to import without them */
  resume(files: 'failed' | 'others'): void {
    if (files === 'failed') this.#remaining = [...this.#remaining, ...[...this.#failed.keys()].reverse()]
    this.#failed.clear()
    this.#become('waiting')
  }

  cancel(): void {
    this.#stop.abort()
    this.#remaining = []
    this.#failed.clear()
    this.#become('cancelled')
    if (this.#started !== undefined) void removeUpload(this.#api(), this.#started.uploadId)
  }

  #become(state: UploadState): void {
    this.state = state
    this.#onChange()
  }
}

/** The folder that was chosen, or the number of files. */
function titleOf(files: readonly ChosenFile[]): string {
  const folder = files[0]?.name.split('/').slice(0, -1)[0]
  if (files.length === 1) return files[0]!.name
  const isOneFolder = folder !== undefined && files.every(({ name }) => name.startsWith(`${folder}/`))
  return isOneFolder ? folder : `${files.length.toLocaleString()} files`
}
