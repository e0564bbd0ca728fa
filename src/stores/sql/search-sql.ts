/**
 * SearchImageSets in SQL, page by page. Equal to imaging/search.ts on every catalog: the property test holds them together.
 *
 * A page is read in pieces that each are one walk along one index: first what shares the sort key of the cursor, by seq; then
 * what lies beyond that key; last what has no key. Going down, an index gives seq in the wrong order among equal keys, which
 * matters only where the page cuts through them: that last run of equal keys is read again, upwards, however long it is.
 */
import { comparePositions, type Filter, type Position, type Search, type SortField } from '../../imaging/search.ts'
import type { ImageSetSummary, ImageSets, SearchPage } from '../catalog.ts'
import { knownChanges } from './changes.ts'
import { datastoreNumber } from './datastores.ts'
import type { Dialect } from './differences.ts'
import { imageSetIdOf } from './image-set-id.ts'
import { COLUMN_OF, DATE_INDEXES, NOT_PRIMARY_INDEX, TEXT_INDEXES } from './search-columns.ts'
import { all, type Sql, type SqlValue } from './statement.ts'

/** Beyond every date that has four digits for its year, in microseconds. */
const NEVER = 1e18

interface Condition {
  readonly text: string
  readonly values: readonly SqlValue[]
}

/** One of the two tables that search rows lie in, with the conditions that hold for every piece of the page. */
interface Source {
  readonly table: string
  readonly conditions: readonly Condition[]
}

type Request = Parameters<ImageSets['search']>[0]

export function* search(request: Request, dialect: Dialect): Sql<SearchPage> {
  const changes = yield* knownChanges()
  const asOf = Math.min(Math.max(request.asOf ?? changes.latest, changes.oldest), changes.latest)
  const datastore = yield* datastoreNumber(request.datastoreId)
  const matchesNothing = request.search.filters.some((filter) => 'equals' in filter && filter.equals === '')
  if (datastore === undefined || matchesNothing) return { rows: [], asOf }

  const filters = [
    { text: 'datastore = ?', values: [datastore] },
    ...request.search.filters.filter((filter) => !isOnSortKey(filter, request.search)).map(conditionOf),
  ]
  const index = indexFor(request.search)
  const table = index === undefined ? 'image_sets' : `image_sets ${dialect.byIndex(index)}`
  const living = { text: 'deleted_at IS NULL', values: [] }
  if (asOf === changes.latest) {
    const rows = yield* page({ table, conditions: [...filters, living] }, request)
    return { rows, asOf }
  }
  // As it was then: what has not changed since, and of what has, the rows that held then.
  const unchanged = { text: 'changed_in <= ?', values: [asOf] }
  const heldThen = { text: 'until_change > ? AND from_change <= ?', values: [asOf, asOf] }
  const now = yield* page({ table, conditions: [...filters, living, unchanged] }, request)
  const past = yield* page({ table: 'image_sets_past', conditions: [...filters, heldThen] }, request)
  return { rows: [...now, ...past].sort(inOrder(request.search)).slice(0, request.limit), asOf }
}

const isOnSortKey = (filter: Filter, { sort }: Search) => filter.attribute === sort.sortField

const inOrder =
  ({ sort }: Search) =>
  (a: Position, b: Position) =>
    comparePositions(sort.sortOrder, a, b)

function conditionOf(filter: Filter): Condition {
  const column = COLUMN_OF[filter.attribute]
  if (!('equals' in filter)) return { text: `${column} >= ? AND ${column} <= ?`, values: [filter.from, filter.to] }
  // Spelt out, not bound, so that the index over what is not primary can serve.
  if (filter.attribute === 'isPrimary') return { text: `is_primary = ${filter.equals ? 1 : 0}`, values: [] }
  return { text: `${column} = ?`, values: [filter.equals as string] }
}

function* page(source: Source, { search, after, limit }: Request): Sql<readonly ImageSetSummary[]> {
  const { sortField, sortOrder } = search.sort
  const key = COLUMN_OF[sortField]
  const range = rangeOfKeys(search)
  const rows: ImageSetSummary[] = []
  const read = (condition: Condition, order: string) =>
    rowsOf(source, { sortField, condition, order, limit: limit - rows.length })

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

/**
 * Which index to walk, where that is known beforehand: that of a text looked for, which gives updatedAt in order and leaves little
 * to sort by another date; else that of the sort key. Where a range of another date is wanted, only the database can guess.
 */
function indexFor({ filters, sort }: Search): string | undefined {
  const isFilteredBy = (attribute: Filter['attribute']) => filters.some((filter) => filter.attribute === attribute)
  const text = TEXT_INDEXES.find(([attribute]) => isFilteredBy(attribute))
  if (text !== undefined) return text[1]
  if (SORT_FIELDS.some((field) => field !== sort.sortField && isFilteredBy(field))) return undefined
  const notPrimary = filters.some((filter) => filter.attribute === 'isPrimary' && !filter.equals)
  return notPrimary && sort.sortField === 'updatedAt' ? NOT_PRIMARY_INDEX : DATE_INDEXES[sort.sortField]
}

const SORT_FIELDS = Object.keys(DATE_INDEXES) as SortField[]

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

interface SummaryRow {
  readonly seq: number
  readonly id_tail: string
  readonly version: number
  readonly created_at: number
  readonly updated_at: number
  readonly last_accessed_at: number
  readonly is_primary: number
  readonly sort_key: number | null
  readonly tags: string
}

function* rowsOf(
  { table, conditions }: Source,
  piece: {
    readonly sortField: SortField
    readonly condition: Condition
    readonly order: string
    readonly limit: number
  },
): Sql<readonly ImageSetSummary[]> {
  const every = [...conditions, piece.condition]
  const rows = yield* all<SummaryRow>(
    `SELECT seq, id_tail, version, created_at, updated_at, last_accessed_at, is_primary, ${COLUMN_OF[piece.sortField]} AS sort_key, tags
     FROM ${table} WHERE ${every.map(({ text }) => text).join(' AND ')} ORDER BY ${piece.order} LIMIT ?`,
    ...every.flatMap(({ values }) => values),
    piece.limit,
  )
  return rows.map(summaryOf)
}

const summaryOf = (row: SummaryRow): ImageSetSummary => ({
  imageSetId: imageSetIdOf(row.seq, row.id_tail),
  version: row.version,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  lastAccessedAt: row.last_accessed_at,
  isPrimary: row.is_primary === 1,
  tags: row.tags,
  key: row.sort_key,
  seq: row.seq,
})
