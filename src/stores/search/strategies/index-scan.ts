/**
 * A page of a search read along one index in the order of the sort key, for searches that nothing else narrows, and for what only
 * the past knows: image sets that have changed since the first page, as they were then, which are few.
 *
 * A page is read in pieces that each are one walk: first what shares the sort key of the cursor, by seq; then what lies beyond that
 * key; last what has no key. Going down, an index gives seq in the wrong order among equal keys, which matters only where the page
 * cuts through them: that last run of equal keys is read again, upwards, as far as the page goes.
 */
import { comparePositions, type Filter, type Position, type Search } from '../../../imaging/search/search.ts'
import type { ImageSets } from '../../catalog/image-set-repository.ts'
import { all, type Sql, type SqlValue } from '../../sql/engine/statement.ts'
import { COLUMN_OF } from '../../sql/rows/search-columns.ts'

/** Beyond every date that has four digits for its year, in microseconds. */
export const NEVER = 1e18

export interface Condition {
  readonly text: string
  readonly values: readonly SqlValue[]
}

type Request = Parameters<ImageSets['search']>[0]

/** One of the two tables that search rows lie in, with what holds for every row of the page beside the filters. */
export interface Source {
  readonly table: string
  /** What is read beside the key and seq: without any, of most rows the index alone. */
  readonly columns?: string
  readonly conditions: readonly Condition[]
}

export const isOnSortKey = (filter: Filter, { sort }: Search) => filter.attribute === sort.sortField

/** Compares two image sets by their places in the search. */
export const inOrder =
  ({ sort }: Search) =>
  (a: Position, b: Position) =>
    comparePositions(sort.sortOrder, a, b)

export function conditionOf(filter: Filter): Condition {
  const column = COLUMN_OF[filter.attribute]
  if (!('equals' in filter)) return { text: `${column} >= ? AND ${column} <= ?`, values: [filter.from, filter.to] }
  return { text: `${column} = ?`, values: [filter.attribute === 'isPrimary' ? Number(filter.equals) : filter.equals] }
}

/** @typeParam R the columns of the source, with those of a Position. */
export function* scan<R extends Position>(source: Source, { search, after, limit }: Request): Sql<readonly R[]> {
  const filters = search.filters.filter((filter) => !isOnSortKey(filter, search)).map(conditionOf)
  const conditions = [...source.conditions, ...filters]
  const { sortField, sortOrder } = search.sort
  const key = COLUMN_OF[sortField]
  const range = rangeOfKeys(search)
  const rows: R[] = []
  const read = (condition: Condition, order: string, count = limit - rows.length) =>
    rowsOf<R>({ ...source, conditions }, { key, condition, order, limit: count })

  if (after === undefined || after.key !== null) {
    if (after !== undefined && after.key !== null && after.key >= range.from && after.key <= range.to) {
      rows.push(...(yield* read({ text: `${key} = ? AND seq > ?`, values: [after.key, after.seq] }, 'seq')))
    }
    const beyond = keysBeyond({ key, range, sortOrder, after: after?.key ?? undefined })
    if (rows.length < limit) {
      const room = limit - rows.length
      // One more, to see whether the page cuts through equal keys.
      const next = yield* read(beyond, `${key} ${sortOrder}, seq ${sortOrder}`, room + 1)
      const isCut = sortOrder === 'DESC' && next.length > room && next[room]!.key === next[room - 1]!.key
      const cut = isCut ? next[room]!.key : undefined
      const whole = next.slice(0, room).filter((row) => row.key !== cut)
      rows.push(...whole.sort(inOrder(search)))
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

function* rowsOf<R>(
  { table, columns, conditions }: Source,
  piece: { readonly key: string; readonly condition: Condition; readonly order: string; readonly limit: number },
): Sql<readonly R[]> {
  const every = [...conditions, piece.condition]
  const read = columns === undefined ? 'seq' : `seq, ${columns}`
  return yield* all<R>(
    `SELECT ${piece.key} AS key, ${read} FROM ${table} WHERE ${every.map(({ text }) => text).join(' AND ')} ORDER BY ${piece.order} LIMIT ?`,
    ...every.flatMap(({ values }) => values),
    piece.limit,
  )
}
