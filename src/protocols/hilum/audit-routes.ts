/** The route of the audit log, page by page. */
import type { App } from '../../app.ts'
import type { AuditSearch } from '../../contract/audit.ts'
import { ContractError } from '../../contract/errors.ts'
import type { Extensions } from '../../contract/extensions.ts'
import { optionalNumber } from './query-number.ts'
import { type HilumRoute, jsonReply, onAll } from './route.ts'

export const auditRoutes = (app: App, extensions: Extensions<App>): readonly HilumRoute[] => [
  {
    http: 'GET /hilum/audit',
    needs: onAll('hilum:SearchAuditLog'),
    async answer({ query }) {
      const page = await extensions.searchAuditLog(
        {
          search: searchOf(query),
          maxResults: optionalNumber(query, 'maxResults'),
          nextToken: query.get('nextToken') ?? undefined,
        },
        app,
      )
      return jsonReply(page)
    },
  },
]

const CHARACTERS_MAX = 2_048

function searchOf(query: URLSearchParams): AuditSearch {
  const [principal, resource, eventName] = ['principal', 'resource', 'eventName'].map((name) => textOf(query, name))
  const outcome = textOf(query, 'outcome')
  if (outcome !== undefined && outcome !== 'succeeded' && outcome !== 'failed') {
    throw new ContractError('ValidationException', 'outcome must be succeeded or failed.')
  }
  const since = timeOf(query, 'since')
  const until = timeOf(query, 'until')
  return {
    ...(principal !== undefined && { principal }),
    ...(resource !== undefined && { resource }),
    ...(eventName !== undefined && { eventName }),
    ...(outcome !== undefined && { outcome }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  }
}

function textOf(query: URLSearchParams, name: string): string | undefined {
  const text = query.get(name) ?? ''
  if (text.length > CHARACTERS_MAX)
    throw new ContractError('ValidationException', `${name} can have up to ${CHARACTERS_MAX} characters.`)
  return text === '' ? undefined : text
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/

function timeOf(query: URLSearchParams, name: string): number | undefined {
  const text = textOf(query, name)
  if (text === undefined) return undefined
  const time = TIME.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(time)) return time
  throw new ContractError('ValidationException', `${name} must be a time such as 2026-01-31T08:00:00Z.`)
}
