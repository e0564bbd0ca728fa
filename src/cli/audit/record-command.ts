/** Records a command that acts without a server: before it begins, and its outcome before it is reported. */
import { mkdirSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { AUDIT_FOLDER, COMMANDS_FOLDER } from '../../security/audit/audit-files.ts'
import { openCommandLog } from '../../security/audit/command-log.ts'
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
}

/** @throws OperatorError if the audit log cannot be written: then nothing was done, or the message says what was */
export async function recorded<T>(
  { config }: Pick<Invocation, 'config'>,
  { command, eventName, resourceArns }: RecordedCommand<T>,
  work: () => Promise<T>,
): Promise<T> {
  const folder = join(config.dataFolder, AUDIT_FOLDER, COMMANDS_FOLDER)
  const { region, accountId, limits } = config
  const lock = await lockedAt(folder)
  try {
    const options = { folder, region, accountId, limits, clock: Date.now }
    const log = await openCommandLog(options, { command, userName: userInfo().username }).catch((cause) => {
      throw unwritable(folder, 'nothing was changed', cause)
    })
    const record = (outcome: Parameters<typeof log.record>[0]) =>
      log.record(outcome).catch((cause) => {
        throw unwritable(folder, `the log lacks the outcome of hilum ${command}, which was carried out`, cause)
      })
    try {
      const result = await work().catch(async (error: unknown) => {
        await record({ eventName, resourceArns: resourceArns(undefined), errorCode: (error as Error).name })
        throw error
      })
      await record({ eventName, resourceArns: resourceArns(result) })
      return result
    } finally {
      await log.close().catch(() => {})
    }
  } finally {
    await lock.release()
  }
}

async function lockedAt(folder: string): Promise<FolderLock> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return await lockFolder(folder)
  } catch (cause) {
    if (!(cause instanceof FolderInUse)) throw unwritable(folder, 'nothing was changed', cause)
    throw new OperatorError('Another command of Hilum is changing keys or data. Repeat this one when it has ended.', {
      cause,
    })
  }
}

const unwritable = (folder: string, consequence: string, cause: unknown): OperatorError => {
  const reason = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message
  return new OperatorError(`The audit log in ${folder} cannot be written (${reason}): ${consequence}.`, { cause })
}
