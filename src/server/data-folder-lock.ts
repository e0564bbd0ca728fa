/**
 * One server at a time uses a data folder. The lock is one of the kernel, on a SQLite file that nothing is ever written to: it ends with
 * its process, whether that was killed, is a zombie still, or ran in another container. Machines that share a folder are kept apart
 * only where its file system passes locks on.
 *
 * Nothing else in this process may open the file: closing any descriptor of it would end the lock (fcntl(2)). It is never removed,
 * since a process that waits for a removed file and one that makes the next would both get their lock.
 */
import { readlinkSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { isBusy, SqliteConnection } from '../stores/sql/engine/sqlite/sqlite-connection.ts'

const LOCKED_FILE = 'lock.sqlite'
/** Who has the lock, for messages only. */
const HOLDER_FILE = 'server.lock'

/** Files of the lock in the data folder. */
export const LOCK_FILES: readonly string[] = [LOCKED_FILE, HOLDER_FILE]

/** `hilum doctor` looks at the lock for less than a millisecond, and the threads of a process that was killed take a moment to end. */
const PATIENCE_MS = 1_000
const RETRY_MS = 20

export interface FolderLock {
  release(): Promise<void>
}

/** Thrown where another process has the lock. */
export class FolderInUse extends Error {
  /** `process 12`, where that is known. */
  readonly holder: string | undefined

  constructor(holder: string | undefined) {
    super(`locked by ${holder ?? 'another process'}`)
    this.holder = holder
  }
}

/** The folder must exist. Throws FolderInUse, or what SQLite threw. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const connection = new SqliteConnection(join(folder, LOCKED_FILE), { readonly: false, timeoutMs: 0 })
  try {
    for (let waitedMs = 0; !tryExclusive(connection); waitedMs += RETRY_MS) {
      if (waitedMs >= PATIENCE_MS) throw new FolderInUse(await readHolder(folder))
      await setTimeout(RETRY_MS)
    }
    // A full disk is for the stores to report; without the file the message names no process.
    await writeFile(join(folder, HOLDER_FILE), JSON.stringify(ourselves()), { mode: 0o600 }).catch(() => {})
  } catch (error) {
    connection.close()
    throw error
  }
  return {
    async release() {
      await rm(join(folder, HOLDER_FILE), { force: true })
      connection.close()
    },
  }
}

/** `process 12` where a server uses the folder. */
export async function serverOf(folder: string): Promise<string | undefined> {
  return isLocked(join(folder, LOCKED_FILE)) ? ((await readHolder(folder)) ?? 'an unknown process') : undefined
}

function tryExclusive(connection: SqliteConnection): boolean {
  try {
    // A journal file would stay behind a killed process, and be rolled back by the next that looks.
    connection.pragma('journal_mode = MEMORY')
    connection.command('BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    if (isBusy(error)) return false
    throw error
  }
}

/** Reading is refused while another has the exclusive lock; it changes nothing. A file that is not there is not locked. */
function isLocked(path: string): boolean {
  let connection: SqliteConnection | undefined
  try {
    connection = new SqliteConnection(path, { readonly: true, timeoutMs: 0 })
    connection.command('SELECT 1 FROM sqlite_schema')
    return false
  } catch (error) {
    return isBusy(error)
  } finally {
    connection?.close()
  }
}

interface Holder {
  readonly pid: number
  readonly host: string
  /** Process ids mean something in one PID namespace only. Empty where the system has none. */
  readonly pidNamespace: string
}

const ourselves = (): Holder => ({ pid: process.pid, host: hostname(), pidNamespace: ourPidNamespace() })

function ourPidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

/** Undefined where the file is not there, or half written by a process that has the lock but just now. */
async function readHolder(folder: string): Promise<string | undefined> {
  try {
    const { pid, host, pidNamespace }: Holder = JSON.parse(await readFile(join(folder, HOLDER_FILE), 'utf8'))
    if (!Number.isSafeInteger(pid)) return undefined
    if (host !== hostname()) return `process ${pid} on ${host}`
    return pidNamespace === ourPidNamespace() ? `process ${pid}` : `process ${pid} of another container`
  } catch {
    return undefined
  }
}
