/**
 * SearchImageSets on the catalog: plan, read by one strategy, build the page. What a search reads is bounded whatever it filters by. The
 * property test compares its results with the meaning of a search in imaging/search/search.ts.
 */
import { describedOf } from '../../imaging/search/described.ts'
import { type Position, positionOf } from '../../imaging/search/search.ts'
import { matchesTerms } from '../../imaging/search/terms.ts'
import type { ImageSets } from '../catalog/image-set-repository.ts'
import type { ImageSetSummary, SearchPage, Visited } from '../catalog/search-repository.ts'
import type { Dialect } from '../sql/engine/differences.ts'
import type { Sql } from '../sql/engine/statement.ts'
import { snapshotRead } from '../sql/history/snapshot-read.ts'
import type { CachedLeaves } from './cached-leaves.ts'
import { type CachedPages, cachedPage, nameOfPage, searchedStore } from './cached-pages.ts'
import { type Total, totalOf } from './count.ts'
import { assertSearchable } from './declared-terms.ts'
import type { PageOfEntries } from './kd-tree/best-first.ts'
import type { MissingGroup } from './kd-tree/leaf-bounds.ts'
import {
  type IndexSizes,
  leavesVisitedMax,
  scannedRowsMax,
  textEntriesMax,
  wordLeavesVisitedMax,
} from './kd-tree/sizes.ts'
import { bothKeys, partitionsFor } from './partitions.ts'
import { isText, type KdLeavesPlan, type OpenPartition, type PostingListPlan, planFilters, planQuery } from './plan.ts'
import { inOrder, scanHistory, scanIndex } from './strategies/index-scan.ts'
import { readLeaves } from './strategies/kd-leaves.ts'
import { readPostingList } from './strategies/posting-list.ts'
import { type LeafHits, readWordLeaves } from './strategies/word-leaves.ts'
import { readWordRows } from './strategies/word-rows.ts'
import { type CachedSummaries, SUMMARY_COLUMNS, type SummaryRow, summariesOf, summaryOf } from './summaries.ts'
import type { CachedWords } from './words/cached-words.ts'
import { type RowsFound, rowsWith, type WantedWords } from './words/find-rows.ts'
import type { HitsOfLeaves } from './words/row-leaves.ts'
import type { RowSet } from './words/row-set.ts'

type FoundPage = Pick<SearchPage, 'rows' | 'total' | 'visited'>

type Request = Parameters<ImageSets['search']>[0]

interface Context {
  readonly dialect: Dialect
  readonly leaves: CachedLeaves
  readonly summaries: CachedSummaries
  readonly pages: CachedPages
  readonly words: CachedWords
  readonly sizes: IndexSizes
}

interface Snapshot extends Context {
  readonly datastore: number
  readonly datastoreId: string
  readonly snapshotVersion: number
  readonly latest: number
  /** Whether the total is wanted too. */
  readonly isCounted: boolean
}

type HistoryRow = SummaryRow & Position & { readonly unlisted_texts: string | null }

const HISTORY_ROWS_PER_BATCH = 1_000

const NOTHING: Visited = {
  strategy: 'no possible match',
  partitions: [],
  leavesMatching: 0,
  leaves: 0,
  entries: 0,
  rows: 0,
  bound: {},
}

export function* search(request: Request, context: Context): Sql<SearchPage> {
  const store = yield* searchedStore(request.datastoreId)
  const { datastore, latest } = store
  const snapshotVersion = snapshotRead(request.snapshotVersion, store)
  const isCounted = request.count === 'exact' && request.snapshotVersion === undefined
  const matchesNothing = request.search.filters.some((filter) => 'equals' in filter && filter.equals === '')
  if (datastore === undefined || matchesNothing) {
    const found = isCounted ? withTotal({ rows: [], visited: NOTHING }, NO_TOTAL) : { rows: [], visited: NOTHING }
    return { datastore, ...found, snapshotVersion }
  }

  yield* assertSearchable(datastore.number, request.search.terms ?? [])
  const { pages } = context
  const name = nameOfPage(request)
  const cached = cachedPage(name, request, { ...store, pages })
  if (cached !== undefined) return cached
  const { datastoreId } = request
  const snapshot = { ...context, datastore: datastore.number, datastoreId, snapshotVersion, latest, isCounted }
  const found = { ...(yield* pageAt(request, snapshot)), snapshotVersion }
  pages.keep(name, { datastoreId, change: latest, answer: found })
  return { ...found, datastore }
}

