/** The filters of the audit log, in the fragment of the URL and as a request. */
import type { AuditEvent, AuditPage, ReadChain } from '../../../src/contract/audit.ts'
import type { Api } from '../api.ts'
import { boundsOf, parseRange, type Range, rangeText } from '../search/date-range.ts'

export interface AuditFilters {
  readonly principal: string
  readonly eventName: string
  readonly outcome: '' | 'succeeded' | 'failed'
  readonly range: Range | undefined
}

export const NO_FILTERS: AuditFilters = { principal: '', eventName: '', outcome: '', range: undefined }

export function auditFragment({ principal, eventName, outcome, range }: AuditFilters): string {
  const texts = Object.entries({ principal: principal.trim(), eventName: eventName.trim(), outcome })
  const parameters = new URLSearchParams(texts.filter(([, value]) => value !== ''))
  if (range !== undefined) parameters.set('time', rangeText(range))
  return parameters.toString()
}

export function auditFiltersOf(fragment: string): AuditFilters {
  const parameters = new URLSearchParams(fragment)
  const outcome = parameters.get('outcome')
  return {
    principal: parameters.get('principal') ?? '',
    eventName: parameters.get('eventName') ?? '',
    outcome: outcome === 'succeeded' || outcome === 'failed' ? outcome : '',
    range: parseRange(parameters.get('time') ?? ''),
  }
}

/** @param now the end of relative ranges */
export async function fetchAuditPage(
  api: Api,
  {
    filters,
    now,
    nextToken,
    signal,
  }: { filters: AuditFilters; now: Date; nextToken: string | undefined; signal: AbortSignal },
): Promise<AuditPage> {
  const { principal, eventName, outcome, range } = filters
  const bounds = range && (boundsOf(range, { now, isStudyDate: false }) as readonly [Date, Date])
  const query = Object.fromEntries(
    Object.entries({
      ...{ principal: principal.trim(), eventName: eventName.trim(), outcome, nextToken },
      ...{ since: bounds?.[0].toISOString(), until: bounds?.[1].toISOString() },
    }).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
  )
  return (await (await api.request({ method: 'GET', path: ['audit'], query, signal })).json()) as AuditPage
}

interface ChainState {
  readonly lines: number
  readonly faults: readonly Required<Pick<ReadChain, 'chain' | 'fault'>>[]
}

/** Of all pages that were read: each line was compared with the one after it. */
export function chainStateOf(pages: readonly AuditPage[]): ChainState {
  const read = new Map<string, { newest: number; oldest: number; fault: string | undefined }>()
  for (const { chains } of pages) {
    for (const { chain, newestSequence: newest, oldestSequence: oldest, fault } of chains) {
      if (newest === undefined || oldest === undefined) continue
      const before = read.get(chain)
      read.set(chain, { newest: before?.newest ?? newest, oldest, fault: before?.fault ?? fault })
    }
  }
  const all = [...read]
  return {
    lines: all.reduce((sum, [, { newest, oldest }]) => sum + newest - oldest + 1, 0),
    faults: all.flatMap(([chain, { fault }]) => (fault === undefined ? [] : [{ chain, fault }])),
  }
}

/** The name of the principal, `Owner`, or what is known of a request that was not verified. */
export function nameOfPrincipal({ userIdentity = {} }: AuditEvent): string {
  const { type, userName, accessKeyId, arn } = userIdentity
  if (type === 'Root') return 'Owner'
  if (type === 'OperatingSystemUser') return `${userName} (user of the machine)`
  if (type === 'Unknown') return accessKeyId === undefined ? 'Unknown' : `Unknown, as ${accessKeyId}`
  return userName ?? arn ?? accessKeyId ?? '–'
}
