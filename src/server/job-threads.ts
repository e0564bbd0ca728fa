/** The threads that run import jobs, so that they do not delay requests. A thread that dies is replaced. */
import { Worker } from 'node:worker_threads'
import type { Log } from '../app.ts'
import type { Limits } from '../limits.ts'
import type { Config } from './config.ts'
import type { StorePlaces } from './open-stores.ts'

/** The worker data of a thread, which is cloned. */
export interface ImportThreadOptions {
  readonly places: StorePlaces
  readonly limits: Limits
  readonly logLevel: Config['logLevel']
}

interface ImportThreads {
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
  return {
    wake() {
      for (const thread of running) thread.wake()
    },
    async stop() {
      await Promise.all(running.map((thread) => thread.stop()))
    },
  }
}

function keepAlive(options: ImportThreadOptions, log: Log): ImportThreads {
  let stopping = false
  let restart: NodeJS.Timeout | undefined
  let thread = start()

  function start(): Worker {
    // Both files are JavaScript in dist/, and TypeScript in src/.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const worker = new Worker(new URL(`./job-thread.${extension}`, import.meta.url), {
      workerData: options,
      resourceLimits: { maxOldGenerationSizeMb: Math.ceil(options.limits.importHeapBytes / MIB) },
    })
    worker.on('error', (err) => log.error({ err }, 'an import thread died; a new one continues its job'))
    worker.on('exit', (code) => {
      if (stopping) return
      // One that ends by itself has been idle (import-thread.ts); one that died must not die all the time.
      if (code === 0) thread = start()
      else restart = setTimeout(() => (thread = start()), RESTART_AFTER_MS)
    })
    return worker
  }

  return {
    wake: () => thread.postMessage('wake'),
    async stop() {
      stopping = true
      clearTimeout(restart)
      if (thread.threadId < 0) return
      const exited = new Promise<void>((resolve) => thread.once('exit', () => resolve()))
      thread.postMessage('stop')
      await exited
    },
  }
}
