/**
 * Store requests (DICOMweb STOW-RS), through the same steps as the files of an import job: receive, read and describe several files at a
 * time, store them in batches, publish. Bounded by `storeMemoryBytes` for files that are received, `importReadAheadBytes` for files that are
 * described, and the bounds of the steps.
 */
import type { ImportApp } from '../../app.ts'
import { ContractError, TemporarilyUnavailable } from '../../contract/errors.ts'
import type { StoreOutcome, StoreRequest, StoreRequestOptions, StoreRequests } from '../../contract/store-requests.ts'
import { DicomError } from '../../dicom/dicom-error.ts'
import { type DicomFile, requireAttribute } from '../../dicom/parse.ts'
import type { ImportContext } from '../../ingest/import-context.ts'
import { oneAtATime } from '../../ingest/one-at-a-time.ts'
import { readFile } from '../../ingest/read-file.ts'
import type { FileOutcome } from '../../ingest/store-file.ts'
import { newLeaseOwner } from '../lease-owner.ts'
import { type FileMemory, openFileMemory, type ReceivedFile, receiveFile } from './receive-file.ts'
import { openRoom, type Room } from './room.ts'
import { StoringJob } from './storing-job.ts'

/** As an import job reads ahead. */
const FILES_DESCRIBED = 16

/** Another thread takes the request. */
export class StoreRequestsEnding extends TemporarilyUnavailable {}

interface StoreRequestWorker extends StoreRequests {
  /** Time since the last request ended; 0 during one; undefined if there was none. */
  idleMs(): number | undefined
  /** Waits for the requests that are open. */
  stop(): Promise<void>
}

interface Shared {
  readonly app: ImportApp
  readonly memory: FileMemory
  readonly room: Room
}

/** @param workerId with which the owners of its leases begin */
export function startStoreRequests(app: ImportApp, workerId = app.newId()): StoreRequestWorker {
  const { storeMemoryBytes, importReadAheadBytes, storeJobIdleMs } = app.limits
  const memory = openFileMemory(storeMemoryBytes)
  const room = openRoom({ bytes: importReadAheadBytes, files: FILES_DESCRIBED })
  /** By data store. */
  const current = new Map<string, Promise<StoringJob>>()
  const open = new Set<Promise<unknown>>()
  const idleTimers = new Set<NodeJS.Timeout>()
  let users = 0
  let usedAt: number | undefined
  let isStopping = false
  const runAlone = oneAtATime()

  /** The job counts one more user. */
  async function jobOf(datastoreId: string): Promise<StoringJob> {
    for (;;) {
      const beginning = current.get(datastoreId) ?? begin(datastoreId)
      const job = await beginning
      // Another request may have found it full, or it may have ended, meanwhile.
      if (current.get(datastoreId) !== beginning) continue
      if (!job.isFull) {
        job.users += 1
        return job
      }
      current.delete(datastoreId)
      if (job.users === 0) end(job)
    }
  }

  function begin(datastoreId: string): Promise<StoringJob> {
    const beginning = StoringJob.begin(app, { datastoreId, owner: newLeaseOwner(app, workerId), runAlone })
    current.set(datastoreId, beginning)
    beginning.catch(() => {
      if (current.get(datastoreId) === beginning) current.delete(datastoreId)
    })
    return beginning
  }

  function end(job: StoringJob): void {
    const ended = job.end().finally(() => open.delete(ended))
    open.add(ended)
  }

  async function leave(datastoreId: string, job: StoringJob): Promise<void> {
    job.users -= 1
    if (job.users > 0) return
    const beginning = current.get(datastoreId)
    if (beginning === undefined || (await beginning) !== job) return end(job)
    const lookAgain = () => {
      if (job.users > 0 || current.get(datastoreId) !== beginning) return
      current.delete(datastoreId)
      end(job)
    }
    if (isStopping) return lookAgain()
    const timer = setTimeout(() => {
      idleTimers.delete(timer)
      lookAgain()
    }, storeJobIdleMs)
    idleTimers.add(timer)
  }

  return {
    async open(options) {
      if (isStopping) throw new StoreRequestsEnding('the worker is stopping')
      users += 1
      try {
        const job = await jobOf(options.datastoreId)
        const ended = Promise.withResolvers<void>()
        open.add(ended.promise)
        return new OpenRequest({ app, memory, room }, options, job, () => {
          open.delete(ended.promise)
          ended.resolve()
          users -= 1
          usedAt = performance.now()
          const left = leave(options.datastoreId, job).finally(() => open.delete(left))
          open.add(left)
        })
      } catch (error) {
        users -= 1
        throw error
      }
    },
    idleMs: () => (users > 0 ? 0 : usedAt === undefined ? undefined : performance.now() - usedAt),
    async stop() {
      isStopping = true
      for (const timer of idleTimers) clearTimeout(timer)
      for (const [datastoreId, beginning] of current) {
        const job = await beginning.catch(() => undefined)
        if (job === undefined || job.users > 0) continue
        current.delete(datastoreId)
        end(job)
      }
      while (open.size > 0) await Promise.all(open)
    },
  }
}

