/**
 * SearchImageSets, page by page, for about the same cost whatever is asked. Equal to imaging/search.ts on every catalog: the
 * property test holds them together. A text that few image sets have leads to all of them; what only the sort key narrows is a walk
 * along its index; everything else is a best-first search (search-index/best-first.ts) through the space of a text that many have, or through those of all image sets.
 */
import type { Filter, Search, TextAttribute } from '../../imaging/search.ts'
import type { ImageSetSummary, ImageSets, SearchPage } from '../catalog.ts'
import { type BestFirst, beginBestFirst, nextLeaf, type PageOfEntries, visit } from '../search-index/best-first.ts'
import { decodeEntries, type Entries, LACKING } from '../search-index/entries.ts'
import type { LeafBounds } from '../search-index/leaf-bounds.ts'
import { knownChanges } from './changes.ts'
import { datastoreNumber } from './datastores.ts'
import type { Dialect } from './differences.ts'
import { COLUMN_OF, DATE_INDEXES, TEXT_INDEXES } from './search-columns.ts'
import {
  type BoundsInMemory,
  entryBytes,
  NOT_PRIMARY,
  PRIMARY,
  type SpaceKey,
  spacesFor,
  textKey,
} from './search-spaces.ts'
import { hasTexts, summaryOf, summaryRows } from './search-summaries.ts'
import { inOrder, isOnSortKey, walk } from './search-walk.ts'
import { all, type Sql } from './statement.ts'

type Request = Parameters<ImageSets['search']>[0]
type TextFilter = Filter & { readonly attribute: TextAttribute }

interface Context {
  readonly dialect: Dialect
  readonly bounds: BoundsInMemory
}

export function* search(request: Request, context: Context): Sql<SearchPage> {
  const changes = yield* knownChanges()
  const asOf = Math.min(Math.max(request.asOf ?? changes.latest, changes.oldest), changes.latest)
  const datastore = yield* datastoreNumber(request.datastoreId)
  const matchesNothing = request.search.filters.some((filter) => 'equals' in filter && filter.equals === '')
  if (datastore === undefined || matchesNothing) return { rows: [], asOf, visited: { leaves: 0, entries: 0 } }

  const { rows, visited } = yield* present(request, { ...context, datastore, asOf, latest: changes.latest })
  if (asOf === changes.latest) return { rows, asOf, visited }
  // As it was then: what has not changed since, and of what has, the rows that held then.
  const heldThen = { text: 'datastore = ? AND until_change > ? AND from_change <= ?', values: [datastore, asOf, asOf] }
  const past = yield* walk({ table: 'image_sets_past', conditions: [heldThen] }, request)
  return { rows: [...rows, ...past].sort(inOrder(request.search)).slice(0, request.limit), asOf, visited }
}

interface Moment extends Context {
  readonly datastore: number
  readonly asOf: number
  readonly latest: number
}

function* present(request: Request, moment: Moment): Sql<Pick<SearchPage, 'rows' | 'visited'>> {
  const { search, after, limit } = request
  if (isInOrderOfAnIndex(search)) return yield* inOrderOfIndex(request, moment)
  const { sortField } = search.sort
  const way = yield* wayTo(search.filters, moment)
  const not = new Set<number>()
  const visited = { leaves: 0, entries: 0 }
  for (;;) {
    const page: PageOfEntries = { search, after, asOf: moment.asOf, limit, not }
    const found =
      way.text === undefined ? yield* bestFirst(way.spaces, page) : yield* ofText(way.text, { page, moment })
    visited.leaves += found.leavesVisited
    visited.entries += found.entriesVisited
    const rows = yield* summaryRows(found.seqs)
    const others = found.seqs.filter((seq) => !hasTexts(rows.get(seq)!, search.filters))
    if (others.length === 0) return { rows: found.seqs.map((seq) => summaryOf(rows.get(seq)!, sortField)), visited }
    // Of another text with the same hash: once more without them. One in 65,535 is.
    for (const seq of others) not.add(seq)
  }
}

/** Nothing but the sort key and isPrimary narrows the search, so that an index has its answer in a row. */
const isInOrderOfAnIndex = (search: Search) =>
  search.filters.every((filter) => filter.attribute === 'isPrimary' || isOnSortKey(filter, search))

