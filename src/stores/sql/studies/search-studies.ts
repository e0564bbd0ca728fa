/**
 * Searches for studies. Few studies have a value that an index finds, or its words: they are read and sorted. Otherwise the studies are read
 * in the order of an index, and compared, until the page is full. Later pages read the snapshot of the first one, as searches for image
 * sets do.
 */
import type { Studies, StudyPage, StudyPosition } from '../../catalog/study-repository.ts'
import type { IndexSizes } from '../../search/kd-tree/sizes.ts'
import { datastoreSearched } from '../datastores/datastores.ts'
import type { Dialect } from '../engine/differences.ts'
import { all, one, type Sql, type SqlValue } from '../engine/statement.ts'
import { knownChanges } from '../history/changes.ts'
import { foundStudies } from './found-studies.ts'
import { STUDY_COLUMNS } from './study-columns.ts'
import { conditionOf, type StudyCondition } from './study-conditions.ts'
import {
  comparePositions,
  orderOf,
  type PositionRow,
  positionIn,
  rangesAfter,
  type StudyOrder,
  type StudyRange,
  selectPosition,
} from './study-order.ts'

export type StudySearch = Parameters<Studies['search']>[0]

type StudySizes = Pick<IndexSizes, 'studiesReadMax' | 'studiesTriedMax' | 'studiesSortedMax'>

interface Searching {
  readonly datastore: number
  readonly snapshot: number
  readonly isLatest: boolean
  readonly conditions: readonly StudyCondition[]
  readonly order: StudyOrder
  readonly after: StudyPosition | undefined
  /** With the offset, and one more, which tells whether there are further studies. */
  readonly wanted: number
  readonly offset: number
  readonly dialect: Dialect
  readonly sizes: StudySizes
}

/** Positions of studies, in order. */
interface Found {
  readonly positions: readonly StudyPosition[]
  /** How many of the offset are left out of them already. */
  readonly skipped: number
  /** Of all that match, where it is known. */
  readonly total?: number
}

export function* searchStudies(
  request: StudySearch,
  { dialect, sizes }: { readonly dialect: Dialect; readonly sizes: StudySizes },
): Sql<StudyPage> {
  const changes = yield* knownChanges()
  const snapshot = Math.min(Math.max(request.after?.snapshotVersion ?? changes.latest, changes.oldest), changes.latest)
  const datastore = yield* datastoreSearched(request.datastoreId)
  if (datastore === undefined) return { datastore, rows: [], next: undefined, snapshotVersion: snapshot }
  const { number } = datastore
  const isLatest = snapshot === changes.latest
  const combinations = yield* combinationsFor(request, { datastore: number, snapshot, isLatest })
  const searching: Searching = {
    ...{ datastore: number, snapshot, isLatest, dialect, sizes },
    conditions: request.criteria.map((criterion) => conditionOf(criterion, { dialect, combinations })),
    order: orderOf(request.order),
    after: request.after?.position,
    wanted: request.offset + request.limit + 1,
    offset: request.offset,
  }
  const current = yield* currentPositions(searching)
  const { positions, skipped, total } = isLatest ? current : yield* withHistory(current, searching)
  const page = positions.slice(request.offset - skipped, request.offset - skipped + request.limit)
  const hasMore = positions.length > request.offset - skipped + request.limit
  return {
    datastore,
    rows: yield* foundStudies(page, searching),
    next: hasMore ? page.at(-1) : undefined,
    snapshotVersion: snapshot,
    ...(request.isCounted && isLatest && { total: total ?? (yield* totalOf(searching)) }),
  }
}

/** The combinations of modalities that studies have: few, whatever the number of studies. Empty where no criterion asks for them. */
function* combinationsFor(
  { criteria }: StudySearch,
  { datastore, snapshot, isLatest }: Pick<Searching, 'datastore' | 'snapshot' | 'isLatest'>,
): Sql<readonly string[]> {
  if (!criteria.some(({ keyword }) => keyword === 'ModalitiesInStudy')) return []
  const found: string[] = []
  for (let last = ''; ; last = found.at(-1)!) {
    const next = yield* one<{ modalities: string }>(
      'SELECT modalities FROM studies WHERE datastore = ? AND modalities > ? ORDER BY modalities LIMIT 1',
      ...[datastore, last],
    )
    if (next === undefined) break
    found.push(next.modalities)
  }
  if (isLatest) return found
  const former = yield* all<{ modalities: string }>(
    `SELECT DISTINCT modalities FROM study_history WHERE datastore = ? AND until_change > ? AND from_change <= ?
     AND modalities IS NOT NULL`,
    ...[datastore, snapshot, snapshot],
  )
  return [...new Set([...found, ...former.map(({ modalities }) => modalities)])]
}

