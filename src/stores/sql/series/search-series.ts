/** Searches for series: all that match are read and sorted, or they are scanned where that would be too many. */
import { levelOfKeyword, vrOfKeyword } from '../../../imaging/dicomweb-search/attributes.ts'
import type { Criterion } from '../../../imaging/dicomweb-search/criteria.ts'
import { matches } from '../../../imaging/dicomweb-search/match.ts'
import type { FoundPage, FoundSeries, SearchPosition, SeriesSearchRequest } from '../../catalog/series-repository.ts'
import type { Dialect } from '../engine/differences.ts'
import type { Transactions } from '../engine/statement.ts'
import { keysOf, type Ordered, pageOf, positionOf } from './ordered-rows.ts'
import {
  type Candidates,
  type ComparedSeries,
  type Creation,
  hasColumn,
  listCandidates,
  readCandidates,
  readSeriesRows,
  type SeriesRow,
} from './series-rows.ts'
import { totalsOfStudies } from './study-totals.ts'

/** Read by one statement; between them other requests have their turn. */
const ROWS_PER_READ = 500

export interface SeriesSearch {
  readonly database: Transactions
  readonly dialect: Pick<Dialect, 'byIndex'>
  readonly request: SeriesSearchRequest
  readonly candidates: Candidates
}

type Page = Omit<FoundPage<FoundSeries>, 'datastore'>

const comparedKeywords = ({ criteria, order }: SeriesSearchRequest): readonly string[] =>
  [...criteria, ...order]
    .map(({ keyword }) => keyword)
    .filter((keyword) => keyword !== 'updatedAt' && levelOfKeyword(keyword) !== 'instance')

const needsModalities = (request: SeriesSearchRequest): boolean =>
  comparedKeywords(request).includes('ModalitiesInStudy')

/** All that match the criteria on series and studies, oldest first, chunk by chunk. Whole rows are read only if they are compared. */
export async function* matchingSeries(search: SeriesSearch): AsyncGenerator<readonly ComparedSeries[]> {
  const { database, candidates, request } = search
  const listed = await database.read(() => listCandidates(candidates))
  const criteria = criteriaOnSeries(request)
  const areListed = comparedKeywords(request).every(hasColumn)
  for (let start = 0; start < listed.length; start += ROWS_PER_READ) {
    const some = listed.slice(start, start + ROWS_PER_READ)
    const read = areListed ? some : await wholeRows(some, search)
    yield read.filter((row) => isMatch(row, criteria))
  }
}

async function wholeRows(
  some: readonly ComparedSeries[],
  { database, request }: SeriesSearch,
): Promise<readonly SeriesRow[]> {
  const found = await database.read(() => readSeriesRows(some.map(({ rowId }) => rowId)))
  const rows = some.flatMap(({ rowId }) => found.get(rowId) ?? [])
  return needsModalities(request) ? withModalities(rows, { database, request }) : rows
}

const criteriaOnSeries = ({ criteria }: SeriesSearchRequest): readonly Criterion[] =>
  criteria.filter(({ keyword }) => levelOfKeyword(keyword) !== 'instance')

/** At most `readMax` rows that come after the given one, and those of them that match. */
export async function* scanSeries(
  { database, request, candidates }: SeriesSearch,
  { after, readMax }: { readonly after?: Creation; readonly readMax: number },
): AsyncGenerator<{ readonly rows: readonly SeriesRow[]; readonly read: readonly SeriesRow[] }> {
  const criteria = criteriaOnSeries(request)
  let position = after
  for (let left = readMax; left > 0; ) {
    const limit = Math.min(ROWS_PER_READ, left)
    const some = await database.read(() => readCandidates(candidates, { after: position, limit }))
    const read = needsModalities(request) ? await withModalities(some, { database, request }) : some
    yield { rows: read.filter((row) => isMatch(row, criteria)), read }
    if (read.length < limit) return
    position = read.at(-1)
    left -= read.length
  }
}

const isMatch = ({ valuesOf }: ComparedSeries, criteria: readonly Criterion[]): boolean =>
  matches(criteria, { valuesOf, vrOf: vrOfKeyword })

async function withModalities(
  rows: readonly SeriesRow[],
  { database, request }: Pick<SeriesSearch, 'database' | 'request'>,
): Promise<readonly SeriesRow[]> {
  const studyInstanceUIDs = rows.map(({ studyInstanceUID }) => studyInstanceUID)
  const { datastoreId } = request
  const totals = await database.read(() => totalsOfStudies({ datastoreId, studyInstanceUIDs }))
  return rows.map((row) => ({
    ...row,
    valuesOf: (keyword) =>
      keyword === 'ModalitiesInStudy' ? (totals.get(row.studyInstanceUID)?.modalities ?? []) : row.valuesOf(keyword),
  }))
}

type OrderedSeries = Ordered & { readonly rowId: number; instances: number }

export async function orderedSeries(search: SeriesSearch): Promise<Page> {
  const { database, request } = search
  const { order, after, limit } = request
  const bySeries = new Map<string, OrderedSeries>()
  for await (const rows of matchingSeries(search)) {
    for (const { rowId, createdAt, studyInstanceUID, seriesInstanceUID, valuesOf, instances } of rows) {
      const series = `${studyInstanceUID} ${seriesInstanceUID}`
      const first = bySeries.get(series)
      if (first !== undefined) first.instances += instances
      else
        bySeries.set(series, {
          rowId,
          instances,
          keys: keysOf(order, valuesOf),
          place: [createdAt, rowId],
        })
    }
  }
  const page = pageOf([...bySeries.values()], { order, after, offset: request.offset, limit })
  const rows = await database.read(() => readSeriesRows(page.rows.map(({ rowId }) => rowId)))
  const there = page.rows.filter(({ rowId }) => rows.has(rowId))
  return {
    ...page,
    rows: there.map(({ rowId, instances }) => ({ ...rows.get(rowId)!.found, instances })),
    positions: there.map(positionOf),
  }
}

/** In the order of their creation. */
export async function scannedSeries(search: SeriesSearch): Promise<Page> {
  const { limit, rowsMax, after } = search.request
  const found: SeriesRow[] = []
  let offset = after?.offset ?? search.request.offset
  let last: Creation | undefined = after && creationOf(after)
  const next = (): SearchPosition => ({ mode: 'scanned', after: [last!.createdAt, last!.rowId], offset })
  const pageUntil = (isDone: boolean): Page => ({
    rows: found.map((row) => row.found),
    positions: found.map(({ createdAt, rowId }) => [createdAt, rowId]),
    next: isDone ? undefined : next(),
    total: undefined,
  })
  let examined = 0
  for await (const { rows, read } of scanSeries(search, { ...(last && { after: last }), readMax: rowsMax })) {
    for (const row of rows) {
      if (found.length === limit) return pageUntil(false)
      if (offset > 0) offset--
      else found.push(row)
      last = row
    }
    last = read.at(-1) ?? last
    examined += read.length
  }
  return pageUntil(examined < rowsMax)
}

export const creationOf = ({ after: [createdAt, rowId] }: SearchPosition): Creation => ({
  createdAt: createdAt as number,
  rowId: rowId as number,
})