function* inOrderOfIndex(
  request: Request,
  { datastore, asOf, latest, dialect }: Moment,
): Sql<Pick<SearchPage, 'rows' | 'visited'>> {
  const { filters, sort } = request.search
  const onSortKey = { sort, filters: filters.filter((filter) => filter.attribute !== 'isPrimary') }
  const rows: ImageSetSummary[] = []
  for (const { value } of [PRIMARY, NOT_PRIMARY].filter((key) => isWanted(key.value, filters))) {
    const conditions = [
      { text: 'datastore = ? AND is_primary = ? AND deleted_at IS NULL', values: [datastore, Number(value)] },
      ...(asOf === latest ? [] : [{ text: 'changed_in <= ?', values: [asOf] }]),
    ]
    const table = `image_sets ${dialect.byIndex(DATE_INDEXES[sort.sortField])}`
    rows.push(...(yield* walk({ table, conditions }, { ...request, search: onSortKey })))
  }
  const visited = { leaves: 0, entries: rows.length }
  return { rows: rows.sort(inOrder(request.search)).slice(0, request.limit), visited }
}

type Way =
  | { readonly text: TextFilter; readonly spaces?: never }
  | { readonly text?: never; readonly spaces: readonly LeafBounds[] }

/** The image sets of the rarest text; where each text has a space, the smallest of them; without texts all spaces that may match. */
function* wayTo(filters: readonly Filter[], { datastore, latest, bounds }: Moment): Sql<Way> {
  const texts = TEXT_INDEXES.flatMap(([attribute]) => filters.filter((filter) => filter.attribute === attribute))
  const keys: readonly SpaceKey[] =
    texts.length > 0
      ? (texts as TextFilter[]).map(({ attribute, equals }) => textKey({ attribute, equals: equals as string }))
      : [PRIMARY, NOT_PRIMARY].filter(({ value }) => isWanted(value, filters))
  const found = [...(yield* spacesFor(datastore, keys)).values()]
  if (texts.length > 0) {
    const light = (texts as TextFilter[]).find(
      (text) => !found.some((space) => space.attribute === text.attribute && space.value === text.equals),
    )
    if (light !== undefined) return { text: light }
  }
  const spaces: LeafBounds[] = []
  for (const { space } of found) spaces.push(yield* bounds.of(space, latest))
  if (texts.length === 0) return { spaces }
  const [smallest] = spaces.toSorted((a, b) => a.entryCount() - b.entryCount())
  return { spaces: [smallest!] }
}

const isWanted = (value: string, filters: readonly Filter[]) =>
  filters.every((filter) => filter.attribute !== 'isPrimary' || filter.equals === (value === PRIMARY.value))

function* bestFirst(spaces: readonly LeafBounds[], page: PageOfEntries): Sql<BestFirst> {
  const search = beginBestFirst(spaces, page)
  for (let leaf = nextLeaf(search); leaf !== undefined; leaf = nextLeaf(search)) {
    visit(search, decodeEntries(yield* entryBytes(leaf)))
  }
  return search
}

interface TextRow {
  readonly seq: number
  readonly created_at: number
  readonly updated_at: number
  readonly study_instant: number | null
  readonly is_primary: number
  readonly changed_in: number
}

/** All image sets of one text, out of its index alone; another text is looked up in their rows. */
function* ofText(text: TextFilter, { page, moment }: { page: PageOfEntries; moment: Moment }): Sql<BestFirst> {
  const [, index] = TEXT_INDEXES.find(([attribute]) => attribute === text.attribute)!
  const others = page.search.filters.filter((filter) => filter !== text && isText(filter)) as TextFilter[]
  const conditions = [text, ...others].map(({ attribute }) => `${COLUMN_OF[attribute]} = ?`).join(' AND ')
  const rows = yield* all<TextRow>(
    `SELECT seq, created_at, updated_at, study_instant, is_primary, changed_in
     FROM image_sets ${moment.dialect.byIndex(index)} WHERE datastore = ? AND ${conditions} AND deleted_at IS NULL`,
    ...[moment.datastore, ...[text, ...others].map(({ equals }) => equals as string)],
  )
  const filters = page.search.filters.filter((filter) => !isText(filter))
  const search = beginBestFirst([], { ...page, search: { ...page.search, filters } })
  visit(search, columnsOf(rows))
  return search
}

const isText = ({ attribute }: Filter) => TEXT_INDEXES.some(([text]) => text === attribute)

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
