/** The options of `hilum audit search` and `hilum audit export`. */
import { join } from 'node:path'
import type { AuditSearch } from '../../contract/audit.ts'
import { AUDIT_FOLDER, COMMANDS_FOLDER, chainsIn } from '../../security/audit/audit-files.ts'
import { OperatorError } from '../../server/operator-error.ts'
import type { Invocation } from '../terminal/command.ts'

/** That of servers, and that of commands. */
export function auditFoldersOf({ config }: Invocation): readonly string[] {
  const folder = join(config.dataFolder, AUDIT_FOLDER)
  const found = [folder, join(folder, COMMANDS_FOLDER)].filter((each) => chainsIn(each).length > 0)
  if (found.length > 0) return found
  throw new OperatorError(`There is no audit log in ${folder}. Name the data folder of a server with --data.`)
}

export function auditCriteria({ flags }: Invocation): AuditSearch {
  const { principal, resource, event: eventName } = flags as Readonly<Record<string, string | undefined>>
  const since = timeOf('since', flags.since)
  const until = timeOf('until', flags.until)
  return {
    ...(principal !== undefined && { principal }),
    ...(resource !== undefined && { resource }),
    ...(eventName !== undefined && { eventName }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  }
}

const UNITS_MS = { d: 24 * 3_600_000, h: 3_600_000, m: 60_000 } as const
const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/

function timeOf(flag: string, text: unknown): number | undefined {
  if (typeof text !== 'string') return undefined
  const [, count, unit] = /^-(\d{1,5})([dhm])$/.exec(text) ?? []
  if (unit !== undefined) return Date.now() - Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS]
  const hasOffset = !text.includes('T') || /(Z|[+-]\d{2}:\d{2})$/.test(text)
  const time = TIME.test(text) ? Date.parse(hasOffset ? text : `${text}Z`) : Number.NaN
  if (!Number.isNaN(time)) return time
  throw new OperatorError(
    `--${flag} must be a time such as 2026-01-31, 2026-01-31T08:00Z, -7d or -12h, not '${text}'.`,
    {
      exitCode: 2,
    },
  )
}
