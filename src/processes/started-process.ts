/** A process that the primary has started: its channel, its end, and why it may have to be ended. */
import { type ChildProcess, fork } from 'node:child_process'
import cluster from 'node:cluster'
import { fileURLToPath } from 'node:url'
import type { Limits } from '../limits.ts'
import { OperatorError } from '../server/operator-error.ts'
import { type Answers, channelToProcess, type ProcessChannel } from './channel.ts'
import { ALIVE_EVERY_MS } from './child-process.ts'
import {
  type FromProcess,
  type HowToStop,
  MESSAGES_VERSION,
  type PrimaryCalls,
  type ProcessKind,
  type ProcessStart,
  type StartFailure,
} from './messages.ts'

/** A process that stops has `shutdownMs` for what it does, and then this. */
const STOP_MS = 10_000

export interface StartedProcess {
  readonly kind: ProcessKind
  readonly name: string
  readonly pid: number
  readonly channel: ProcessChannel
  /** Rejects if it could not start, with an OperatorError where the operator can fix it. */
  readonly ready: Promise<void>
  /** How it ended. */
  readonly ended: Promise<string>
  /** Ends it without waiting for what it does. */
  kill(): void
  stop(how: HowToStop): Promise<void>
}

interface StartOptions {
  readonly kind: ProcessKind
  readonly start: ProcessStart
  readonly answers: Answers<PrimaryCalls>
  readonly onMessage: (message: FromProcess) => void
  readonly limits: Pick<Limits, 'processSilenceMs' | 'processStartMs' | 'jobsMemoryBytes' | 'shutdownMs'>
}

export function startProcess({ kind, start, answers, onMessage, limits }: StartOptions): StartedProcess {
  const child = forked(kind, start.name)
  const ready = Promise.withResolvers<void>()
  // A rejection that nothing waits for is no error.
  ready.promise.catch(() => {})
  let isReady = false
  let startingMs = 0
  let silentMs = 0
  /** Why the primary has ended it. */
  let reason: string | undefined

  function end(why: string): void {
    reason ??= why
    child.kill('SIGKILL')
  }

  const channel = channelToProcess(child, {
    answers,
    onMessage(message) {
      silentMs = 0
      if (message.kind === 'ready') {
        isReady = true
        ready.resolve()
      } else if (message.kind === 'failed') ready.reject(errorOf(message.failure))
      else if (message.kind === 'alive') {
        if (isReady && kind === 'jobs' && message.residentBytes > limits.jobsMemoryBytes) end(MEMORY_EXCEEDED)
      } else onMessage(message)
    },
  })
  // An interval, and no difference of times: a machine that slept has not made anything silent.
  const watch = setInterval(() => {
    silentMs += ALIVE_EVERY_MS
    if (!isReady) startingMs += ALIVE_EVERY_MS
    if (silentMs > limits.processSilenceMs) end('it did not answer for limits.processSilenceMs')
    else if (startingMs > limits.processStartMs) end('it was not ready within limits.processStartMs')
  }, ALIVE_EVERY_MS).unref()
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => {
      ready.reject(error)
      if (child.pid === undefined) resolve(error.message)
    })
    child.on('exit', (code, signal) => {
      clearInterval(watch)
      const how = reason ?? (signal === null ? `it exited with ${code}` : `by ${signal}`)
      ready.reject(new Error(`the process ${start.name} ended before it was ready: ${how}`))
      resolve(how)
    })
  })
  void channel.send({ kind: 'start', version: MESSAGES_VERSION, start })
  return {
    ...{ kind, name: start.name, pid: child.pid ?? -1, channel, ready: ready.promise, ended },
    kill: () => void child.kill('SIGKILL'),
    async stop(how) {
      void channel.send({ kind: 'stop', ...how })
      const deadline = setTimeout(() => end('it did not stop in time'), how.drainMs + limits.shutdownMs + STOP_MS)
      await ended
      clearTimeout(deadline)
    },
  }
}

const MEMORY_EXCEEDED = 'its resident memory exceeded limits.jobsMemoryBytes'

/** They write log lines only. */
const STDIO: ('ignore' | 'inherit' | 'ipc')[] = ['ignore', 'ignore', 'inherit', 'ipc']

/** Fewer arenas of glibc's malloc, which hold freed memory: 20 to 30 MB less for a server. An operator's own value goes first. */
const ENVIRONMENT = { MALLOC_ARENA_MAX: '2', ...process.env }

/** The code is read from the disk now: after an upgrade it is the new one. */
function forked(kind: ProcessKind, name: string): ChildProcess {
  // Both files are JavaScript in dist/, and TypeScript in src/.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const entry = fileURLToPath(new URL(`./${kind}-process.${extension}`, import.meta.url))
  const serialization = 'advanced'
  if (kind === 'jobs') return fork(entry, [name], { serialization, stdio: STDIO, env: ENVIRONMENT })
  cluster.schedulingPolicy = cluster.SCHED_RR
  cluster.setupPrimary({ serialization, stdio: STDIO, exec: entry, args: [name] })
  return cluster.fork(ENVIRONMENT).process
}

function errorOf({ message, exitCode, stack }: StartFailure): Error {
  if (exitCode !== undefined) return new OperatorError(message, { exitCode })
  return Object.assign(new Error(message), { stack })
}
