/** Searches that many studies may match: the studies are read in the order of the search, and compared. */
import type { StudyPosition } from '../../catalog/study-repository.ts'
import { all, one, type Sql } from '../engine/statement.ts'
import { type Found, indexLeaving, isLatest, type Searching, tableBy, whereOf } from './searching.ts'
import { type PositionRow, positionIn, rangesAfter, type StudyRange, selectPosition } from './study-order.ts'

/** The page, if the first studies in the order fill it. */
export function* tryInOrder(searching: Searching): Sql<Found | undefined> {
  const { order, after, wanted, sizes, conditions } = searching
  const matches = conditions.map(({ text }) => text).join(' AND ')
  const positions: StudyPosition[] = []
  let tried = 0
  for (const range of rangesAfter(order, after)) {
    const { text, values } = whereOf({ ...searching, conditions: [] }, [range])
    const left = sizes.studiesTriedMax - tried
    const rows = yield* all<PositionRow & { readonly matches: number }>(
      `SELECT ${selectPosition(order)}, CASE WHEN ${matches} THEN 1 ELSE 0 END AS matches
       FROM (SELECT * FROM ${tableBy(order.index, searching)} WHERE ${text} ORDER BY ${range.orderBy} LIMIT ?) AS tried
       ORDER BY ${range.orderBy}`,
      ...conditions.flatMap((condition) => condition.values),
      ...[...values, left],
    )
    for (const row of rows) if (row.matches === 1) positions.push(positionIn(order, row))
    tried += rows.length
    if (positions.length >= wanted) return { positions: positions.slice(0, wanted), skipped: 0 }
    if (rows.length === left) return undefined
  }
  // The ranges have ended: these are all.
  return { positions, skipped: 0, ...(after === undefined && { total: positions.length }) }
}

/** The database sorts those that a condition leaves. Undefined: these are too many. */
export function* sortInDatabase(searching: Searching): Sql<Found | undefined> {
  const indexed = yield* indexLeaving(searching.sizes.studiesSortedMax, searching)
  if (indexed === undefined) return undefined
  const table = tableBy(indexed.column, searching)
  const positions: StudyPosition[] = []
  for (const range of rangesAfter(searching.order, searching.after)) {
    const wanted = searching.wanted - positions.length
    positions.push(...(yield* readRange(range, { table, more: [indexed, range], wanted, skip: 0 }, searching)))
    if (positions.length >= searching.wanted) break
  }
  return { positions, skipped: 0 }
}

/** As many as are needed. The database skips the offset. */
export function* readInOrder(searching: Searching): Sql<Found> {
  const { order, after } = searching
  // Former states count for the offset too.
  const offset = isLatest(searching) ? searching.offset : 0
  const size = searching.wanted - offset
  const table = tableBy(order.index, searching)
  const positions: StudyPosition[] = []
  let skip = offset
  for (const range of rangesAfter(order, after)) {
    const wanted = size - positions.length
    const read = yield* readRange(range, { table, more: [range], wanted, skip }, searching)
    positions.push(...read)
    if (read.length > 0) skip = 0
    else if (skip > 0) skip -= Math.min(skip, yield* countStudies(table, whereOf(searching, [range])))
    if (positions.length >= size) break
  }
  return { positions, skipped: offset }
}

interface Reading {
  readonly table: string
  readonly more: Parameters<typeof whereOf>[1]
  readonly wanted: number
  readonly skip: number
}

function* readRange(
  range: StudyRange,
  { table, more, wanted, skip }: Reading,
  searching: Searching,
): Sql<readonly StudyPosition[]> {
  const { text, values } = whereOf(searching, more)
  const rows = yield* all<PositionRow>(
    `SELECT ${selectPosition(searching.order)} FROM ${table} WHERE ${text} ORDER BY ${range.orderBy} LIMIT ? OFFSET ?`,
    ...[...values, wanted, skip],
  )
  return rows.map((row) => positionIn(searching.order, row))
}

export function* countStudies(table: string, { text, values }: ReturnType<typeof whereOf>): Sql<number> {
  const row = yield* one<{ studies: number }>(`SELECT count(*) AS studies FROM ${table} WHERE ${text}`, ...values)
  return row!.studies
}
