/** The default limits of a server, by its memory and its cores. */
import { DEFAULT_LIMITS } from '../default-limits.ts'
import type { Limits } from '../limits.ts'

/** The memory of a server that no limit bounds: code, the heaps of its threads, requests. */
const SERVER_BYTES = 224 * 1024 ** 2
/** The same of each further process. */
const PROCESS_BYTES = 128 * 1024 ** 2
const SMALLEST_SPARE_BYTES = 64 * 1024 ** 2
/** The share of the remaining memory for each limit. The sum exceeds 1, because the limits are not reached at the same time. */
const SHARES = {
  jobsMemoryBytes: 1,
  storeMemoryBytes: 1 / 32,
  importWholeFileBytes: 1 / 32,
  importReadAheadBytes: 1 / 16,
  importBlobBytes: 1 / 32,
  importHeapBytes: 1 / 2,
  importMetadataCharacters: 1 / 16,
  inflatedBytes: 1 / 6,
  frameMemoryBytes: 1 / 3,
  frameThreadBytes: 2 / 3,
  servedFrameBytes: 1 / 16,
  catalogCacheBytes: 1 / 32,
  decryptedCacheBytes: 1 / 32,
} as const

/** Their defaults differ from machine to machine. */
export const LIMITS_BY_MACHINE: ReadonlySet<string> = new Set([...Object.keys(SHARES), 'importWorkers'])

/** An import thread of its own for so many cores and so much memory: encoding, and the one writer of SQLite, leave more threads no work. */
const CORES_PER_IMPORT_WORKER = 4
const BYTES_PER_IMPORT_WORKER = 8 * 1024 ** 3
const IMPORT_WORKERS_MAX = 4

/**
 * The default limits for a server with this much memory (the machine's, or the limit of its control group) and so many cores.
 * @param processes that serve requests; if there are several, there are two more
 */
export function limitsFor(memoryBytes: number, cores = 1, processes = 1): Limits {
  const further = processes === 1 ? 0 : processes + 1
  const spare = Math.max(SMALLEST_SPARE_BYTES, memoryBytes - SERVER_BYTES - further * PROCESS_BYTES)
  const bounded = Object.entries(SHARES).map(([name, share]) => {
    const limit = DEFAULT_LIMITS[name as keyof typeof SHARES]
    return [name, Math.min(limit, Math.floor(spare * share))] as const
  })
  const workers = Math.floor(Math.min(cores / CORES_PER_IMPORT_WORKER, memoryBytes / BYTES_PER_IMPORT_WORKER))
  const importWorkers = Math.min(Math.max(workers, 1), IMPORT_WORKERS_MAX)
  return { ...DEFAULT_LIMITS, ...Object.fromEntries(bounded), importWorkers }
}

/** With more cores, the operator decides. */
const DEFAULT_PROCESSES_MAX = 8
/** A process that serves requests, with its caches. */
const DEFAULT_PROCESS_BYTES = 2 * PROCESS_BYTES

/** How many processes serve requests if nothing says it. */
export function defaultProcesses({
  cores,
  memoryBytes,
}: {
  readonly cores: number
  readonly memoryBytes: number
}): number {
  const byMemory = Math.floor((memoryBytes - SERVER_BYTES) / DEFAULT_PROCESS_BYTES)
  return Math.max(1, Math.min(DEFAULT_PROCESSES_MAX, cores, byMemory))
}
