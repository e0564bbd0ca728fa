/** The messages between the primary of a server and its other processes: all of them, and nothing else, goes through their channels. */
import type { Limits } from '../limits.ts'
import type { RefusalReason } from '../protocols/http/rate-limits.ts'
import type { AccessKey, Config } from '../server/config.ts'
import type { ProcessMetrics } from '../server/metrics.ts'

/**
 * The version of these messages. A primary that was started before an upgrade starts processes of the new code: if the version is another
 * one, they refuse, and the server has to be restarted. To be raised with each change of a message.
 */
export const MESSAGES_VERSION = 3

export type ProcessKind = 'request' | 'jobs'

/** With the first message. */
export interface ProcessStart {
  /** `request-2`: in log lines and lists of processes. */
  readonly name: string
  readonly config: Config
  /** Those of AWS apply, and what processes share is divided. */
  readonly limits: Limits
  readonly credentials: AccessKey
  readonly sealingKey: Uint8Array
  /** Where the jobs process takes store requests; undefined while there is none. */
  readonly jobsAddress: string | undefined
  /** Of the audit log, for a process that serves requests. */
  readonly auditChain: string | undefined
  /** Of processes for jobs that have ended: their leases end. */
  readonly endedWorkerIds: readonly string[]
  /** That share the catalog. */
  readonly serverCount: number
}

/** By the name of a rate, then of an address or principal: tokens. */
export type TakenTokens = Partial<Record<Exclude<RefusalReason, 'host'>, ReadonlyMap<string, number>>>

/** Why a process could not start. */
export interface StartFailure {
  readonly message: string
  /** Of an OperatorError. */
  readonly exitCode: 1 | 2 | undefined
  readonly stack: string | undefined
}

export interface HowToStop {
  /** Another one takes its place, and clients have time to find it. */
  readonly isReplaced: boolean
  /** So long it takes connections, but says that it is not ready. */
  readonly drainMs: number
}

/** From the primary. */
export type ToProcess =
  | { readonly kind: 'start'; readonly version: number; readonly start: ProcessStart }
  | ({ readonly kind: 'stop' } & HowToStop)
  /** So many servers share the catalog. */
  | { readonly kind: 'servers'; readonly count: number }
  /** An import job or a workflow waits. */
  | { readonly kind: 'wake' }
  | { readonly kind: 'reloadCertificate' }
  | { readonly kind: 'jobsAddress'; readonly address: string | undefined }
  /** By the other processes. */
  | { readonly kind: 'taken'; readonly tokens: TakenTokens }

/** To the primary. */
export type FromProcess =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly failure: StartFailure }
  /** Every second. */
  | { readonly kind: 'alive'; readonly residentBytes: number }
  | { readonly kind: 'wake' }
  | { readonly kind: 'taken'; readonly tokens: TakenTokens }
  /** Bytes of uploads that were reserved. */
  | { readonly kind: 'uploadEnded'; readonly reservation: number; readonly isStored: boolean }
  | { readonly kind: 'uploadsRemoved' }
  /** A thread for jobs begins, with this id. */
  | { readonly kind: 'worker'; readonly workerId: string }
  /** Its last counts, when it stops. */
  | { readonly kind: 'lastMetrics'; readonly metrics: ProcessMetrics }

/** What a process asks the primary. */
export type PrimaryCalls = {
  takeToken(wanted: {
    readonly name: string
    readonly rate: { readonly perSecond: number; readonly burst: number }
    readonly now: number
  }): number | undefined
  /** The number of the reservation; undefined where the limit would be exceeded. `counting` is what `countUploads` names. */
  takeUpload(wanted: {
    readonly owner: string
    readonly bytes: number
    readonly limitBytes: number
    readonly counting: number
  }): number | undefined
  /** Of all processes. */
  metrics(wanted: undefined): readonly ProcessMetrics[]
  /** Returns when all other processes read principals and policies again. */
  refreshCallers(wanted: undefined): void
}

/** What the primary asks a process. */
export type ProcessCalls = {
  metrics(wanted: undefined): ProcessMetrics
  countUploads(counting: number): number
  refreshCallers(wanted: undefined): void
}
