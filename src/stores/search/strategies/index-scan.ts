/**
 * Index scan: reads image sets in the order of an index on the sort key, for searches that filter by nothing but the sort key and
 * isPrimary; and the row history of image sets that have changed since the first page, which are few.
 *
 * A page is read in at most three ranges of the index: rows that share the sort key of the cursor, by row id; rows beyond that key; rows
 * without a key. A descending scan returns row ids in the wrong order among equal keys, which matters only where the page ends among
 * them: that last run of equal keys is read again, ascending.
 */
import {
  comparePositions,
  type Filter,
  isPrimaryWanted,
  type Position,
  type Search,
} from '../../../imaging/search/search.ts'
import type { ImageSets } from '../../catalog/image-set-repository.ts'
import type { Dialect } from '../../sql/engine/differences.ts'
import { all, type Row, type Sql } from '../../sql/engine/statement.ts'
import { COLUMN_OF, type Condition, conditionOf, DATE_INDEXES } from '../../sql/rows/search-columns.ts'

/** Later than every date with a year of four digits, in microseconds. */
const NEVER = 1e18

type Request = Pick<Parameters<ImageSets['search']>[0], 'search' | 'after' | 'limit'>

interface Snapshot {
  readonly datastore: number
  readonly snapshotVersion: number
  readonly latest: number
}

/** A table to scan, and conditions for every row of the page beside the filters. */
interface Source {
  readonly table: string
  /** Read beside the key and the row id; without any, an index answers alone. */
  readonly columns?: string
  readonly conditions: readonly Condition[]
}

export const isOnSortKey = (filter: Filter, { sort }: Search) => filter.attribute === sort.sortField

/** Compares two image sets by their positions in the result. */
export const inOrder =
  ({ sort }: Search) =>
  (a: Position, b: Position) =>
    comparePositions(sort.sortOrder, a, b)

/** The row ids of a page, and how many rows were read for it. */
export function* scanIndex(
  request: Request,
  { datastore, snapshotVersion, latest, dialect }: Snapshot & { readonly dialect: Dialect },
): Sql<{ readonly rowIds: readonly number[]; readonly rowsRead: number }> {
  const { filters, sort } = request.search
  const onSortKey = filters.filter((filter) => filter.attribute !== 'isPrimary')
  const positions: Position[] = []
  let rowsRead = 0
  for (const isPrimary of [true, false].filter((each) => isPrimaryWanted(each, filters))) {
    const conditions = [
      { text: 'datastore = ? AND is_primary = ? AND deleted_at IS NULL', values: [datastore, isPrimary ? 1 : 0] },
      ...(snapshotVersion === latest ? [] : [{ text: 'changed_in <= ?', values: [snapshotVersion] }]),
    ]
    const table = `image_sets ${dialect.byIndex(DATE_INDEXES[sort.sortField])}`
    const search = { sort, filters: [...onSortKey, ...upTo(positions[request.limit - 1], sort)] }
    const scanned = yield* countingRows(scan({ table, conditions }, { ...request, search }))
    positions.push(...scanned.result)
    rowsRead += scanned.rowsRead
  }
  const page = positions.sort(inOrder(request.search)).slice(0, request.limit)
  return { rowIds: page.map(({ rowId }) => rowId), rowsRead }
}

/** When the page is full already, excludes what comes after its last position. */
function upTo(last: Position | undefined, { sortField, sortOrder }: Search['sort']): readonly Filter[] {
  if (last === undefined || last.key === null) return []
  const range = sortOrder === 'DESC' ? { from: last.key, to: NEVER } : { from: -NEVER, to: last.key }
  return [{ attribute: sortField, ...range }]
}

/** @returns the versions that were current in the snapshot and are superseded now. */
export const scanHistory = <R extends Position>(
  request: Request,
  { datastore, snapshotVersion, columns }: Omit<Snapshot, 'latest'> & { readonly columns: string },
): Sql<{ readonly result: readonly R[]; readonly rowsRead: number }> => {
  const wereCurrent = {
    text: 'datastore = ? AND until_change > ? AND from_change <= ?',
    values: [datastore, snapshotVersion, snapshotVersion],
  }
  return countingRows(scan<R>({ table: 'image_set_history', columns, conditions: [wereCurrent] }, request))
}

function* countingRows<T>(transaction: Sql<T>): Sql<{ readonly result: T; readonly rowsRead: number }> {
  let rowsRead = 0
  for (let step = transaction.next([]); ; ) {
    if (step.done) return { result: step.value, rowsRead }
    const rows = (yield step.value) as readonly Row[]
    rowsRead += rows.length
    step = transaction.next(rows)
  }
}

/** @typeParam R the columns of the source, with those of a Position. */
function* scan<R extends Position>(source: Source, { search, after, limit }: Request): Sql<readonly R[]> {
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
      rows.push(...(yield* read({ text: `${key} = ? AND row_id > ?`, values: [after.key, after.rowId] }, 'row_id')))
    }
    const beyond = keysBeyond({ key, range, sortOrder, after: after?.key ?? undefined })
    if (rows.length < limit) {
      const room = limit - rows.length
      // One more, to find out whether the page ends among equal keys.
      const next = yield* read(beyond, `${key} ${sortOrder}, row_id ${sortOrder}`, room + 1)
      const isCut = sortOrder === 'DESC' && next.length > room && next[room]!.key === next[room - 1]!.key
      const cut = isCut ? next[room]!.key : undefined
      const whole = next.slice(0, room).filter((row) => row.key !== cut)
      rows.push(...whole.sort(inOrder(search)))
      if (cut !== undefined) rows.push(...(yield* read({ text: `${key} = ?`, values: [cut] }, 'row_id')))
    }
  }
  const mayLackKey =
    sortField === 'DICOMStudyDateAndTime' && !search.filters.some((filter) => isOnSortKey(filter, search))
  if (mayLackKey && rows.length < limit) {
    const rowId = after !== undefined && after.key === null ? after.rowId : -1
    rows.push(...(yield* read({ text: `${key} IS NULL AND row_id > ?`, values: [rowId] }, 'row_id')))
  }
  return rows
}

interface KeyRange {
  readonly from: number
  readonly to: number
}

/** All filters on the sort key as one range. It is bounded even without any, so that the scan skips rows without a key. */
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
  // One bound on each side: given two on one side, SQLite may start its scan at the wrong one.
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
  range: { readonly key: string; readonly condition: Condition; readonly order: string; readonly limit: number },
): Sql<readonly R[]> {
  const every = [...conditions, range.condition]
  const read = columns === undefined ? '' : `, ${columns}`
  return yield* all<R>(
    `SELECT ${range.key} AS key, row_id AS "rowId"${read} FROM ${table} WHERE ${every.map(({ text }) => text).join(' AND ')} ORDER BY ${range.order} LIMIT ?`,
    ...every.flatMap(({ values }) => values),
    range.limit,
  )
}
