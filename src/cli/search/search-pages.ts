/** Requests a search page by page and prints each page at once, so that memory does not grow with the result. */
import {
  type ImageSetsMetadataSummary,
  type MedicalImagingClient,
  type SearchCriteria,
  SearchImageSetsCommand,
} from '@aws-sdk/client-medical-imaging'
import { OperatorError } from '../../server/operator-error.ts'
import { askingFor, headerOf } from '../client/client.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { openTable, type SearchTable } from './search-table.ts'

/** The maximum of the API. */
export const PAGE_SIZE = 50

/** Updated with every page, so that it is right when the search is interrupted. */
export interface Reached {
  count: number
  /** How many match in all, after the first page. */
  total: number | undefined
  /** The sum of the times from request to reply. */
  milliseconds: number
  hasMore: boolean
}

interface Screen {
  readonly terminal: Terminal
  /** A line of JSON for each image set instead of a table. */
  readonly isJson: boolean
}

/** Stops when the output is closed. Throws what the client throws. */
export async function showPages(
  search: {
    datastoreId: string
    searchCriteria: SearchCriteria | undefined
    match: string | undefined
    limit: number | undefined
    isCounted: boolean
  },
  at: Screen & { client: MedicalImagingClient; signal: AbortSignal; reached: Reached },
): Promise<void> {
  const { datastoreId, searchCriteria, match, limit = Number.POSITIVE_INFINITY, isCounted } = search
  const { terminal, client, signal, reached } = at
  const linesOf = at.isJson ? jsonLines : tableLines(terminal)
  const isPageALine = at.isJson && isCounted
  let nextToken: string | undefined
  for (;;) {
    const maxResults = Math.min(PAGE_SIZE, limit - reached.count)
    const command = new SearchImageSetsCommand({ datastoreId, searchCriteria, maxResults, nextToken })
    const isFirstCounted = isCounted && nextToken === undefined
    askingFor(command, {
      ...(match !== undefined && { 'x-hilum-match': match }),
      ...(isFirstCounted && { 'x-hilum-count': 'exact' }),
    })
    const startedAt = performance.now()
    const page = await client.send(command, { abortSignal: signal })
    reached.milliseconds += performance.now() - startedAt
    const imageSets = page.imageSetsMetadataSummaries ?? []
    if (isCounted) reached.total ??= totalIn(page)
    nextToken = page.nextToken
    reached.count += imageSets.length
    reached.hasMore = nextToken !== undefined
    if (isPageALine) terminal.print(JSON.stringify({ total: reached.total, imageSetsMetadataSummaries: imageSets }))
    else if (imageSets.length > 0) terminal.print(linesOf(imageSets).join('\n'))
    if (nextToken === undefined || reached.count >= limit || !terminal.hasReader) break
    terminal.status(`${progressOf(reached)} ...`)
  }
  terminal.status()
}

type LinesOf = (page: readonly ImageSetsMetadataSummary[]) => string[]

const jsonLines: LinesOf = (page) => page.map((imageSet) => JSON.stringify(imageSet))

function tableLines({ resultColumns, styled }: Terminal): LinesOf {
  let table: SearchTable | undefined
  return (page) => {
    if (table !== undefined) return page.map(table.row)
    table = openTable(page, { columns: resultColumns, styled })
    return [table.head, ...page.map(table.row)]
  }
}

/** From a header of Hilum's own. */
export function totalIn(page: unknown): number {
  const total = headerOf(page, 'x-hilum-total-count')
  if (total !== undefined) return Number(total)
  throw new OperatorError('The server does not return the total: it is not Hilum, or an older version.')
}

const progressOf = ({ count, total }: Reached) =>
  total === undefined ? counted(count) : `${count.toLocaleString('en-US')} of ${counted(total)}`

export function closingLine({ count, total, milliseconds, hasMore }: Reached): string {
  const time = `in ${drawDuration(milliseconds)}`
  if (count === 0) return `Nothing found, ${time}.`
  if (total !== undefined) {
    const shown = `1–${count.toLocaleString('en-US')} of ${counted(total)}, ${time}.`
    return hasMore ? `${shown} --all shows every one, --limit <number> that many.` : shown
  }
  return hasMore
    ? `${counted(count)} shown, ${time}. There are more: --all shows every one, --limit <number> that many.`
    : `${counted(count)}, ${time}.`
}

const drawDuration = (milliseconds: number) =>
  milliseconds < 10_000 ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1000).toFixed(1)} s`

export const counted = (count: number): string => `${count.toLocaleString('en-US')} image set${count === 1 ? '' : 's'}`
