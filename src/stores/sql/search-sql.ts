/**
 * SearchImageSets, page by page, for about the same cost whatever is asked. Equal to imaging/search.ts on every catalog: the
 * property test holds them together. A text that few image sets have leads to all of them; what only the sort key narrows is a walk
 * along its index; everything else is a best-first search (search-index/best-first.ts) through the space of a text that many have, or through those of all image sets.
 */
import type { Search } from '../../imaging/search.ts'
import type { ImageSetSummary, ImageSets, SearchPage, Visited } from '../catalog.ts'
import { type BestFirst, beginBestFirst, nextLeaf, type PageOfEntries, visit } from '../search-index/best-first.ts'
import { countMatching } from '../search-index/count.ts'
import { criteriaOf } from '../search-index/criteria.ts'
import { decodeEntries, type Entries, LACKING } from '../search-index/entries.ts'
import type { LeafBounds } from '../search-index/leaf-bounds.ts'
import { type IndexSizes, leavesVisitedMax, textEntriesMax, walkedRowsMax } from '../search-index/sizes.ts'
import { knownChanges } from './changes.ts'
import { datastoreNumber } from './datastores.ts'
import type { Dialect } from './differences.ts'
import { DATE_INDEXES } from './search-columns.ts'
import { type Total, totalOf } from './search-count.ts'
import { type BoundsInMemory, entryBytes } from './search-spaces.ts'
import { hasTexts, summaryOf, summaryRows } from './search-summaries.ts'
import { inOrder, isOnSortKey, walk } from './search-walk.ts'
import { imageSetsWith, isWanted, type OpenSpace, type Way, wayTo } from './search-way.ts'
import { all, type Row, type Sql } from './statement.ts'

type Request = Parameters<ImageSets['search']>[0]
type Found = Pick<SearchPage, 'rows' | 'total' | 'visited'>

interface Context {
  readonly dialect: Dialect
  readonly bounds: BoundsInMemory
  readonly sizes: IndexSizes
}

const NOTHING: Visited = {
  strategy: 'nothing can match',
  spaces: [],
  leavesMatching: 0,
  leaves: 0,
  entries: 0,
  rows: 0,
  bound: {},
}

export function* search(request: Request, context: Context): Sql<SearchPage> {
  const changes = yield* knownChanges()
  const asOf = Math.min(Math.max(request.asOf ?? changes.latest, changes.oldest), changes.latest)
  const datastore = yield* datastoreNumber(request.datastoreId)
  const isCounted = request.count === 'exact' && request.asOf === undefined
  const matchesNothing = request.search.filters.some((filter) => 'equals' in filter && filter.equals === '')
  if (datastore === undefined || matchesNothing) {
    if (!isCounted) return { rows: [], asOf, visited: NOTHING }
    const count = { strategy: 'nothing can match', leavesMatching: 0, leaves: 0, entries: 0, bound: {} } as const
    return { rows: [], asOf, total: 0, visited: { ...NOTHING, count } }
  }

  const moment = { ...context, datastore, asOf, latest: changes.latest, isCounted }
  const found = yield* present(request, moment)
  if (asOf === changes.latest) return { ...found, asOf }
  // As it was then: what has not changed since, and of what has, the rows that held then.
  const heldThen = { text: 'datastore = ? AND until_change > ? AND from_change <= ?', values: [datastore, asOf, asOf] }
  const past = yield* countingRows(walk({ table: 'image_sets_past', conditions: [heldThen] }, request))
  const rows = [...found.rows, ...past.answer].sort(inOrder(request.search)).slice(0, request.limit)
  return { rows, asOf, visited: { ...found.visited, rows: found.visited.rows + past.rows } }
}

interface Moment extends Context {
  readonly datastore: number
  readonly asOf: number
  readonly latest: number
  /** Whether the total is wanted too. */
  readonly isCounted: boolean
}

function* present(request: Request, moment: Moment): Sql<Found> {
  if (isInOrderOfAnIndex(request.search)) return yield* inOrderOfIndex(request, moment)
  const way = yield* wayTo(request.search.filters, moment)
  return way.kind === 'text' ? yield* ofText(way, { request, moment }) : yield* ofSpaces(way, { request, moment })
}

/** Nothing but the sort key and isPrimary narrows the search, so that an index has its answer in a row. */
const isInOrderOfAnIndex = (search: Search) =>
  search.filters.every((filter) => filter.attribute === 'isPrimary' || isOnSortKey(filter, search))

function* inOrderOfIndex(request: Request, moment: Moment): Sql<Found> {
  const { datastore, asOf, latest, dialect } = moment
  const { filters, sort } = request.search
  const onSortKey = { sort, filters: filters.filter((filter) => filter.attribute !== 'isPrimary') }
  const rows: ImageSetSummary[] = []
  let rowsRead = 0
  for (const isPrimary of [true, false].filter((each) => isWanted(each, filters))) {
    const conditions = [
      { text: 'datastore = ? AND is_primary = ? AND deleted_at IS NULL', values: [datastore, isPrimary ? 1 : 0] },
      ...(asOf === latest ? [] : [{ text: 'changed_in <= ?', values: [asOf] }]),
    ]
    const table = `image_sets ${dialect.byIndex(DATE_INDEXES[sort.sortField])}`
    const walked = yield* countingRows(walk({ table, conditions }, { ...request, search: onSortKey }))
    rows.push(...walked.answer)
    rowsRead += walked.rows
  }
  const visited: Visited = {
    ...NOTHING,
    strategy: 'in order of an index',
    index: sort.sortField,
    rows: rowsRead,
    bound: { rows: walkedRowsMax(request.limit) },
  }
  const page = rows.sort(inOrder(request.search)).slice(0, request.limit)
  const way = moment.isCounted ? yield* wayTo(filters, moment) : undefined
  if (way?.kind !== 'spaces') return { rows: page, visited }
  return withTotal({ rows: page, visited: { ...visited, spaces: way.spaces.map(sizeOf) } }, yield* totalOf(way, moment))
}

