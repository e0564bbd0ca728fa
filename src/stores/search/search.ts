/**
 * SearchImageSets, page by page, for about the same cost whatever is asked. Equal to imaging/search.ts on every catalog: the
 * property test holds them together. A text that few image sets have leads to all of them; what only the sort key narrows is a walk
 * along its index; everything else is a best-first search (search-index/best-first.ts) through the spaces of a text that many have, of
 * two such texts together, or of all image sets.
 */
import { type Filter, type Position, positionOf, type Search } from '../../imaging/search/search.ts'
import type { ImageSets } from '../catalog/image-set-repository.ts'
import type { ImageSetSummary, SearchPage, Visited } from '../catalog/search-repository.ts'
import { datastoreSearched } from '../sql/datastores/datastores.ts'
import type { Dialect } from '../sql/engine/differences.ts'
import { all, type Row, type Sql } from '../sql/engine/statement.ts'
import { knownChanges } from '../sql/history/changes.ts'
import { DATE_INDEXES } from '../sql/rows/search-columns.ts'
import type { FoundPage, PagesInMemory } from './cached-pages.ts'
import { type Total, totalOf } from './count.ts'
import { type BestFirst, beginBestFirst, nextLeaf, type PageOfEntries, visit } from './kd-tree/best-first.ts'
import { countMatching } from './kd-tree/count.ts'
import { criteriaOf } from './kd-tree/criteria.ts'
import { type Entries, LACKING } from './kd-tree/entries.ts'
import type { LeafBounds } from './kd-tree/leaf-bounds.ts'
import { type IndexSizes, leavesVisitedMax, scannedRowsMax, textEntriesMax } from './kd-tree/sizes.ts'
import type { BoundsInMemory } from './partitions.ts'
import { imageSetsWith, isWanted, type OpenPartition, planQuery, type QueryPlan } from './plan.ts'
import { inOrder, isOnSortKey, NEVER, scan } from './strategies/index-scan.ts'
import {
  hasTexts,
  SUMMARY_COLUMNS,
  type SummariesInMemory,
  type SummaryRow,
  summariesOf,
  summaryOf,
} from './summaries.ts'

type Request = Parameters<ImageSets['search']>[0]

interface Context {
  readonly dialect: Dialect
  readonly bounds: BoundsInMemory
  readonly summaries: SummariesInMemory
  readonly pages: PagesInMemory
  readonly sizes: IndexSizes
}

const NOTHING: Visited = {
  strategy: 'nothing can match',
  partitions: [],
  leavesMatching: 0,
  leaves: 0,
  entries: 0,
  rows: 0,
  bound: {},
}

export function* search(request: Request, context: Context): Sql<SearchPage> {
  const changes = yield* knownChanges()
  const snapshotVersion = Math.min(Math.max(request.snapshotVersion ?? changes.latest, changes.oldest), changes.latest)
  const datastore = yield* datastoreSearched(request.datastoreId)
  const isCounted = request.count === 'exact' && request.snapshotVersion === undefined
  const matchesNothing = request.search.filters.some((filter) => 'equals' in filter && filter.equals === '')
  if (datastore === undefined || matchesNothing) {
    if (!isCounted) return { datastore, rows: [], snapshotVersion, visited: NOTHING }
    const count = { strategy: 'nothing can match', leavesMatching: 0, leaves: 0, entries: 0, bound: {} } as const
    return { datastore, rows: [], snapshotVersion, total: 0, visited: { ...NOTHING, count } }
  }

  const snapshot = { ...context, datastore: datastore.number, snapshotVersion, latest: changes.latest, isCounted }
  const name = JSON.stringify([
    datastore.number,
    request.search,
    request.after,
    snapshotVersion,
    request.limit,
    isCounted,
  ])
  const kept = context.pages.get(name, changes.latest)
  const found = kept ?? (yield* pageAt(request, snapshot))
  if (kept === undefined) context.pages.keep(name, changes.latest, found)
  return { datastore, ...found, snapshotVersion }
}

interface Snapshot extends Context {
  readonly datastore: number
  readonly snapshotVersion: number
  readonly latest: number
  /** Whether the total is wanted too. */
  readonly isCounted: boolean
}

function* pageAt(request: Request, snapshot: Snapshot): Sql<FoundPage> {
  const { datastore, snapshotVersion, latest } = snapshot
  const found = yield* present(request, snapshot)
  if (snapshotVersion === latest) return found
  // As it was then: what has not changed since, and of what has, the rows that held then.
  const heldThen = {
    text: 'datastore = ? AND until_change > ? AND from_change <= ?',
    values: [datastore, snapshotVersion, snapshotVersion],
  }
  const source = { table: 'image_set_history', columns: SUMMARY_COLUMNS, conditions: [heldThen] }
  const past = yield* countingRows(scan<SummaryRow & Position>(source, request))
  const compare = inOrder(request.search)
  const place = (row: ImageSetSummary) => positionOf(request.search, row)
  const both = [...found.rows, ...past.answer.map((row) => summaryOf(row).answer)]
  const rows = both.sort((a, b) => compare(place(a), place(b))).slice(0, request.limit)
  return { rows, visited: { ...found.visited, rows: found.visited.rows + past.rows } }
}

