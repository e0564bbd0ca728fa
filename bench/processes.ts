/** Starts what is measured as a process of its own, as a user would, and ends it again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const projectFolder = join(import.meta.dirname, '..')

export interface MeasuredProcess {
  readonly child: ChildProcess
  stop(): Promise<void>
}

export function start(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): MeasuredProcess {
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    cwd: options.cwd ?? projectFolder,
    env: { ...process.env, ...options.env },
  })
  const exited = once(child, 'exit')
  return {
    child,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await exited
    },
  }
}

/** Asks until something answers over HTTP, every few milliseconds; the time this took is the caller's to take. */
export async function untilAnswering(url: string, timeoutMs: number): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs
  while (performance.now() < giveUpAt) {
    try {
      await fetch(url)
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  throw new Error(`nothing answered at ${url} within ${timeoutMs} ms`)
}

/** Resident memory in bytes (proc(5)). */
export const residentBytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) * 1024

/**
 * Resident memory in bytes, of which a page that n processes share is 1/n (proc_pid_smaps(5)). Undefined where the process has ended, or the
 * system does not say.
 */
export function proportionalBytes(pid: number): number | undefined {
  try {
    const kilobytes = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
  } catch {
    return undefined
  }
}

/** The process, and those that it has started, directly or through others (proc_pid_stat(5)). */
export function withDescendants(pid: number): readonly number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      parents.set(Number(name), Number(readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[1]))
    } catch {
      // It has ended.
    }
  }
  const found = [pid]
  for (const parent of found) for (const [child, its] of parents) if (its === parent) found.push(child)
  return found
}

/** The most that was resident. */
export const peakBytes = (pid: number): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) * 1024

const TICKS_PER_SECOND = 100

/** Processor time of the process with its threads: the same however many others use the machine. */
export function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1000
}

/** As processorMs, to the microsecond, of the threads that live now, and of the processes that this one has started. */
export const threadsMs = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).reduce((ms, thread) => {
    const folder = `/proc/${pid}/task/${thread}`
    const [nanoseconds] = readFileSync(join(folder, 'schedstat'), 'utf8').split(' ')
    const started = readFileSync(join(folder, 'children'), 'utf8').split(' ').filter(Boolean).map(Number)
    return started.reduce((sum, child) => sum + threadsMs(child), ms + Number(nanoseconds) / 1e6)
  }, 0)

export async function inTempFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-bench-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]!

export const median = (values: readonly number[]): number =>
  quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  )
