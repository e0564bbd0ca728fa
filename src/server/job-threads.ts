/** The threads that run import jobs, so that they do not delay requests. A thread that dies is replaced. */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import type { Log } from '../app.ts'
import type { StoreRequest, StoreRequestOptions, StoreRequests } from '../contract/store-requests.ts'
import { StoreRequestsEnding } from '../jobs/store-requests/store-requests.ts'
import type { Limits } from '../limits.ts'
import type { Config } from './config.ts'
import { newId } from './new-id.ts'
import type { StorePlaces } from './open-stores.ts'
import { type Answer, portCarrier, type Question } from './store-request-carrier.ts'
import { openStoreRequest } from './store-request-exchange.ts'

export interface ImportThreadOptions {
  readonly places: StorePlaces
  readonly limits: Limits
  readonly logLevel: Config['logLevel']
  /** Of a server with several: the name in its log lines. */
  readonly processName?: string
}

/** The worker data of a thread, which is cloned. */
export interface ImportThreadData extends ImportThreadOptions {
  /** 32 hex digits, with which the owners of its leases begin. */
  readonly workerId: string
  /** Of the threads in whose place it is, and which died: it ends their leases, and so goes on with their jobs at once. */
  readonly diedWorkerIds: readonly string[]
}

/** A port is that of a store request. */
export type JobThreadMessage = 'wake' | 'stop' | MessagePort

/** `ready`: it looks for jobs; `idle`: for a while it has had none. */
export type JobThreadReport = 'ready' | 'idle'

interface ImportThreads {
  /** In one of the threads. */
  readonly storeRequests: StoreRequests
  wake(): void
  stop(): Promise<void>
}

const MIB = 1024 ** 2
/** Of new objects. Without a limit, an import of small files grows it to more than 130 MB, which saves no processor time. */
const YOUNG_MB = 48
/** A thread that dies within this time is replaced after this time: it must not die all the time. Another one is replaced at once. */
const RESTART_AFTER_MS = 1_000
/** Their leases may not have been ended yet, while the catalog was away. */
const DIED_WORKERS_MAX = 16

interface ImportThreadsOptions extends ImportThreadOptions {
  readonly threads: number
  /** Of a process in whose place this one is, and which died. */
  readonly diedWorkerIds?: readonly string[]
  /** A thread begins, with this id. */
  readonly onWorker?: (workerId: string) => void
}

export function startImportThreads(options: ImportThreadsOptions, log: Log): ImportThreads {
  const { threads, diedWorkerIds = [], onWorker = () => {}, ...threadOptions } = options
  const running = Array.from({ length: threads }, () => keepAlive(threadOptions, { diedWorkerIds, onWorker, log }))
  let next = 0
  return {
    storeRequests: {
      open(request) {
        next = (next + 1) % threads
        return running[next]!.openStoreRequest(request)
      },
    },
    wake() {
      for (const thread of running) thread.wake()
    },
    async stop() {
      await Promise.all(running.map((thread) => thread.stop()))
    },
  }
}

interface KeptThread {
  readonly openStoreRequest: StoreRequests['open']
  wake(): void
  stop(): Promise<void>
}

function keepAlive(
  options: ImportThreadOptions,
  {
    diedWorkerIds,
    onWorker,
    log,
  }: Required<Pick<ImportThreadsOptions, 'diedWorkerIds' | 'onWorker'>> & { readonly log: Log },
): KeptThread {
  let stopping = false
  let restart: NodeJS.Timeout | undefined
  let replaced = Promise.withResolvers<void>()
  let died: readonly string[] = diedWorkerIds
  /** One that takes the place of an idle one when it is ready, so that no job waits for its start. */
  let successor: Worker | undefined
  const running = new Set<Worker>()
  let thread = start()

  function start(): Worker {
    // Both files are JavaScript in dist/, and TypeScript in src/.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const workerId = newId()
    onWorker(workerId)
    const workerData: ImportThreadData = { ...options, workerId, diedWorkerIds: died }
    const startedAt = performance.now()
    const worker = new Worker(new URL(`./job-thread.${extension}`, import.meta.url), {
      workerData,
      resourceLimits: {
        maxOldGenerationSizeMb: Math.ceil(options.limits.importHeapBytes / MIB),
        maxYoungGenerationSizeMb: YOUNG_MB,
      },
    })
    running.add(worker)
    // One for each store request that is open.
    worker.setMaxListeners(0)
    worker.on('error', (err) => log.error({ err }, 'an import thread died; a new one continues its job'))
    worker.on('message', (report: JobThreadReport) => {
      if (stopping) return
      if (report === 'idle' && worker === thread) successor ??= start()
      if (report === 'ready' && worker === successor) {
        thread.postMessage('stop')
        successor = undefined
        replaceBy(worker)
      }
    })
    worker.on('exit', (code) => {
      running.delete(worker)
      if (worker === successor) successor = undefined
      // One that was replaced has released its jobs.
      if (stopping || (code === 0 && worker !== thread)) return
      died = [...died, workerId].slice(-DIED_WORKERS_MAX)
      if (worker !== thread) return
      const restartMs = performance.now() - startedAt < RESTART_AFTER_MS ? RESTART_AFTER_MS : 0
      restart = setTimeout(() => replaceBy(start()), restartMs)
    })
    return worker
  }

  function replaceBy(next: Worker): void {
    thread = next
    replaced.resolve()
    replaced = Promise.withResolvers<void>()
  }

  return {
    async openStoreRequest(request) {
      const first = thread
      try {
        return await openOn(first, request)
      } catch (error) {
        if (stopping || !(error instanceof StoreRequestsEnding)) throw error
        // It was replaced meanwhile, or has died: within a second or two another one takes its place.
        if (thread === first) await replaced.promise
        return openOn(thread, request)
      }
    },
    wake: () => thread.postMessage('wake'),
    async stop() {
      stopping = true
      clearTimeout(restart)
      replaced.resolve()
      const exits = [...running].map((worker) => new Promise<void>((resolve) => worker.once('exit', () => resolve())))
      for (const worker of running) worker.postMessage('stop')
      await Promise.all(exits)
    },
  }
}

function openOn(thread: Worker, request: StoreRequestOptions): Promise<StoreRequest> {
  const { port1, port2 } = new MessageChannel()
  const carrier = portCarrier<Question, Answer>(port1, thread)
  // A thread that has ended takes no port; its end may not be known here yet.
  if (thread.threadId < 0) port2.close()
  else thread.postMessage(port2, [port2])
  return openStoreRequest(carrier, request)
}