function* present(request: Request, snapshot: Snapshot): Sql<FoundPage> {
  if (isInOrderOfAnIndex(request.search)) return yield* inOrderOfIndex(request, snapshot)
  const plan = yield* planQuery(request.search.filters, snapshot)
  return plan.kind === 'text'
    ? yield* ofText(plan, { request, snapshot })
    : yield* ofPartitions(plan, { request, snapshot })
}

/** Nothing but the sort key and isPrimary narrows the search, so that an index has its answer in a row. */
const isInOrderOfAnIndex = (search: Search) =>
  search.filters.every((filter) => filter.attribute === 'isPrimary' || isOnSortKey(filter, search))

function* inOrderOfIndex(request: Request, snapshot: Snapshot): Sql<FoundPage> {
  const { datastore, snapshotVersion, latest, dialect } = snapshot
  const { filters, sort } = request.search
  const onSortKey = filters.filter((filter) => filter.attribute !== 'isPrimary')
  const places: Position[] = []
  let rowsRead = 0
  for (const isPrimary of [true, false].filter((each) => isWanted(each, filters))) {
    const conditions = [
      { text: 'datastore = ? AND is_primary = ? AND deleted_at IS NULL', values: [datastore, isPrimary ? 1 : 0] },
      ...(snapshotVersion === latest ? [] : [{ text: 'changed_in <= ?', values: [snapshotVersion] }]),
    ]
    const table = `image_sets ${dialect.byIndex(DATE_INDEXES[sort.sortField])}`
    const search = { sort, filters: [...onSortKey, ...notBehind(places[request.limit - 1], sort)] }
    const scanned = yield* countingRows(scan({ table, conditions }, { ...request, search }))
    places.push(...scanned.answer)
    rowsRead += scanned.rows
  }
  const visited: Visited = {
    ...NOTHING,
    strategy: 'in order of an index',
    index: sort.sortField,
    rows: rowsRead,
    bound: { rows: scannedRowsMax(request.limit) },
  }
  const ordered = places.sort(inOrder(request.search)).slice(0, request.limit)
  const page = yield* rowsAt(
    ordered.map(({ seq }) => seq),
    snapshot,
  )
  const plan = snapshot.isCounted ? yield* planQuery(filters, snapshot) : undefined
  if (plan?.kind !== 'partitions') return { rows: page, visited }
  return withTotal(
    { rows: page, visited: { ...visited, partitions: plan.partitions.map(sizeOf) } },
    yield* totalOf(plan, snapshot),
  )
}

/** Narrows a walk to what could come before the last place of a page that is full already. */
function notBehind(last: Position | undefined, { sortField, sortOrder }: Search['sort']): readonly Filter[] {
  if (last === undefined || last.key === null) return []
  const range = sortOrder === 'DESC' ? { from: last.key, to: NEVER } : { from: -NEVER, to: last.key }
  return [{ attribute: sortField, ...range }]
}

function* rowsAt(seqs: readonly number[], snapshot: Snapshot): Sql<readonly ImageSetSummary[]> {
  const summaries = yield* summariesOf(seqs, snapshot)
  return summaries.map(({ answer }) => answer)
}

/** All image sets of a text, out of its index alone where no other text is looked for. */
function* ofText(plan: QueryPlan & { kind: 'text' }, { request, snapshot }: Asked): Sql<FoundPage> {
  const { search } = request
  const { text, values } = imageSetsWith([plan.text, ...plan.others], {
    ...snapshot,
    byIndex: snapshot.dialect.byIndex,
  })
  const entries = columnsOf(
    yield* all<TextRow>(
      `SELECT seq, created_at, updated_at, study_timestamp, is_primary, changed_in ${text}`,
      ...values,
    ),
  )
  const page = beginBestFirst([], { ...pageOf(request, snapshot), search: { ...search, filters: plan.filters } })
  visit(page, entries)
  const rows = yield* rowsAt(page.seqs, snapshot)
  const found: FoundPage = {
    rows,
    visited: {
      ...NOTHING,
      strategy: 'image sets of one text',
      index: plan.text.attribute,
      entries: entries.count,
      rows: rows.length,
      bound: { entries: textEntriesMax(snapshot.sizes, plan.text.attribute), rows: request.limit },
    },
  }
  if (!snapshot.isCounted) return found
  // They have all been read: counting them costs nothing more.
  const count = { strategy: 'image sets of one text', leavesMatching: 0, leaves: 0, entries: 0, bound: {} } as const
  return withTotal(found, { total: countMatching(entries, criteriaOf(plan.filters)), count })
}

