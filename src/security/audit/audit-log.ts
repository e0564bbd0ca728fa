/**
 * The audit log of a server: one line per request, written before the answer is sent. While it cannot be written, requests are refused, and are
 * served again when it works (decision 17).
 */
import { mkdirSync, statSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { ContractError } from '../../contract/errors.ts'
import { fileName, filesOfChain, syncFolder } from './audit-files.ts'
import { type AnsweredRequest, type EventContext, eventOfRequest, eventOfService } from './cloudtrail-event.ts'
import { findChain, lastLineOf } from './last-line.ts'
import { type FileCalls, LineWriter } from './line-writer.ts'
import { RefusalLimit } from './refusal-limit.ts'

export interface AuditLog {
  /** Throws ServiceUnavailableException while lines cannot be written: to be called before a request is served. */
  check(sourceNetwork: string): void
  /**
   * Resolves when the line of the request is written and, for a request that may have changed data, synced. Throws
   * ServiceUnavailableException if it is not: the request must not be answered otherwise.
   */
  record(request: AnsweredRequest): Promise<void>
  /** Where it is; undefined for one that keeps nothing. */
  readonly folder: string | undefined
  /** Why lines cannot be written, such as ENOSPC. */
  readonly failure: string | undefined
  stop(): Promise<void>
}

/** For `hilum/testing`, which keeps nothing. */
export const NO_AUDIT_LOG: AuditLog = {
  check: () => {},
  record: async () => {},
  folder: undefined,
  failure: undefined,
  stop: async () => {},
}

interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface AuditOptions extends EventContext {
  readonly folder: string
  readonly retentionDays: number
  readonly limits: {
    readonly auditSyncMs: number
    readonly auditRetryMs: number
    readonly auditFileBytes: number
    readonly auditRefusalsPerMinute: number
  }
  readonly clock: () => number
  readonly log: Log
  readonly calls?: FileCalls
  /** Default: the first one of the folder. No other process may write it. */
  readonly chain?: string | undefined
}

const DAY_MS = 24 * 3_600_000
/** In one line. The others are removed after the next rotation. */
const REMOVED_FILES_MAX = 100

/** Continues a chain of the log in the folder with a new file. */
export async function openAuditLog(options: AuditOptions): Promise<AuditLog> {
  const { folder, limits, clock, log } = options
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found = findChain(folder, options.chain)
  const writer = new LineWriter({ ...options, ...found, onChange, onRotation: removeOldFiles })
  const refusals = new RefusalLimit({
    ...{ linesPerMinute: limits.auditRefusalsPerMinute, clock },
    onCount: ({ sourceAddress, count, since }) =>
      serviceEvent('RefusedRequests', { sourceIPAddress: sourceAddress, count, since: new Date(since).toISOString() }),
  })

  /** A failure is reported by onChange, and the line is written later. */
  function serviceEvent(name: string, details: object): void {
    writer.append(eventOfService(name, details, clock(), options), { isSynced: false }).catch(() => {})
  }

  function onChange(cause: NodeJS.ErrnoException | undefined): void {
    if (cause !== undefined) {
      log.error({ code: cause.code }, 'the audit log cannot be written; requests are refused until it can be')
      return
    }
    log.info({}, 'the audit log can be written again; requests are served')
    refusals.flush()
  }

  function removeOldFiles(): void {
    logHead()
    try {
      const old = oldFiles()
      if (old.length === 0) return
      const removed = old.map((file) => ({ file, lastLine: lastLineOf(join(folder, file)).end ?? null }))
      const details = { removed, retentionDays: options.retentionDays }
      const line = eventOfService('RemoveAuditFiles', details, clock(), options)
      // First the record, then the removal: verify accepts a log without its first files only if a line says so.
      writer.append(line, { isSynced: true }).then(
        () => {
          for (const name of old) unlinkSync(join(folder, name))
          syncFolder(folder)
        },
        () => {},
      )
    } catch (cause) {
      log.warn({ code: (cause as NodeJS.ErrnoException).code }, 'old files of the audit log could not be removed')
    }
  }

  /** Files whose last line is older than the retention, from the first file on. */
  function oldFiles(): string[] {
    const before = clock() - options.retentionDays * DAY_MS
    const names = filesOfChain(folder, found.chain).map(({ name }) => name)
    const kept = names.findIndex(
      (name) => name === writer.currentFile || statSync(join(folder, name)).mtimeMs >= before,
    )
    return names.slice(0, Math.min(kept, REMOVED_FILES_MAX))
  }

  /** In the server's log, which is usually sent to another machine. A changed audit log does not fit it. */
  function logHead(): void {
    const { sequence, hash } = writer.end
    log.info({ chain: found.chain, sequence, hash }, 'the audit log has this last line')
  }

  const { end, durable, unfinished, isNew } = found
  if (!isNew && (durable === undefined || durable.sequence > end.sequence)) {
    log.error({ folder }, 'the audit log lacks lines that were durable. Run: hilum audit verify')
  }
  await writer.append(
    eventOfService(
      'StartServer',
      {
        file: fileName(found.chain, found.nextFile),
        // A damaged head is as suspicious as a missing line.
        durableSequence: durable?.sequence ?? null,
        ...(unfinished.length > 0 && { unfinished }),
      },
      clock(),
      options,
    ),
    { isSynced: true },
  )
  removeOldFiles()

  return {
    folder,
    get failure() {
      return writer.failure === undefined ? undefined : (writer.failure.code ?? 'unknown')
    },
    check(sourceNetwork) {
      if (writer.failure === undefined) return
      refusals.count(sourceNetwork)
      throw unavailable()
    },
    async record(request) {
      if (isRefusal(request) && !refusals.admits(request.sourceNetwork)) return
      try {
        await writer.append(eventOfRequest(request, clock(), options), {
          isSynced: !request.isReadOnly && !isRefusal(request),
        })
      } catch {
        throw unavailable()
      }
    },
    async stop() {
      refusals.flush()
      serviceEvent('StopServer', {})
      try {
        await writer.close()
      } catch (cause) {
        log.error(
          { code: (cause as NodeJS.ErrnoException).code },
          'the last lines of the audit log could not be written',
        )
      }
    },
  }
}

/** Without a verified caller, without permission, or throttled. Nothing was read or changed. */
const isRefusal = ({ caller, errorCode }: AnsweredRequest): boolean =>
  (caller === undefined && errorCode !== undefined) ||
  errorCode === 'AccessDeniedException' ||
  errorCode === 'ThrottlingException'

const unavailable = (): ContractError =>
  new ContractError(
    'ServiceUnavailableException',
    'The audit log cannot be written, so no request is served. Its disk may be full: free space, and requests are served again.',
    { retryAfterSeconds: 5 },
  )