function* currentPositions(searching: Searching): Sql<Found> {
  const selected = yield* selectedBy(searching, searching.sizes.studiesReadMax)
  if (selected !== undefined) return yield* sortSelected(selected, searching)
  if (searching.conditions.length === 0) return yield* readRanges(searching)
  return (yield* tryInOrder(searching)) ?? (yield* sortInDatabase(searching)) ?? (yield* readRanges(searching))
}

const PRIORITY: readonly string[] = [...Object.values(STUDY_COLUMNS).map(({ column }) => column), 'modalities']

type Indexed = NonNullable<StudyCondition['indexed']>

const indexesOf = ({ conditions }: Searching): readonly Indexed[] =>
  conditions
    .flatMap(({ indexed }) => indexed ?? [])
    .sort((a, b) => PRIORITY.indexOf(a.column) - PRIORITY.indexOf(b.column))

/** The first index that leaves at most so many studies. */
function* selectedBy(searching: Searching, max: number): Sql<Indexed | undefined> {
  for (const indexed of indexesOf(searching)) {
    const beyond = yield* all(
      `SELECT 1 AS one FROM ${tableBy(indexed, searching)} WHERE datastore = ? AND ${indexed.text} LIMIT 1 OFFSET ?`,
      ...[searching.datastore, ...indexed.values, max],
    )
    if (beyond.length === 0) return indexed
  }
  return undefined
}

const tableBy = ({ column }: Pick<Indexed, 'column'>, { dialect }: Searching): string =>
  `studies ${dialect.byIndex(`studies_${column}`)}`

/** Of the data store, in the snapshot, with all conditions. */
function whereOf(
  { datastore, snapshot, isLatest, conditions }: Searching,
  more: readonly { readonly text: string; readonly values: readonly SqlValue[] }[] = [],
): { readonly text: string; readonly values: readonly SqlValue[] } {
  const every = [
    { text: 'datastore = ?', values: [datastore] },
    ...(isLatest ? [] : [{ text: 'changed_in <= ?', values: [snapshot] }]),
    ...more,
    ...conditions,
  ].filter(({ text }) => text !== '')
  return { text: every.map(({ text }) => text).join(' AND '), values: every.flatMap(({ values }) => values) }
}

function* sortSelected(indexed: Indexed, searching: Searching): Sql<Found> {
  const { order, after } = searching
  const { text, values } = whereOf(searching, [indexed])
  const rows = yield* all<PositionRow>(
    `SELECT ${selectPosition(order)} FROM ${tableBy(indexed, searching)} WHERE ${text}`,
    ...values,
  )
  const positions = rows.map((row) => positionIn(order, row)).sort((a, b) => comparePositions(order, a, b))
  const left = after === undefined ? positions : positions.filter((each) => comparePositions(order, each, after) > 0)
  return { positions: left.slice(0, searching.wanted), skipped: 0, total: positions.length }
}

/** The page, if the first studies in the order fill it. */
function* tryInOrder(searching: Searching): Sql<Found | undefined> {
  const { order, after, wanted, sizes } = searching
  if (order.index === undefined) return undefined
  const positions: StudyPosition[] = []
  let tried = 0
  for (const range of rangesAfter(order, after)) {
    const inner = whereOf({ ...searching, conditions: [] }, [range])
    const outer = searching.conditions
    const read = sizes.studiesTriedMax - tried
    const rows = yield* all<PositionRow & { readonly matches: number }>(
      `SELECT ${selectPosition(order)}, CASE WHEN ${outer.map(({ text }) => text).join(' AND ')} THEN 1 ELSE 0 END AS matches
       FROM (SELECT * FROM ${orderedTable(searching)} WHERE ${inner.text} ORDER BY ${range.orderBy} LIMIT ?) AS tried
       ORDER BY ${range.orderBy}`,
      ...outer.flatMap(({ values }) => values),
      ...[...inner.values, read],
    )
    for (const row of rows) if (row.matches === 1) positions.push(positionIn(order, row))
    tried += rows.length
    if (positions.length >= wanted) return { positions: positions.slice(0, wanted), skipped: 0 }
    if (rows.length === read) return undefined
  }
  // The ranges have ended: these are all.
  return { positions, skipped: 0, ...(after === undefined && { total: positions.length }) }
}

