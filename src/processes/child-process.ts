/**
 * What every process beside the primary does: it starts when the primary says so, reports that it is alive, stops when the primary says so, and
 * ends when the primary has ended. Signals of the terminal reach the primary too, which decides.
 */
import type { Config } from '../server/config.ts'
import { joinFolderLock } from '../server/data-folder-lock.ts'
import { OperatorError } from '../server/operator-error.ts'
import { type Answers, channelToPrimary, type PrimaryChannel } from './channel.ts'
import { explainedStart } from './explained-start.ts'
import {
  type HowToStop,
  MESSAGES_VERSION,
  type ProcessCalls,
  type ProcessStart,
  type StartFailure,
  type ToProcess,
} from './messages.ts'

export const ALIVE_EVERY_MS = 1_000
/** Without a primary, work is released; the next server waits for it (data-folder-lock.ts). */
const ORPHAN_MS = 5_000

export interface Child {
  readonly start: ProcessStart
  readonly primary: PrimaryChannel
}

interface RunningChild {
  onMessage(message: ToProcess): void
  readonly answers: Answers<ProcessCalls>
  stop(how: HowToStop): Promise<void>
}

/** @param options.endsAtOnce when the primary has ended, instead of releasing its work */
export function runChildProcess(
  run: (child: Child) => Promise<RunningChild>,
  { endsAtOnce }: { readonly endsAtOnce: boolean },
): void {
  process.umask(0o077)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  let running: RunningChild | undefined
  let isStarted = false
  /** Of the time until it is ready. */
  const early: ToProcess[] = []
  const started = (): RunningChild => {
    if (running === undefined) throw new Error('the process is not ready')
    return running
  }
  const primary = channelToPrimary({
    onMessage(message) {
      if (message.kind === 'start') void begin(message.version, message.start)
      else if (message.kind === 'stop') void stop(message)
      else if (running === undefined) early.push(message)
      else running.onMessage(message)
    },
    answers: {
      metrics: () => started().answers.metrics(undefined),
      countUploads: (counting) => started().answers.countUploads(counting),
      refreshCallers: () => running?.answers.refreshCallers(undefined),
    },
  })

  async function begin(version: number, start: ProcessStart): Promise<void> {
    if (isStarted) return
    isStarted = true
    try {
      if (version !== MESSAGES_VERSION) {
        throw new OperatorError('The program was replaced by another version. Restart the server.')
      }
      joinFolderLock(start.config.dataFolder)
      running = await run({ start, primary })
      for (const message of early.splice(0)) running.onMessage(message)
      await primary.send({ kind: 'ready' })
    } catch (cause) {
      await primary.send({ kind: 'failed', failure: failureOf(cause, start.config) })
      process.exit(1)
    }
  }

  async function stop(how: HowToStop): Promise<void> {
    await running?.stop(how)
    process.exit(0)
  }

  process.on('disconnect', () => {
    if (endsAtOnce || running === undefined) process.exit(0)
    setTimeout(() => process.exit(0), ORPHAN_MS)
    void stop({ isReplaced: false, drainMs: 0 })
  })
  const report = () => void primary.send({ kind: 'alive', residentBytes: process.memoryUsage.rss() })
  setInterval(report, ALIVE_EVERY_MS)
  report()
}

function failureOf(thrown: unknown, config: Config): StartFailure {
  const cause = explainedStart(thrown, config)
  const { message, stack } = cause as Error
  return { message, stack, exitCode: cause instanceof OperatorError ? cause.exitCode : undefined }
}
