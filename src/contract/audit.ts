/** The audit log of the server, newest first, below /hilum/ (docs/extensions.md). */

export interface AuditSearch {
  /** The name of a principal, its ARN, one of its access keys, `root` for the owner, or `os:<name>` for a user of the operating system. */
  readonly principal?: string
  /** An ARN: of the resource itself, or of a resource that contains it. */
  readonly resource?: string
  readonly eventName?: string
  /** `failed`: with an error code. */
  readonly outcome?: 'succeeded' | 'failed'
  /** Milliseconds since 1970; the first is included, the second is not. */
  readonly since?: number
  readonly until?: number
}

/** A line of the log, with the names of CloudTrail (docs/operating/audit.md). */
export interface AuditEvent {
  readonly eventTime: string
  readonly eventName: string
  readonly eventSource?: string
  readonly eventID?: string
  readonly requestID?: string
  readonly userIdentity?: AuditIdentity
  readonly sourceIPAddress?: string
  readonly userAgent?: string
  readonly readOnly?: boolean
  readonly resources?: readonly { readonly ARN: string }[]
  readonly additionalEventData?: { readonly backupId?: string }
  readonly responseStatus?: number
  readonly errorCode?: string
  readonly sequenceNumber?: number
}

export interface AuditIdentity {
  readonly type?: string
  readonly arn?: string
  readonly accessKeyId?: string
  readonly userName?: string
  readonly sessionContext?: { readonly sessionIssuer?: { readonly accessKeyId?: string } }
}

/** What was read of one chain for a page: each line was compared with the hash that the next one has of it. */
export interface ReadChain {
  readonly chain: string
  /** Undefined where no line was read. */
  readonly newestSequence?: number
  readonly oldestSequence?: number
  /** The first fault, from the newest line on. */
  readonly fault?: string
}

export interface AuditPage {
  readonly events: readonly AuditEvent[]
  /** All lines since then were read, in seconds since 1970; undefined where the page ends with the first line. */
  readonly readBackTo?: number
  readonly chains: readonly ReadChain[]
  /** Also of a page without events: it ends when `auditPageBytes` were read. */
  readonly nextToken?: string
}
