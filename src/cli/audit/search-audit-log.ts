/** `hilum audit search`. */
import type { AuditEvent } from '../../contract/audit.ts'
import { SYSTEM_USER, searchAudit } from '../../security/audit/search-audit.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { shown } from '../terminal/text-width.ts'
import { auditCriteria, auditFoldersOf } from './audit-criteria.ts'

export async function searchAuditLog(invocation: Invocation): Promise<ExitCode> {
  const { config, terminal } = invocation
  let found = 0
  for await (const { text, event } of searchAudit(auditFoldersOf(invocation), auditCriteria(invocation))) {
    found += 1
    if (!terminal.hasReader) break
    terminal.print(config.json ? text : shown(lineOf(event)))
  }
  if (found === 0 && !config.json) terminal.note('No request matches.')
  return 0
}

function lineOf({
  eventTime,
  eventName,
  userIdentity = {},
  sourceIPAddress,
  resources,
  additionalEventData,
  ...outcome
}: AuditEvent): string {
  const { type, userName, accessKeyId } = userIdentity
  const name = type === 'Root' ? 'root' : type === SYSTEM_USER ? `os:${userName}` : (userName ?? accessKeyId ?? '-')
  const result = [outcome.responseStatus, outcome.errorCode].filter((each) => each !== undefined).join(' ')
  const last = resources?.at(-1)?.ARN ?? additionalEventData?.backupId ?? ''
  return [eventTime, name, sourceIPAddress ?? '-', eventName, result, last].join('  ').trimEnd()
}
