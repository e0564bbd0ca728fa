/** The threads that run import jobs, so that they do not delay requests. A thread that dies is replaced. */
import { Worker } from 'node:worker_threads'
import type { Log } from '../app.ts'
import type { StoreRequests } from '../contract/store-requests.ts'
import { StoreRequestsEnding } from '../jobs/store-requests/store-requests.ts'
import type { Limits } from '../limits.ts'
import type { Config } from './config.ts'
import type { StorePlaces } from './open-stores.ts'
import { type OpenedPort, openStoreRequest } from './store-request-port.ts'

/** The worker data of a thread, which is cloned. */
export interface ImportThreadOptions {
  readonly places: StorePlaces
  readonly limits: Limits
  readonly logLevel: Config['logLevel']
}

export type JobThreadMessage = 'wake' | 'stop' | OpenedPort

interface ImportThreads {
  /** In one of the threads. */
  readonly storeRequests: StoreRequests
  wake(): void
  stop(): Promise<void>
}

const MIB = 1024 ** 2
const RESTART_AFTER_MS = 1_000

export function startImportThreads(
  options: ImportThreadOptions & { readonly threads: number },
  log: Log,
): ImportThreads {
  const { threads, ...threadOptions } = options
  const running = Array.from({ length: threads }, () => keepAlive(threadOptions, log))
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

function keepAlive(options: ImportThreadOptions, log: Log): KeptThread {
  let stopping = false
  let restart: NodeJS.Timeout | undefined
  let replaced = Promise.withResolvers<void>()
  let thread = start()

  function start(): Worker {
    // Both files are JavaScript in dist/, and TypeScript in src/.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const worker = new Worker(new URL(`./job-thread.${extension}`, import.meta.url), {
      workerData: options,
      resourceLimits: { maxOldGenerationSizeMb: Math.ceil(options.limits.importHeapBytes / MIB) },
    })
    // One for each store request that is open.
    worker.setMaxListeners(0)
    worker.on('error', (err) => log.error({ err }, 'an import thread died; a new one continues its job'))
    worker.on('exit', (code) => {
      if (stopping) return
      // One that ends by itself has been idle (import-thread.ts); one that died must not die all the time.
      if (code === 0) replace()
      else restart = setTimeout(replace, RESTART_AFTER_MS)
    })
    return worker
  }

  function replace(): void {
    thread = start()
    replaced.resolve()
    replaced = Promise.withResolvers<void>()
  }

  return {
    async openStoreRequest(request) {
      const first = thread
      try {
        return await openStoreRequest(first, request)
      } catch (error) {
        if (stopping || !(error instanceof StoreRequestsEnding)) throw error
        // It was idle, or has died: within a second or two another one takes its place.
        if (thread === first) await replaced.promise
        return openStoreRequest(thread, request)
      }
    },
    wake: () => thread.postMessage('wake'),
    async stop() {
      stopping = true
      clearTimeout(restart)
      replaced.resolve()
      if (thread.threadId < 0) return
      const exited = new Promise<void>((resolve) => thread.once('exit', () => resolve()))
      thread.postMessage('stop')
      await exited
    },
  }
}
