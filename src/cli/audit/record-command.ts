/** Records a command that acts without a server: before it begins, and its outcome before it is reported. */
import { mkdirSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { AUDIT_FOLDER, COMMANDS_FOLDER } from '../../security/audit/audit-files.ts'
import { type CommandLog, openCommandLog, recordOutcome, recordStart } from '../../security/audit/command-log.ts'
import { FolderInUse, type FolderLock, lockFolder } from '../../server/data-folder-lock.ts'
import { OperatorError } from '../../server/operator-error.ts'
import type { Invocation } from '../terminal/command.ts'

interface RecordedCommand<T> {
  /** `keys disable` */
  readonly command: string
  /** `DisableKey` */
  readonly eventName: string
  /** What the command changed, or was to change. */
  readonly resourceArns: (result: T | undefined) => readonly string[]
  /** Of a command for backups, where it is known. */
  readonly backupIdOf?: (result: T | undefined) => string | undefined
  /** It may take hours: the log is locked for each line only, so that other commands can run meanwhile. */
  readonly isLong?: boolean
}

/** @throws OperatorError if the audit log cannot be written: then nothing was done, or the message says what was */
export async function recorded<T>(
  { config }: Pick<Invocation, 'config'>,
  { command, eventName, resourceArns, backupIdOf, isLong = false }: RecordedCommand<T>,
  work: () => Promise<T>,
): Promise<T> {
  const folder = join(config.dataFolder, AUDIT_FOLDER, COMMANDS_FOLDER)
  const { region, accountId, limits } = config
  const options = { folder, region, accountId, limits, clock: Date.now }
  const called = { command, userName: userInfo().username }
  const log = await (isLong ? openForLines : openLocked)(options, called).catch((cause: unknown) => {
    if (!(cause instanceof FolderInUse)) throw unwritable(folder, 'nothing was changed', cause)
    throw new OperatorError('Another command of Hilum is changing keys or data. Repeat this one when it has ended.', {
      cause,
    })
  })
  const record = async (result: T | undefined, errorCode?: string) => {
    const backupId = backupIdOf?.(result)
    const outcome = { eventName, resourceArns: resourceArns(result), errorCode, backupId }
    await log.record(outcome).catch((cause) => {
      const end = errorCode === undefined ? 'was carried out' : 'failed'
      throw unwritable(folder, `the log lacks the outcome of hilum ${command}, which ${end}`, cause)
    })
  }
  try {
    const result = await work().catch(async (error: unknown) => {
      await record(undefined, (error as Error).name)
      throw error
    })
    await record(result)
    return result
  } finally {
    await log.close()
  }
}

type Options = Parameters<typeof openCommandLog>[0]
type Called = Parameters<typeof openCommandLog>[1]

/** No other command writes the log until it is closed. */
async function openLocked(options: Options, called: Called): Promise<CommandLog> {
  const lock = await lockedAt(options.folder)
  try {
    const log = await openCommandLog(options, called)
    return {
      record: log.record,
      async close() {
        await log.close().catch(() => {})
        await lock.release()
      },
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function openForLines(options: Options, called: Called): Promise<CommandLog> {
  const { folder } = options
  const startSequence = await whileLocked(folder, () => recordStart(options, called))
  return {
    record: (outcome) => whileLocked(folder, () => recordOutcome(options, { ...called, startSequence }, outcome)),
    async close() {},
  }
}

/** Waits while a short command has the lock. */
async function whileLocked<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const lock = await lockedAt(folder, LOCK_ATTEMPTS)
  try {
    return await work()
  } finally {
    await lock.release()
  }
}

/** Of a second each. */
const LOCK_ATTEMPTS = 60

/** @throws FolderInUse after the last attempt, or an error of the file system */
async function lockedAt(folder: string, attempts = 1): Promise<FolderLock> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  try {
    return await lockFolder(folder)
  } catch (error) {
    if (!(error instanceof FolderInUse) || attempts === 1) throw error
    return lockedAt(folder, attempts - 1)
  }
}

const unwritable = (folder: string, consequence: string, cause: unknown): OperatorError => {
  const reason = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message
  return new OperatorError(`The audit log in ${folder} cannot be written (${reason}): ${consequence}.`, { cause })
}
