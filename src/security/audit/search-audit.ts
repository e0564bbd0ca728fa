/** Finds lines of an audit log. */
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { AuditEvent, AuditIdentity, AuditSearch } from '../../contract/audit.ts'
import { auditFilesIn } from './audit-files.ts'
import { readLine } from './chain.ts'

/** The type of the identity of commands. */
export const SYSTEM_USER = 'OperatingSystemUser'

/** Log after log, each in its order. Text that is not a line is left out: verify reports it. */
export async function* searchAudit(
  folders: readonly string[],
  criteria: AuditSearch,
): AsyncGenerator<{ readonly text: string; readonly event: AuditEvent }> {
  const files = folders.flatMap((folder) => auditFilesIn(folder).map(({ name }) => join(folder, name)))
  for (const file of files) {
    for await (const text of createInterface({ input: createReadStream(file) })) {
      const event = readLine(text)?.event as AuditEvent | undefined
      if (event !== undefined && matches(event, criteria)) yield { text, event }
    }
  }
}

export function matches(event: AuditEvent, search: AuditSearch): boolean {
  const { principal, resource, eventName, outcome, since, until } = search
  if (eventName !== undefined && event.eventName !== eventName) return false
  if (outcome !== undefined && (outcome === 'failed') !== (event.errorCode !== undefined)) return false
  if (principal !== undefined && !isOf(event.userIdentity ?? {}, principal)) return false
  if (resource !== undefined && !event.resources?.some(({ ARN }) => ARN === resource || ARN.startsWith(`${resource}/`)))
    return false
  if (since === undefined && until === undefined) return true
  const time = Date.parse(event.eventTime)
  return time >= (since ?? -Infinity) && time < (until ?? Infinity)
}

function isOf({ type, arn, accessKeyId, userName, sessionContext }: AuditIdentity, principal: string): boolean {
  if (type === 'Root' && principal === 'root') return true
  // Not by its name alone: the user root of the operating system is not the owner.
  if (type === SYSTEM_USER) return principal === `os:${userName}`
  return [userName, arn, accessKeyId, sessionContext?.sessionIssuer?.accessKeyId].includes(principal)
}
