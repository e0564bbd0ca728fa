/** The inside of the thread that keeps the log of a SQLite catalog short: looks how long it is, now and then, and copies it. */
import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { THREAD_CHECKPOINT_PAGES } from './sqlite-checkpoints.ts'

/** Between two looks while others write, and at most when they do not. A look reads a few numbers in shared memory. */
const LOOK_MS = 20
const LOOK_IDLE_MS = 320

interface Log {
  /** Pages in the log, and how many of them have been copied. */
  readonly log: number
  readonly checkpointed: number
}

// As urgent as the writers: while it lags behind, they do its work.
const database = new Database(workerData as string, { fileMustExist: true, timeout: 0 })
database.pragma('synchronous = FULL')
database.pragma('wal_autocheckpoint = 0')

/** NOOP only looks; PASSIVE waits for nobody, and nobody who reads or writes waits for it. */
const checkpoint = (mode: 'NOOP' | 'PASSIVE'): Log => (database.pragma(`wal_checkpoint(${mode})`) as [Log])[0]

let last = -1
let waitMs = LOOK_MS
let timer = setTimeout(look, LOOK_MS)

function look(): void {
  const log = copied()
  waitMs = log === last ? Math.min(waitMs * 2, LOOK_IDLE_MS) : LOOK_MS
  last = log
  timer = setTimeout(look, waitMs)
}

/** @returns how long the log was; as before where it could not be looked at. */
function copied(): number {
  try {
    const { log, checkpointed } = checkpoint('NOOP')
    if (log - checkpointed >= THREAD_CHECKPOINT_PAGES) checkpoint('PASSIVE')
    return log
  } catch (error) {
    // Locked for a moment, or the disk is full: the next writer tells its caller, and here it is tried again.
    if (error instanceof Database.SqliteError) return last
    throw error
  }
}

parentPort!.on('message', () => {
  clearTimeout(timer)
  database.close()
  parentPort!.close()
})
