/** The entry point of the checkpoint thread: checks the length of each log regularly, and copies it into its file. */
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3-multiple-ciphers'
import { type CheckpointedFiles, THREAD_CHECKPOINT_PAGES } from './sqlite-checkpoints.ts'
import { kindOfSqliteFile, openSqliteFile } from './sqlite-file.ts'

/** Between two checks while others write, and at most when they do not. A check reads a few numbers in shared memory. */
const CHECK_MS = 20
const LOOK_IDLE_MS = 320
/** Between two looks for new files. */
const LIST_MS = 5_000

interface Log {
  /** Pages in the log, and how many of them have been copied. */
  readonly log: number
  readonly checkpointed: number
}

/** A file whose log is checked. */
interface Checked {
  readonly database: Database.Database
  last: number
  waitMs: number
  timer: NodeJS.Timeout
}

// At the priority of the writers: while it lags behind, they run checkpoints.
const { path, key, others } = workerData as CheckpointedFiles
const checked = new Map<string, Checked>()

function open(file: string, own: Uint8Array | undefined): void {
  const database = openSqliteFile(file, { fileMustExist: true, timeout: 0, key: own })
  database.pragma('synchronous = FULL')
  database.pragma('wal_autocheckpoint = 0')
  const each: Checked = { database, last: -1, waitMs: CHECK_MS, timer: setTimeout(() => check(each), CHECK_MS) }
  checked.set(file, each)
}

/** NOOP only reports; PASSIVE does not wait for readers and writers, nor they for it. */
const checkpoint = ({ database }: Checked, mode: 'NOOP' | 'PASSIVE'): Log =>
  (database.pragma(`wal_checkpoint(${mode})`) as [Log])[0]

function check(each: Checked): void {
  const log = copied(each)
  each.waitMs = log === each.last ? Math.min(each.waitMs * 2, LOOK_IDLE_MS) : CHECK_MS
  each.last = log
  each.timer = setTimeout(() => check(each), each.waitMs)
}

/** @returns the length of the log, or the last known one if it could not be read */
function copied(each: Checked): number {
  try {
    const { log, checkpointed } = checkpoint(each, 'NOOP')
    if (log - checkpointed >= THREAD_CHECKPOINT_PAGES) checkpoint(each, 'PASSIVE')
    return log
  } catch (error) {
    // Locked for a moment, or the disk is full: a writer reports that to its caller, and the thread tries again.
    if (error instanceof Database.SqliteError) return each.last
    throw error
  }
}

/** Those that were created meanwhile. */
async function openOthers(names: RegExp): Promise<void> {
  for (const name of readdirSync(dirname(path)).filter((each) => names.test(each))) {
    const file = join(dirname(path), name)
    if (checked.has(file)) continue
    const kind = await kindOfSqliteFile(file)
    if (kind !== 'empty' && !isStopping) openOther(file, kind === 'encrypted' ? key : undefined)
  }
  if (!isStopping) listing = setTimeout(() => openOthers(names), LIST_MS)
}

function openOther(file: string, own: Uint8Array | undefined): void {
  try {
    open(file, own)
  } catch (error) {
    // It is being created: later.
    if (!(error instanceof Database.SqliteError)) throw error
  }
}

let isStopping = false
let listing: NodeJS.Timeout | undefined
open(path, key)
if (others === undefined) key?.fill(0)
else void openOthers(others)

parentPort!.on('message', () => {
  isStopping = true
  clearTimeout(listing)
  for (const { database, timer } of checked.values()) {
    clearTimeout(timer)
    database.close()
  }
  parentPort!.close()
})
