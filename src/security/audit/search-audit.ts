/** Finds lines of an audit log. */
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { auditFilesIn } from './audit-files.ts'
import { readLine } from './chain.ts'

export interface AuditCriteria {
  /** The name of a principal, its ARN, one of its access keys, `root` for the owner, or `os:<name>` for a user of the operating system. */
  readonly principal?: string
  /** An ARN: of the resource itself, or of a resource that contains it. */
  readonly resource?: string
  readonly eventName?: string
  /** Milliseconds since 1970; the first is included, the second is not. */
  readonly since?: number
  readonly until?: number
}

/** The type of the identity of commands. */
export const SYSTEM_USER = 'OperatingSystemUser'

interface Identity {
  readonly type?: string
  readonly arn?: string
  readonly accessKeyId?: string
  readonly userName?: string
  readonly sessionContext?: { readonly sessionIssuer?: { readonly accessKeyId?: string } }
}

export interface AuditEvent {
  readonly eventTime: string
  readonly eventName: string
  readonly userIdentity?: Identity
  readonly sourceIPAddress?: string
  readonly resources?: readonly { readonly ARN: string }[]
  readonly additionalEventData?: { readonly backupId?: string }
  readonly responseStatus?: number
  readonly errorCode?: string
}

/** Log after log, each in its order. Text that is not a line is left out: verify reports it. */
export async function* searchAudit(
  folders: readonly string[],
  criteria: AuditCriteria,
): AsyncGenerator<{ readonly text: string; readonly event: AuditEvent }> {
  const files = folders.flatMap((folder) => auditFilesIn(folder).map(({ name }) => join(folder, name)))
  for (const file of files) {
    for await (const text of createInterface({ input: createReadStream(file) })) {
      const event = readLine(text)?.event as AuditEvent | undefined
      if (event !== undefined && matches(event, criteria)) yield { text, event }
    }
  }
}

function matches(event: AuditEvent, { principal, resource, eventName, since, until }: AuditCriteria): boolean {
  if (eventName !== undefined && event.eventName !== eventName) return false
  if (principal !== undefined && !isOf(event.userIdentity ?? {}, principal)) return false
  if (resource !== undefined && !event.resources?.some(({ ARN }) => ARN === resource || ARN.startsWith(`${resource}/`)))
    return false
  if (since === undefined && until === undefined) return true
  const time = Date.parse(event.eventTime)
  return time >= (since ?? -Infinity) && time < (until ?? Infinity)
}

function isOf({ type, arn, accessKeyId, userName, sessionContext }: Identity, principal: string): boolean {
  if (type === 'Root' && principal === 'root') return true
  // Not by its name alone: the user root of the operating system is not the owner.
  if (type === SYSTEM_USER) return principal === `os:${userName}`
  return [userName, arn, accessKeyId, sessionContext?.sessionIssuer?.accessKeyId].includes(principal)
}
