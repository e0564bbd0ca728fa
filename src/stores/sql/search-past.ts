/**
 * The part of a search's page that only the past knows: image sets that have changed since its first page, as they were then. They
 * are few, so ordinary SQL finds them.
 *
 * A page is read in pieces: first what shares the sort key of the cursor, by seq; then what lies beyond that key; last what has no
 * key. Going down, seq comes in the wrong order among equal keys, which matters only where the page cuts through them: that last
 * run of equal keys is read again, upwards, however long it is.
 */
import { comparePositions, type Filter, type Position, type Search, type SortField } from '../../imaging/search.ts'
import type { ImageSetSummary, ImageSets } from '../catalog.ts'
import { COLUMN_OF } from './search-columns.ts'
import { SUMMARY_COLUMNS, type SummaryRow, summaryOf } from './search-summaries.ts'
import { all, type Sql, type SqlValue } from './statement.ts'

/** Beyond every date that has four digits for its year, in microseconds. */
const NEVER = 1e18

interface Condition {
  readonly text: string
  readonly values: readonly SqlValue[]
}

type Request = Parameters<ImageSets['search']>[0]

export function* pastOf(
  request: Request,
  { datastore, asOf }: { readonly datastore: number; readonly asOf: number },
): Sql<readonly ImageSetSummary[]> {
  return yield* page(
    [
      { text: 'datastore = ? AND until_change > ? AND from_change <= ?', values: [datastore, asOf, asOf] },
      ...request.search.filters.filter((filter) => !isOnSortKey(filter, request.search)).map(conditionOf),
    ],
    request,
  )
}

const isOnSortKey = (filter: Filter, { sort }: Search) => filter.attribute === sort.sortField

export const inOrder =
  ({ sort }: Search) =>
  (a: Position, b: Position) =>
    comparePositions(sort.sortOrder, a, b)

function conditionOf(filter: Filter): Condition {
  const column = COLUMN_OF[filter.attribute]
  if (!('equals' in filter)) return { text: `${column} >= ? AND ${column} <= ?`, values: [filter.from, filter.to] }
  return { text: `${column} = ?`, values: [filter.attribute === 'isPrimary' ? Number(filter.equals) : filter.equals] }
}

function* page(conditions: readonly Condition[], { search, after, limit }: Request): Sql<readonly ImageSetSummary[]> {
  const { sortField, sortOrder } = search.sort
  const key = COLUMN_OF[sortField]
  const range = rangeOfKeys(search)
  const rows: ImageSetSummary[] = []
  const read = (condition: Condition, order: string) =>
    rowsOf(conditions, { sortField, condition, order, limit: limit - rows.length })

  if (after === undefined || after.key !== null) {
    if (after !== undefined && after.key !== null && after.key >= range.from && after.key <= range.to) {
      rows.push(...(yield* read({ text: `${key} = ? AND seq > ?`, values: [after.key, after.seq] }, 'seq')))
    }
    const beyond = keysBeyond({ key, range, sortOrder, after: after?.key ?? undefined })
    if (rows.length < limit) {
      const next = yield* read(beyond, `${key} ${sortOrder}, seq ${sortOrder}`)
      const cut = sortOrder === 'DESC' && next.length === limit - rows.length ? next.at(-1)!.key : undefined
      rows.push(...next.filter((row) => row.key !== cut).sort(inOrder(search)))
      if (cut !== undefined) rows.push(...(yield* read({ text: `${key} = ?`, values: [cut] }, 'seq')))
    }
  }
  const mayLackKey =
    sortField === 'DICOMStudyDateAndTime' && !search.filters.some((filter) => isOnSortKey(filter, search))
  if (mayLackKey && rows.length < limit) {
    const seq = after !== undefined && after.key === null ? after.seq : -1
    rows.push(...(yield* read({ text: `${key} IS NULL AND seq > ?`, values: [seq] }, 'seq')))
  }
  return rows
}

interface KeyRange {
  readonly from: number
  readonly to: number
}

/** All filters on the sort key as one range; without any it is bounded too, so that walks begin behind those without a key. */
function rangeOfKeys(search: Search): KeyRange {
  let range: KeyRange = { from: -NEVER, to: NEVER }
  for (const filter of search.filters) {
    if (!isOnSortKey(filter, search) || 'equals' in filter) continue
    range = { from: Math.max(range.from, filter.from), to: Math.min(range.to, filter.to) }
  }
  return range
}

function keysBeyond(request: {
  readonly key: string
  readonly range: KeyRange
  readonly sortOrder: Search['sort']['sortOrder']
  readonly after: number | undefined
}): Condition {
  const { key, range, sortOrder, after } = request
  // One bound on each side: given two on one side, SQLite may start its walk at the wrong one.
  if (sortOrder === 'ASC' && after !== undefined && after >= range.from) {
    return { text: `${key} > ? AND ${key} <= ?`, values: [after, range.to] }
  }
  if (sortOrder === 'DESC' && after !== undefined && after <= range.to) {
    return { text: `${key} >= ? AND ${key} < ?`, values: [range.from, after] }
  }
  return { text: `${key} >= ? AND ${key} <= ?`, values: [range.from, range.to] }
}

function* rowsOf(
  conditions: readonly Condition[],
  piece: {
    readonly sortField: SortField
    readonly condition: Condition
    readonly order: string
    readonly limit: number
  },
): Sql<readonly ImageSetSummary[]> {
  const every = [...conditions, piece.condition]
  const rows = yield* all<SummaryRow>(
    `SELECT ${SUMMARY_COLUMNS} FROM image_sets_past WHERE ${every.map(({ text }) => text).join(' AND ')} ORDER BY ${piece.order} LIMIT ?`,
    ...every.flatMap(({ values }) => values),
    piece.limit,
  )
  return rows.map((row) => summaryOf(row, piece.sortField))
}