class OpenRequest implements StoreRequest {
  readonly #shared: Shared
  readonly #options: StoreRequestOptions
  readonly #job: StoringJob
  readonly #onEnd: () => void
  readonly #held: ReceivedFile[] = []
  readonly #outcomes: Promise<StoreOutcome>[] = []
  #isEnded = false

  constructor(shared: Shared, options: StoreRequestOptions, job: StoringJob, onEnd: () => void) {
    this.#shared = shared
    this.#options = options
    this.#job = job
    this.#onEnd = onEnd
  }

  async add(bytes: AsyncIterable<Uint8Array>, { isOwn } = { isOwn: false }): Promise<void> {
    const { app, memory } = this.#shared
    const file = await receiveFile(bytes, { app, memory, newBlobKey: this.#job.context.newBlobKey, isOwn })
    if (this.#options.isHeld) this.#held.push(file)
    else await this.#begin(file)
  }

  async finish(): Promise<readonly StoreOutcome[]> {
    try {
      while (this.#held.length > 0) await this.#begin(this.#held.shift()!)
      const outcomes = await Promise.all(this.#outcomes)
      if (outcomes.some(({ outcome }) => outcome === 'stored')) await this.#job.publish()
      return outcomes
    } catch (cause) {
      if (cause instanceof ContractError || cause instanceof TemporarilyUnavailable) throw cause
      // The job failed: the next request gets another one.
      throw new TemporarilyUnavailable('store requests were interrupted', { cause })
    } finally {
      this.abort()
    }
  }

  abort(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    const discarded = this.#held.splice(0).map((file) => file.discard())
    void Promise.allSettled([...discarded, ...this.#outcomes]).then(this.#onEnd)
  }

  /** Waits until there is room for the file. */
  async #begin(file: ReceivedFile): Promise<void> {
    const { app, room } = this.#shared
    const leave = await room.enter(Math.min(file.entry.sizeBytes, app.limits.importWholeFileBytes))
    const outcome = this.#store(file).finally(leave)
    // Awaited by finish(); until then a rejection is not unhandled.
    outcome.catch(() => {})
    this.#outcomes.push(outcome)
  }

  async #store(file: ReceivedFile): Promise<StoreOutcome> {
    let uids: Uids | undefined
    const context: ImportContext = {
      ...this.#job.context,
      metadata: {
        override: async (parsed) => {
          uids = uidsOf(parsed)
          const { studyInstanceUID } = this.#options
          if (studyInstanceUID !== undefined && uids.studyInstanceUID !== studyInstanceUID) throw new OtherStudy()
          return { file: parsed, warnings: [] }
        },
      },
    }
    try {
      const read = await readFile(context, file.entry)
      const outcome = read.kind === 'unstored' ? read : await this.#job.store(context, read)
      return outcomeOf(outcome, uids)
    } finally {
      await file.discard()
    }
  }
}

type Uids = NonNullable<Extract<StoreOutcome, { outcome: 'failed' }>['uids']>

const OTHER_STUDY = 'The instance belongs to another study than the one in the path'

class OtherStudy extends DicomError {
  constructor() {
    super({ reason: OTHER_STUDY })
  }
}

/** @throws DicomError if one is missing */
const uidsOf = ({ dataSet }: DicomFile): Uids => ({
  sopClassUID: requireAttribute(dataSet, 'SOPClassUID'),
  sopInstanceUID: requireAttribute(dataSet, 'SOPInstanceUID'),
  studyInstanceUID: requireAttribute(dataSet, 'StudyInstanceUID'),
  seriesInstanceUID: requireAttribute(dataSet, 'SeriesInstanceUID'),
})

function outcomeOf(found: FileOutcome, uids: Uids | undefined): StoreOutcome {
  if ('instance' in found) {
    const { warnings } = found.instance
    return { outcome: 'stored', warnings: warnings.map((each) => each.warning_reason_code), ...uids! }
  }
  const { file } = found
  if (file.outcome === 'skipped') return { outcome: 'failed', reason: 'invalid', message: file.message, uids }
  const { message } = file
  if (file.exceptionType !== 'ValidationException') return { outcome: 'failed', reason: 'server', message, uids }
  return { outcome: 'failed', reason: message === OTHER_STUDY ? 'other-study' : 'invalid', message, uids }
}
