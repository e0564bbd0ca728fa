/**
 * The data folder: made for its owner only, marked as ours so that nothing else is ever emptied, and used by one server at a time.
 * The lock reaches over the processes of one machine (and of one container): machines that share a folder are not kept apart.
 */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { shellQuoted } from './cli/shells.ts'
import { FILE_IN_DATA_FOLDER } from './config.ts'
import { CREDENTIALS_FILE } from './credentials.ts'
import { createExclusively } from './exclusive-file.ts'
import { OperatorError } from './operator-error.ts'

export const MARKER_FILE = '.hilum'
export const LOCK_FILE = 'server.lock'

/** What somebody may have put into a folder before its first start. */
const BEFOREHAND = [FILE_IN_DATA_FOLDER, CREDENTIALS_FILE, 'buckets', 'lost+found', LOCK_FILE, MARKER_FILE]

export interface DataFolderLock {
  release(): Promise<void>
}

interface LockHolder {
  readonly pid: number
  /** Tells a process from a later one with the same pid. Empty where the system does not say. */
  readonly started: string
}

/** Makes the folder where there is none, and holds it until released. Throws OperatorError where another server has it. */
export async function lockDataFolder(folder: string): Promise<DataFolderLock> {
  await prepareDataFolder(folder)
  const path = join(folder, LOCK_FILE)
  const ours: LockHolder = { pid: process.pid, started: startOf(process.pid) }
  const token = JSON.stringify({ ...ours, token: randomUUID() })
  while (!(await createExclusively(path, token))) {
    const held = await readIfThere(path)
    if (held === undefined) continue
    const holder = parseHolder(held)
    if (holder !== undefined && isAlive(holder)) {
      throw new OperatorError(
        `A Hilum server (process ${holder.pid}) is using the data folder ${folder}. Stop it first, or choose another folder with --data.`,
      )
    }
    await setAside(path, held)
  }
  return {
    async release() {
      if ((await readIfThere(path)) === token) await rm(path, { force: true })
    },
  }
}

/** The process id of the server that uses the folder. */
export async function serverOf(folder: string): Promise<number | undefined> {
  const held = await readIfThere(join(folder, LOCK_FILE))
  const holder = held === undefined ? undefined : parseHolder(held)
  return holder !== undefined && isAlive(holder) ? holder.pid : undefined
}

export async function isDataFolder(folder: string): Promise<boolean> {
  return (await entriesOf(folder)).includes(MARKER_FILE)
}

/** Names in the folder, none where it is not there. */
export async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Where other users of the machine may enter the folder: what is wrong, and the command that mends it. */
export async function findOpenFolder(folder: string): Promise<{ detail: string; fix: string } | undefined> {
  const mode = (await stat(folder)).mode & 0o777
  // On Windows the bits say nothing of who may read.
  if (process.platform === 'win32' || (mode & 0o077) === 0) return undefined
  return {
    detail: `${folder} is open to other users of this machine (mode 0${mode.toString(8)}), and it holds patients' data`,
    fix: `chmod -R go= ${shellQuoted(folder)}`,
  }
}

async function prepareDataFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const entries = await entriesOf(folder)
    if (entries.includes(MARKER_FILE)) return
    const foreign = entries.find((name) => !BEFOREHAND.includes(name) && !name.startsWith(`${LOCK_FILE}.`))
    if (foreign !== undefined) {
      throw new OperatorError(
        `${folder} is not a data folder of Hilum: it holds '${foreign}'. Choose an empty or new folder with --data.`,
      )
    }
    await writeFile(join(folder, MARKER_FILE), 'This folder belongs to a Hilum server; `hilum reset` empties it.\n', {
      mode: 0o600,
    })
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause
    const { code } = cause as NodeJS.ErrnoException
    throw new OperatorError(
      `The data folder ${folder} cannot be made or written (${code}). Choose another one with --data.`,
      { cause },
    )
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Removes the lock of a dead process, and not the one that another process may have put in its place just now. */
async function setAside(path: string, stale: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const taken = await readFile(aside, 'utf8')
  if (taken !== stale) await createExclusively(path, taken)
  await rm(aside, { force: true })
}

function parseHolder(text: string): LockHolder | undefined {
  try {
    const { pid, started } = JSON.parse(text) as LockHolder
    return Number.isSafeInteger(pid) && pid > 0 ? { pid, started } : undefined
  } catch {
    return undefined
  }
}

/** A container's server has the same small pid at every start, so the pid alone would lock it out for ever after a crash. */
function isAlive(holder: LockHolder): boolean {
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const started = startOf(holder.pid)
  return started === '' || holder.started === '' || started === holder.started
}

/** The boot and the clock tick in which a process started; proc(5), field 22 of stat, counted behind the name in parentheses. */
function startOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return `${boot}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch {
    return ''
  }
}