interface Asked {
  readonly request: Request
  readonly snapshot: Snapshot
}

const pageOf = ({ search, after, limit }: Request, { snapshotVersion }: Snapshot): PageOfEntries => ({
  search,
  after,
  snapshotVersion,
  limit,
})

function* ofPartitions(plan: QueryPlan & { kind: 'partitions' }, { request, snapshot }: Asked): Sql<FoundPage> {
  const { search, limit } = request
  const partitions = plan.partitions.map(({ bounds }) => bounds)
  const not = new Set<number>()
  const visited = { leavesMatching: 0, leaves: 0, entries: 0, rows: 0 }
  for (;;) {
    const page = { ...pageOf(request, snapshot), search: { ...search, filters: plan.filters }, not }
    const found = yield* bestFirst(partitions, page, snapshot)
    const summaries = yield* summariesOf(found.seqs, snapshot)
    visited.leavesMatching = Math.max(visited.leavesMatching, found.leavesMatching)
    visited.leaves += found.leavesVisited
    visited.entries += found.entriesVisited
    visited.rows += summaries.length
    const others = found.seqs.filter((_, at) => !hasTexts(summaries[at]!, plan.residual))
    if (others.length === 0) {
      const leaves = partitions.map(({ count }) => count)
      const most = leavesVisitedMax(leaves, limit) + snapshot.dialect.leavesAtOnce - 1
      const bound = plan.residual.length > 0 ? {} : { leaves: most, rows: limit }
      const answer: FoundPage = {
        rows: summaries.map(({ answer }) => answer),
        visited: { strategy: 'leaves, best first', partitions: plan.partitions.map(sizeOf), ...visited, bound },
      }
      return snapshot.isCounted ? withTotal(answer, yield* totalOf(plan, snapshot)) : answer
    }
    // Of another text with the same hash: once more without them. One in 65,535 is.
    for (const seq of others) not.add(seq)
  }
}

/** More at a time the longer it goes on, so that of many leaves few are read that the ones before made needless. */
function* bestFirst(
  partitions: readonly LeafBounds[],
  page: PageOfEntries,
  { bounds, dialect }: Pick<Snapshot, 'bounds' | 'dialect'>,
): Sql<BestFirst> {
  const search = beginBestFirst(partitions, page)
  for (let atOnce = 1; ; atOnce = Math.min(2 * atOnce, dialect.leavesAtOnce)) {
    const leaves: number[] = []
    for (
      let leaf = nextLeaf(search);
      leaf !== undefined;
      leaf = leaves.length < atOnce ? nextLeaf(search) : undefined
    ) {
      leaves.push(leaf)
    }
    if (leaves.length === 0) return search
    for (const entries of yield* bounds.entriesOf(leaves)) visit(search, entries)
  }
}

const sizeOf = ({ texts, isPrimary, bounds }: OpenPartition): Visited['partitions'][number] => ({
  attributes: texts.map(({ attribute }) => attribute),
  isPrimary,
  leaves: bounds.count,
  entries: bounds.entryCount(),
})

const withTotal = ({ rows, visited }: FoundPage, { total, count }: Total): FoundPage => ({
  rows,
  total,
  visited: { ...visited, count },
})

/** What a verb answers, and how many rows its statements read. */
function* countingRows<T>(transaction: Sql<T>): Sql<{ readonly answer: T; readonly rows: number }> {
  let rows = 0
  for (let step = transaction.next([]); ; ) {
    if (step.done) return { answer: step.value, rows }
    const read: readonly Row[] = yield step.value
    rows += read.length
    step = transaction.next(read)
  }
}

interface TextRow {
  readonly seq: number
  readonly created_at: number
  readonly updated_at: number
  readonly study_timestamp: number | null
  readonly is_primary: number
  readonly changed_in: number
}

const columnsOf = (rows: readonly TextRow[]): Entries => ({
  count: rows.length,
  columns: [
    Float64Array.from(rows, (row) => row.created_at),
    Float64Array.from(rows, (row) => row.updated_at),
    Float64Array.from(rows, (row) => row.study_timestamp ?? LACKING),
    Float64Array.from(rows, (row) => row.seq),
  ],
  changedIn: Float64Array.from(rows, (row) => row.changed_in),
  isPrimary: Uint16Array.from(rows, (row) => row.is_primary),
  hashes: [],
})