/** The page in the snapshot: image sets that have not changed since, merged with the row history of those that have. */
function* pageAt(request: Request, snapshot: Snapshot): Sql<FoundPage> {
  const current = yield* currentPage(request, snapshot)
  if (snapshot.snapshotVersion === snapshot.latest) return current
  const history = yield* historyOf(request, snapshot)
  const compare = inOrder(request.search)
  const place = (row: ImageSetSummary) => positionOf(request.search, row)
  const rows = [...current.rows, ...history.result.map((row) => summaryOf(row).answer)]
  return {
    rows: rows.sort((a, b) => compare(place(a), place(b))).slice(0, request.limit),
    visited: { ...current.visited, rows: current.visited.rows + history.rowsRead },
  }
}

/** The row history that matches. Words of former states are in no index: rows are compared with the terms. */
function* historyOf(request: Request, snapshot: Snapshot): ReturnType<typeof scanHistory<HistoryRow>> {
  const { terms = [] } = request.search
  const from = { ...snapshot, columns: `row_id, ${SUMMARY_COLUMNS}, unlisted_texts` }
  if (terms.length === 0) return yield* scanHistory<HistoryRow>(request, from)
  const result: HistoryRow[] = []
  let [after, rowsRead] = [request.after, 0]
  for (;;) {
    const batch = { search: request.search, limit: HISTORY_ROWS_PER_BATCH, ...(after === undefined ? {} : { after }) }
    const scanned = yield* scanHistory<HistoryRow>(batch, from)
    rowsRead += scanned.rowsRead
    result.push(...scanned.result.filter((row) => matchesTerms(terms, describedOf(row.tags, row.unlisted_texts))))
    if (result.length >= request.limit || scanned.result.length < batch.limit) return { result, rowsRead }
    const { key, rowId } = scanned.result.at(-1)!
    after = { key, rowId }
  }
}

const nothing = ({ isCounted }: Snapshot): FoundPage => {
  const found = { rows: [], visited: NOTHING }
  return isCounted ? withTotal(found, NO_TOTAL) : found
}

function* currentPage(request: Request, snapshot: Snapshot): Sql<FoundPage> {
  const plan = yield* planQuery(request.search, snapshot)
  switch (plan.kind) {
    case 'index scan':
      return yield* byIndexScan(request, snapshot)
    case 'posting list':
      return yield* byPostingList(plan, request, snapshot)
    case 'kd-tree leaves':
      return plan.wanted === undefined
        ? yield* byLeaves(plan, request, { snapshot })
        : yield* byPostings(plan, plan.wanted, request, snapshot)
    case 'no possible match':
      return nothing(snapshot)
  }
}

/** By words, or by several high-frequency texts: the strategy depends on how many image sets have them. */
function* byPostings(plan: KdLeavesPlan, wanted: WantedWords, request: Request, snapshot: Snapshot): Sql<FoundPage> {
  const hits = yield* rowsWith(wanted, snapshot)
  const { rows } = hits
  const found =
    rows.size === 0
      ? nothing(snapshot)
      : rows.size <= snapshot.sizes.wordRowsMax
        ? yield* byWordRows(rows, request, snapshot)
        : yield* byLeaves(plan, request, { snapshot, hits: hitsOf(rows, snapshot) })
  return { ...found, visited: { ...found.visited, words: wordsVisited(hits) } }
}

const wordsVisited = ({ rows, tokens, postings, compared }: RowsFound) => ({
  ...{ tokens, postings, compared, imageSets: rows.size },
})

function* byWordRows(hits: RowSet, request: Request, snapshot: Snapshot): Sql<FoundPage> {
  // The texts are guaranteed already.
  const filters = request.search.filters.filter((filter) => !isText(filter))
  const found = yield* readWordRows(hits, pageOf({ filters }, request, snapshot), snapshot)
  const rows = yield* rowsAt(found.rowIds, snapshot)
  const visited: Visited = {
    ...NOTHING,
    strategy: 'rows of postings',
    rows: found.entries + rows.length,
    bound: { rows: snapshot.sizes.wordRowsMax + request.limit },
  }
  return found.total === undefined
    ? { rows, visited }
    : withTotal({ rows, visited }, { total: found.total, count: { ...NO_TOTAL.count, strategy: 'postings' } })
}

function* byIndexScan(request: Request, snapshot: Snapshot): Sql<FoundPage> {
  const { filters, sort } = request.search
  const { rowIds, rowsRead } = yield* scanIndex(request, snapshot)
  const rows = yield* rowsAt(rowIds, snapshot)
  const visited: Visited = {
    ...NOTHING,
    strategy: 'index scan',
    index: sort.sortField,
    rows: rowsRead,
    bound: { rows: scannedRowsMax(request.limit) },
  }
  if (!snapshot.isCounted) return { rows, visited }
  // A scan ends with its page: the total is counted from the leaves.
  const plan = yield* planFilters({ filters }, snapshot)
  if (plan.kind !== 'kd-tree leaves') return withTotal({ rows, visited }, NO_TOTAL)
  const found = { rows, visited: { ...visited, partitions: plan.partitions.map(sizeOf) } }
  return withTotal(found, yield* totalOf(plan, snapshot))
}