/** All image sets of a text, out of its index alone where no other text is looked for. */
function* ofText(way: Way & { kind: 'text' }, { request, moment }: Asked): Sql<Found> {
  const { search } = request
  const { text, values } = imageSetsWith([way.text, ...way.others], { ...moment, byIndex: moment.dialect.byIndex })
  const entries = columnsOf(
    yield* all<TextRow>(`SELECT seq, created_at, updated_at, study_instant, is_primary, changed_in ${text}`, ...values),
  )
  const page = beginBestFirst([], { ...pageOf(request, moment), search: { ...search, filters: way.filters } })
  visit(page, entries)
  const rows = yield* summaryRows(page.seqs)
  const found: Found = {
    rows: page.seqs.map((seq) => summaryOf(rows.get(seq)!, search.sort.sortField)),
    visited: {
      ...NOTHING,
      strategy: 'image sets of one text',
      index: way.text.attribute,
      entries: entries.count,
      rows: rows.size,
      bound: { entries: textEntriesMax(moment.sizes, way.text.attribute), rows: request.limit },
    },
  }
  if (!moment.isCounted) return found
  // They have all been read: counting them costs nothing more.
  const count = { strategy: 'image sets of one text', leavesMatching: 0, leaves: 0, entries: 0, bound: {} } as const
  return withTotal(found, { total: countMatching(entries, criteriaOf(way.filters)), count })
}

interface Asked {
  readonly request: Request
  readonly moment: Moment
}

const pageOf = ({ search, after, limit }: Request, { asOf }: Moment): PageOfEntries => ({ search, after, asOf, limit })

function* ofSpaces(way: Way & { kind: 'spaces' }, { request, moment }: Asked): Sql<Found> {
  const { search, limit } = request
  const spaces = way.spaces.map(({ bounds }) => bounds)
  const not = new Set<number>()
  const visited = { leavesMatching: 0, leaves: 0, entries: 0, rows: 0 }
  for (;;) {
    const page = { ...pageOf(request, moment), search: { ...search, filters: way.filters }, not }
    const found = yield* bestFirst(spaces, page)
    const rows = yield* summaryRows(found.seqs)
    visited.leavesMatching = Math.max(visited.leavesMatching, found.leavesMatching)
    visited.leaves += found.leavesVisited
    visited.entries += found.entriesVisited
    visited.rows += rows.size
    const others = found.seqs.filter((seq) => !hasTexts(rows.get(seq)!, way.residual))
    if (others.length === 0) {
      const leaves = spaces.map(({ count }) => count)
      const bound = way.residual.length > 0 ? {} : { leaves: leavesVisitedMax(leaves, limit), rows: limit }
      const answer: Found = {
        rows: found.seqs.map((seq) => summaryOf(rows.get(seq)!, search.sort.sortField)),
        visited: { strategy: 'leaves, best first', spaces: way.spaces.map(sizeOf), ...visited, bound },
      }
      return moment.isCounted ? withTotal(answer, yield* totalOf(way, moment)) : answer
    }
    // Of another text with the same hash: once more without them. One in 65,535 is.
    for (const seq of others) not.add(seq)
  }
}

function* bestFirst(spaces: readonly LeafBounds[], page: PageOfEntries): Sql<BestFirst> {
  const search = beginBestFirst(spaces, page)
  for (let leaf = nextLeaf(search); leaf !== undefined; leaf = nextLeaf(search)) {
    visit(search, decodeEntries(yield* entryBytes(leaf)))
  }
  return search
}

const sizeOf = ({ texts, isPrimary, bounds }: OpenSpace): Visited['spaces'][number] => ({
  attributes: texts.map(({ attribute }) => attribute),
  isPrimary,
  leaves: bounds.count,
  entries: bounds.entryCount(),
})

const withTotal = ({ rows, visited }: Found, { total, count }: Total): Found => ({
  rows,
  total,
  visited: { ...visited, count },
})

/** What a verb answers, and how many rows its statements read. */
function* countingRows<T>(verb: Sql<T>): Sql<{ readonly answer: T; readonly rows: number }> {
  let rows = 0
  for (let step = verb.next([]); ; ) {
    if (step.done) return { answer: step.value, rows }
    const read: readonly Row[] = yield step.value
    rows += read.length
    step = verb.next(read)
  }
}

interface TextRow {
  readonly seq: number
  readonly created_at: number
  readonly updated_at: number
  readonly study_instant: number | null
  readonly is_primary: number
  readonly changed_in: number
}

const columnsOf = (rows: readonly TextRow[]): Entries => ({
  count: rows.length,
  columns: [
    Float64Array.from(rows, (row) => row.created_at),
    Float64Array.from(rows, (row) => row.updated_at),
    Float64Array.from(rows, (row) => row.study_instant ?? LACKING),
    Float64Array.from(rows, (row) => row.seq),
  ],
  changedIn: Float64Array.from(rows, (row) => row.changed_in),
  isPrimary: Uint16Array.from(rows, (row) => row.is_primary),
  hashes: [],
})
