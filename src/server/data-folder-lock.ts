/**
 * Locks a data folder for one server. The lock is a kernel lock on an empty SQLite file: it ends with its process, even if that was killed, is
 * a zombie, or ran in another container. Between machines that share a folder it works only if the file system supports locks.
 *
 * No other code in this process may open the file: closing any descriptor of it releases the lock (fcntl(2)). The file is never removed: one
 * process could hold the lock of the removed file, and another that of its replacement.
 */
import { readlinkSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { isBusy, SqliteConnection } from '../stores/sql/engine/sqlite/sqlite-connection.ts'

const LOCKED_FILE = 'lock.sqlite'
/** Identifies the holder of the lock, for messages only. */
const HOLDER_FILE = 'server.lock'

/** Each further process of a server has a shared lock on it. */
const PROCESSES_FILE = 'lock.processes.sqlite'

/** Files of the lock in the data folder. */
export const LOCK_FILES: readonly string[] = [LOCKED_FILE, PROCESSES_FILE, HOLDER_FILE]

/** `hilum doctor` reads the file for less than a millisecond, and the threads of a killed process take a moment to end. */
const LOCK_TIMEOUT_MS = 1_000
const RETRY_MS = 20
/** The processes of a server whose primary was killed end at once, but may have to release their work. */
const PROCESSES_END_MS = 10_000

export interface FolderLock {
  release(): Promise<void>
}

/** Another process has the lock. */
export class FolderInUse extends Error {
  /** `process 12`, if known. */
  readonly holder: string | undefined

  constructor(holder: string | undefined) {
    super(`locked by ${holder ?? 'another process'}`)
    this.holder = holder
  }
}

/** The folder must exist. @throws FolderInUse, or an error of SQLite */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const connection = new SqliteConnection(join(folder, LOCKED_FILE), { readonly: false, timeoutMs: 0 })
  try {
    for (let waitedMs = 0; !tryExclusive(connection); waitedMs += RETRY_MS) {
      if (waitedMs >= LOCK_TIMEOUT_MS) throw new FolderInUse(await readHolder(folder))
      await setTimeout(RETRY_MS)
    }
    await untilProcessesEnded(folder)
    // On failure (a full disk, which the stores report), messages do not name the process.
    await writeFile(join(folder, HOLDER_FILE), JSON.stringify(thisProcess()), { mode: 0o600 }).catch(() => {})
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

/**
 * For a further process of the server that has locked the folder: until it ends, the next server does not begin, even if the first process was
 * killed.
 */
export function joinFolderLock(folder: string): { release(): void } {
  const connection = new SqliteConnection(join(folder, PROCESSES_FILE), { readonly: false, timeoutMs: LOCK_TIMEOUT_MS })
  connection.command('BEGIN')
  // The transaction has its shared lock from the first read on.
  connection.command('SELECT 1 FROM sqlite_schema')
  return { release: () => connection.close() }
}

async function untilProcessesEnded(folder: string): Promise<void> {
  const connection = new SqliteConnection(join(folder, PROCESSES_FILE), { readonly: false, timeoutMs: 0 })
  try {
    for (let waitedMs = 0; !tryExclusive(connection); waitedMs += RETRY_MS) {
      if (waitedMs >= PROCESSES_END_MS) throw new FolderInUse('a process of a server that was killed')
      await setTimeout(RETRY_MS)
    }
  } finally {
    connection.close()
  }
}

/** `process 12` if a server uses the folder. */
export async function serverOf(folder: string): Promise<string | undefined> {
  return isLocked(join(folder, LOCKED_FILE)) ? ((await readHolder(folder)) ?? 'an unknown process') : undefined
}

function tryExclusive(connection: SqliteConnection): boolean {
  try {
    // A killed process would leave a journal file, which the next reader would roll back.
    connection.pragma('journal_mode = MEMORY')
    connection.command('BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    if (isBusy(error)) return false
    throw error
  }
}

/** A read fails while another process has the exclusive lock. A file that does not exist is not locked. */
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
  /** A process id is valid in one PID namespace only. Empty on systems without namespaces. */
  readonly pidNamespace: string
}

const thisProcess = (): Holder => ({ pid: process.pid, host: hostname(), pidNamespace: currentPidNamespace() })

function currentPidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

/** Undefined if the file is absent, or not completely written yet. */
async function readHolder(folder: string): Promise<string | undefined> {
  try {
    const { pid, host, pidNamespace }: Holder = JSON.parse(await readFile(join(folder, HOLDER_FILE), 'utf8'))
    if (!Number.isSafeInteger(pid)) return undefined
    if (host !== hostname()) return `process ${pid} on ${host}`
    return pidNamespace === currentPidNamespace() ? `process ${pid}` : `process ${pid} of another container`
  } catch {
    return undefined
  }
}
