/**
 * The audit log of commands that act without a server. It is a chain of its own, because one process writes a chain. Each command has two lines:
 * one before it begins, and one with its outcome. A long command opens the log for each of them, so that others can write theirs between.
 */
import { mkdirSync } from 'node:fs'
import { fileName } from './audit-files.ts'
import { type EventContext, eventOfCommand, eventOfService } from './cloudtrail-event.ts'
import { findOnlyChain } from './last-line.ts'
import { LineWriter } from './line-writer.ts'

/** `keys disable`, and the user of the operating system who called it. */
interface CalledCommand {
  readonly command: string
  readonly userName: string
}

interface CommandOutcome {
  /** `DisableKey` */
  readonly eventName: string
  readonly resourceArns: readonly string[]
  /** Of a command that failed. */
  readonly errorCode?: string | undefined
  readonly backupId?: string | undefined
}

export interface CommandLog {
  /** Resolves when the line is durable. */
  record(outcome: CommandOutcome): Promise<void>
  close(): Promise<void>
}

interface CommandLogOptions extends EventContext {
  /** Only one process may use it. */
  readonly folder: string
  readonly limits: ConstructorParameters<typeof LineWriter>[0]['limits']
  readonly clock: () => number
}

/** Resolves when the first line is durable. @throws an error of the file system */
export async function openCommandLog(options: CommandLogOptions, called: CalledCommand): Promise<CommandLog> {
  const { clock } = options
  const { writer, found } = openWriter(options)
  await writer.append(startOf(called, found, options), { isSynced: true })
  const { userName } = called
  return {
    record: (outcome) => writer.append(eventOfCommand({ ...outcome, userName }, clock(), options), { isSynced: true }),
    close: () => writer.close(),
  }
}

/** The first line of a long command. @returns its sequence number. @throws an error of the file system */
export async function recordStart(options: CommandLogOptions, called: CalledCommand): Promise<number> {
  const { writer, found } = openWriter(options)
  return appended(writer, startOf(called, found, options))
}

/** The last line of a long command, which names the first one. @throws an error of the file system */
export async function recordOutcome(
  options: CommandLogOptions,
  { command, userName, startSequence }: CalledCommand & { readonly startSequence: number },
  outcome: CommandOutcome,
): Promise<void> {
  const { writer, found } = openWriter(options)
  const serviceEventDetails = { command, startSequence, ...found }
  await appended(writer, eventOfCommand({ ...outcome, userName, serviceEventDetails }, options.clock(), options))
}

async function appended(writer: LineWriter, event: object): Promise<number> {
  try {
    await writer.append(event, { isSynced: true })
    return writer.end.sequence
  } finally {
    await writer.close().catch(() => {})
  }
}

/** The writer, and what the first line that it writes has to say of the lines before. */
function openWriter(options: CommandLogOptions): { readonly writer: LineWriter; readonly found: object } {
  const { folder } = options
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const chainFound = findOnlyChain(folder)
  const { chain, nextFile, durable, unfinished } = chainFound
  return {
    writer: new LineWriter({ ...options, ...chainFound, onChange: () => {}, onRotation: () => {} }),
    found: {
      ...{ file: fileName(chain, nextFile), durableSequence: durable?.sequence ?? null },
      ...(unfinished.length > 0 && { unfinished }),
    },
  }
}

const startOf = (called: CalledCommand, found: object, options: CommandLogOptions): object =>
  eventOfService('StartCommand', { ...called, ...found }, options.clock(), options)
