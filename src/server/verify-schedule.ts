/** Starts a verification when the last one of the catalog, by any of its servers, was long enough ago. */
import { Worker } from 'node:worker_threads'
import type { App } from '../app.ts'
import type { ImportThreadOptions } from './job-threads.ts'

interface VerifySchedule {
  stop(): Promise<void>
}

const MIB = 1024 ** 2

/** @param everyMs undefined: never */
export function startVerifySchedule(
  app: Pick<App, 'catalog' | 'clock' | 'limits' | 'log'>,
  { everyMs, ...threadOptions }: ImportThreadOptions & { readonly everyMs: number | undefined },
): VerifySchedule {
  if (everyMs === undefined) return { async stop() {} }
  let running: { readonly thread: Worker; readonly ended: Promise<void> } | undefined
  let looking: Promise<void> | undefined

  async function startIfDue(): Promise<void> {
    const now = app.clock()
    const [last] = await app.catalog.maintenance.list({ kind: 'verification', now, limit: 1 })
    if (last?.outcome === 'running') return
    // A run that failed or was stopped is tried again after a tenth of the time.
    const waitMs = last?.outcome === 'succeeded' ? everyMs! : everyMs! / 10
    if (last !== undefined && (last.endedAt ?? last.startedAt) > now - waitMs) return
    running = startThread({ ...threadOptions, notSince: now - waitMs })
  }

  function startThread(workerData: object): NonNullable<typeof running> {
    // Both files are JavaScript in dist/, and TypeScript in src/.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const thread = new Worker(new URL(`./verify-thread.${extension}`, import.meta.url), {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: Math.ceil(app.limits.importHeapBytes / MIB) },
    })
    thread.on('error', (err) => app.log.error({ err }, 'the thread of a scheduled verification died'))
    const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()))
    void ended.then(() => {
      running = undefined
    })
    return { thread, ended }
  }

  const timer = setInterval(() => {
    if (running !== undefined || looking !== undefined) return
    looking = startIfDue()
      .catch((err: unknown) => app.log.warn({ err }, 'whether a verification is due could not be read'))
      .finally(() => {
        looking = undefined
      })
  }, app.limits.verifyLookMs).unref()

  return {
    async stop() {
      clearInterval(timer)
      await looking
      running?.thread.postMessage('stop')
      await running?.ended
    },
  }
}
