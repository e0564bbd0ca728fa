/**
 * The audit log of commands that change keys or data without a server. It is a chain of its own, because one process writes a chain. Each
 * command has two lines: one before it begins, and one with its outcome.
 */
import { mkdirSync } from 'node:fs'
import { fileName } from './audit-files.ts'
import { type EventContext, eventOfCommand, eventOfService } from './cloudtrail-event.ts'
import { findChain } from './last-line.ts'
import { LineWriter } from './line-writer.ts'

interface CommandLog {
  /** Resolves when the line is durable. */
  record(outcome: {
    /** `DisableKey` */
    readonly eventName: string
    readonly resourceArns: readonly string[]
    /** Of a command that failed. */
    readonly errorCode?: string
  }): Promise<void>
  close(): Promise<void>
}

interface CommandLogOptions extends EventContext {
  /** Only one process may use it. */
  readonly folder: string
  readonly limits: ConstructorParameters<typeof LineWriter>[0]['limits']
  readonly clock: () => number
}

/** Resolves when the first line is durable. @throws an error of the file system */
export async function openCommandLog(
  options: CommandLogOptions,
  /** `keys disable`, and the user of the operating system who called it. */
  { command, userName }: { readonly command: string; readonly userName: string },
): Promise<CommandLog> {
  const { folder, clock } = options
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found = findChain(folder)
  const writer = new LineWriter({ ...options, ...found, onChange: () => {}, onRotation: () => {} })
  const { chain, nextFile, durable, unfinished } = found
  const details = {
    ...{ command, userName, file: fileName(chain, nextFile), durableSequence: durable?.sequence ?? null },
    ...(unfinished.length > 0 && { unfinished }),
  }
  await writer.append(eventOfService('StartCommand', details, clock(), options), { isSynced: true })
  return {
    record: (outcome) => writer.append(eventOfCommand({ ...outcome, userName }, clock(), options), { isSynced: true }),
    close: () => writer.close(),
  }
}
