/** The entry point of the checkpoint thread: checks the length of the log regularly, and copies it into the file. */
import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3-multiple-ciphers'
import { type CheckpointedFile, THREAD_CHECKPOINT_PAGES } from './sqlite-checkpoints.ts'
import { openSqliteFile } from './sqlite-file.ts'

/** Between two checks while others write, and at most when they do not. A check reads a few numbers in shared memory. */
const CHECK_MS = 20
const LOOK_IDLE_MS = 320

interface Log {
  /** Pages in the log, and how many of them have been copied. */
  readonly log: number
  readonly checkpointed: number
}

// At the priority of the writers: while it lags behind, they run checkpoints.
const { path, key } = workerData as CheckpointedFile
const database = openSqliteFile(path, { fileMustExist: true, timeout: 0, key })
key?.fill(0)
database.pragma('synchronous = FULL')
database.pragma('wal_autocheckpoint = 0')

/** NOOP only reports; PASSIVE does not wait for readers and writers, nor they for it. */
const checkpoint = (mode: 'NOOP' | 'PASSIVE'): Log => (database.pragma(`wal_checkpoint(${mode})`) as [Log])[0]

let last = -1
let waitMs = CHECK_MS
let timer = setTimeout(check, CHECK_MS)

function check(): void {
  const log = copied()
  waitMs = log === last ? Math.min(waitMs * 2, LOOK_IDLE_MS) : CHECK_MS
  last = log
  timer = setTimeout(check, waitMs)
}

/** @returns the length of the log, or the last known one if it could not be read */
function copied(): number {
  try {
    const { log, checkpointed } = checkpoint('NOOP')
    if (log - checkpointed >= THREAD_CHECKPOINT_PAGES) checkpoint('PASSIVE')
    return log
  } catch (error) {
    // Locked for a moment, or the disk is full: a writer reports that to its caller, and the thread tries again.
    if (error instanceof Database.SqliteError) return last
    throw error
  }
}

parentPort!.on('message', () => {
  clearTimeout(timer)
  database.close()
  parentPort!.close()
})