function* byPostingList(plan: PostingListPlan, request: Request, snapshot: Snapshot): Sql<FoundPage> {
  const [{ attribute }] = plan.texts
  const { terms = [] } = request.search
  const found = terms.length === 0 ? undefined : yield* rowsWith({ terms, texts: [] }, snapshot)
  const page = pageOf(plan, request, snapshot)
  const { rowIds, entries, total } = yield* readPostingList(plan.texts, page, { ...snapshot, hits: found?.rows })
  const rows = yield* rowsAt(rowIds, snapshot)
  const visited: Visited = {
    ...NOTHING,
    strategy: 'posting list',
    index: attribute,
    entries,
    rows: rows.length,
    bound: { entries: textEntriesMax(snapshot.sizes, attribute), rows: request.limit },
    ...(found !== undefined && { words: wordsVisited(found) }),
  }
  // The whole list has been read: counting costs nothing more.
  return total === undefined
    ? { rows, visited }
    : withTotal({ rows, visited }, { total, count: { ...NO_TOTAL.count, strategy: 'posting list' } })
}

function* byLeaves(
  plan: KdLeavesPlan,
  request: Request,
  { snapshot, hits }: { readonly snapshot: Snapshot; readonly hits?: LeafHits },
): Sql<FoundPage> {
  const { leaves, dialect } = snapshot
  const partitions = plan.partitions.map(({ bounds }) => bounds)
  const from = {
    leavesAtOnce: dialect.leavesAtOnce,
    entriesOf: (some: readonly number[]) => leaves.entriesOf(some),
    load: (missing: MissingGroup) => leaves.load(missing),
  }
  const page = pageOf(plan, request, snapshot)
  const { found, tried } =
    hits === undefined
      ? { found: yield* readLeaves(partitions, page, from), tried: undefined }
      : yield* readWordLeaves(partitions, page, { ...from, hits })
  const rows = yield* rowsAt(found.rowIds, snapshot)
  const counts = partitions.map(({ count }) => count)
  const most =
    hits === undefined ? leavesVisitedMax(counts, request.limit) : wordLeavesVisitedMax(counts, request.limit)
  // Leaves that are read at once may be read in vain: at the end, and after those tried.
  const inVain = (hits === undefined ? 1 : 2) * (dialect.leavesAtOnce - 1)
  const visited: Visited = {
    strategy: 'kd-tree leaves, best first',
    partitions: plan.partitions.map(sizeOf),
    leavesMatching: found.leavesMatching,
    leaves: found.leavesVisited + (tried?.leavesVisited ?? 0),
    entries: found.entriesVisited + (tried?.entriesVisited ?? 0),
    rows: rows.length,
    bound: { leaves: most + inVain, rows: request.limit },
  }
  return snapshot.isCounted ? withTotal({ rows, visited }, yield* totalOf(plan, { leaves, hits })) : { rows, visited }
}

/** Asks for the leaves once in a search. */
function hitsOf(rows: RowSet, { datastore, datastoreId, leaves, latest }: Snapshot): LeafHits {
  let known: HitsOfLeaves | undefined
  return {
    rows,
    *ofLeaves() {
      if (known === undefined) {
        // Of the primary image sets and the others, also where one of both is searched: memory holds one map.
        const both = yield* partitionsFor(datastore, bothKeys(undefined))
        const numbers = [...both.values()].map(({ partition }) => partition)
        known = (yield* leaves.rowLeavesOf(numbers, latest, datastoreId)).hitsOf(rows)
      }
      return known
    },
  }
}

const pageOf = (
  { filters }: Pick<PostingListPlan | KdLeavesPlan, 'filters'>,
  { search, after, limit }: Request,
  { snapshotVersion }: Snapshot,
): PageOfEntries => ({ search: { ...search, filters }, after, snapshotVersion, limit })

function* rowsAt(rowIds: readonly number[], snapshot: Snapshot): Sql<readonly ImageSetSummary[]> {
  const summaries = yield* summariesOf(rowIds, snapshot)
  return summaries.map(({ answer }) => answer)
}

const sizeOf = ({ text, isPrimary, bounds }: OpenPartition): Visited['partitions'][number] => ({
  attributes: text === undefined ? [] : [text.attribute],
  isPrimary,
  leaves: bounds.count,
  entries: bounds.entryCount(),
})

const NO_TOTAL: Total = {
  total: 0,
  count: { strategy: 'no possible match', leavesMatching: 0, leaves: 0, entries: 0, bound: {} },
}

const withTotal = ({ rows, visited }: FoundPage, { total, count }: Total): FoundPage => ({
  rows,
  total,
  visited: { ...visited, count },
})