const orderedTable = ({ order, dialect }: Searching): string =>
  order.index === undefined ? 'studies' : `studies ${dialect.byIndex(order.index)}`

/** By the index of a condition that leaves few enough studies, and a sort. */
function* sortInDatabase(searching: Searching): Sql<Found | undefined> {
  const indexed = yield* selectedBy(searching, searching.sizes.studiesSortedMax)
  if (indexed === undefined) return undefined
  const positions: StudyPosition[] = []
  for (const range of rangesAfter(searching.order, searching.after)) {
    const from = { table: tableBy(indexed, searching), more: [indexed, range] }
    positions.push(...(yield* readRange(range, from, { ...searching, wanted: searching.wanted - positions.length })))
    if (positions.length >= searching.wanted) break
  }
  return { positions, skipped: 0 }
}

function* readRange(
  range: StudyRange,
  { table, more }: { readonly table: string; readonly more: Parameters<typeof whereOf>[1] },
  searching: Searching & { readonly skip?: number },
): Sql<readonly StudyPosition[]> {
  const { text, values } = whereOf(searching, more)
  const rows = yield* all<PositionRow>(
    `SELECT ${selectPosition(searching.order)} FROM ${table} WHERE ${text} ORDER BY ${range.orderBy} LIMIT ? OFFSET ?`,
    ...[...values, searching.wanted, searching.skip ?? 0],
  )
  return rows.map((row) => positionIn(searching.order, row))
}

/** In the order of an index, or sorted. The database skips the offset. */
function* readRanges(searching: Searching): Sql<Found> {
  const { order, after, isLatest } = searching
  // With former states the offset counts them too.
  const offset = isLatest ? searching.offset : 0
  const size = searching.wanted - offset
  const positions: StudyPosition[] = []
  let toSkip = offset
  for (const range of rangesAfter(order, after)) {
    const from = { table: orderedTable(searching), more: [range] }
    const wanted = size - positions.length
    const read = yield* readRange(range, from, { ...searching, wanted, skip: toSkip })
    positions.push(...read)
    if (read.length > 0) toSkip = 0
    else if (toSkip > 0)
      toSkip -= Math.min(toSkip, yield* countWhere(orderedTable(searching), whereOf(searching, [range])))
    if (positions.length >= size) break
  }
  return { positions, skipped: offset }
}

function* countWhere(
  table: string,
  { text, values }: { readonly text: string; readonly values: readonly SqlValue[] },
): Sql<number> {
  const row = yield* one<{ studies: number }>(`SELECT count(*) AS studies FROM ${table} WHERE ${text}`, ...values)
  return row!.studies
}

function* totalOf(searching: Searching): Sql<number> {
  if (searching.conditions.length === 0) {
    const row = yield* one<{ studies: number }>(
      'SELECT studies FROM study_totals WHERE datastore = ?',
      searching.datastore,
    )
    return row?.studies ?? 0
  }
  const [indexed] = indexesOf(searching)
  const table = indexed === undefined ? 'studies' : tableBy(indexed, searching)
  return yield* countWhere(table, whereOf(searching, indexed === undefined ? [] : [indexed]))
}

/** With the states that were current in the snapshot and are superseded now. */
function* withHistory(current: Found, searching: Searching): Sql<Found> {
  const { datastore, snapshot, order, after, conditions, wanted } = searching
  const every = [
    { text: 'datastore = ? AND until_change > ? AND from_change <= ?', values: [datastore, snapshot, snapshot] },
    ...conditions,
  ]
  const rows = yield* all<PositionRow>(
    `SELECT ${selectPosition(order)} FROM study_history WHERE ${every.map(({ text }) => text).join(' AND ')}`,
    ...every.flatMap(({ values }) => values),
  )
  const former = rows
    .map((row) => positionIn(order, row))
    .filter((each) => after === undefined || comparePositions(order, each, after) > 0)
  const positions = [...current.positions, ...former].sort((a, b) => comparePositions(order, a, b))
  return { positions: positions.slice(0, wanted), skipped: 0 }
}
