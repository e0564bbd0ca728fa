/**
 * Searches for studies. If few studies can match, since few have a value or its words, they are read and sorted. Otherwise the studies are
 * read in the order of the search and compared, until the page is full. Later pages read the snapshot of the first one, as those of searches
 * for image sets do.
 */
import type { Studies, StudyPage, StudyPosition } from '../../catalog/study-repository.ts'
import type { IndexSizes } from '../../search/kd-tree/sizes.ts'
import type { CachedWords } from '../../search/words/cached-words.ts'
import { datastoreSearched } from '../datastores/datastore-number.ts'
import type { Dialect } from '../engine/differences.ts'
import { all, one, type Sql } from '../engine/statement.ts'
import type { CachedAnswers } from '../history/cached-answers.ts'
import { snapshotRead } from '../history/snapshot-read.ts'
import { fewByPattern, fewByValue, fewByWords } from './few-studies.ts'
import { foundStudies } from './found-studies.ts'
import { type Found, indexedConditions, isLatest, type Searching, tableBy, whereOf } from './searching.ts'
import { countStudies, readInOrder, sortInDatabase, tryInOrder } from './studies-in-order.ts'
import { conditionOf } from './study-conditions.ts'
import { comparePositions, orderOf, type PositionRow, positionIn, selectPosition } from './study-order.ts'

type StudySearch = Parameters<Studies['search']>[0]

interface Context {
  readonly dialect: Dialect
  readonly sizes: IndexSizes
  readonly words: CachedWords
  readonly totals: CachedAnswers<number>
}

export function* searchStudies(request: StudySearch, context: Context): Sql<StudyPage> {
  const datastore = yield* datastoreSearched(request.datastoreId)
  if (datastore === undefined) return { datastore, rows: [], positions: [], next: undefined, snapshotVersion: 0 }
  const { latest, oldest } = datastore
  const snapshot = snapshotRead(request.after?.snapshotVersion, { latest, oldest })
  const searching = yield* searchingOf(request, { ...context, datastore: datastore.number, snapshot, latest })
  const current = yield* currentPositions(searching)
  const { positions, skipped, total } = isLatest(searching) ? current : yield* withHistory(current, searching)
  const from = request.offset - skipped
  const page = positions.slice(from, from + request.limit)
  const hasMore = positions.length > from + request.limit
  return {
    datastore,
    rows: yield* foundStudies(page, searching),
    positions: page,
    next: hasMore ? (page.at(-1) ?? request.after?.position) : undefined,
    snapshotVersion: snapshot,
    ...(request.isCounted && isLatest(searching) && { total: total ?? (yield* totalOf(searching, context)) }),
  }
}

function* searchingOf(
  { datastoreId, criteria, order, after, offset, limit }: StudySearch,
  context: Pick<Searching, 'datastore' | 'snapshot' | 'latest' | 'dialect' | 'sizes' | 'words'>,
): Sql<Searching> {
  const isByModality = criteria.some(({ keyword }) => keyword === 'ModalitiesInStudy')
  const combinations = isByModality ? yield* combinationsOfModalities(context) : []
  const { dialect } = context
  return {
    ...{ ...context, datastoreId, criteria, offset },
    conditions: criteria.map((criterion) => conditionOf(criterion, { dialect, combinations })),
    order: orderOf(order),
    after: after?.position,
    wanted: offset + limit + 1,
  }
}

/** Those that studies have: few, whatever the number of studies. */
function* combinationsOfModalities(
  searching: Pick<Searching, 'datastore' | 'snapshot' | 'latest' | 'dialect'>,
): Sql<readonly string[]> {
  const { datastore, snapshot } = searching
  const found: string[] = []
  for (let last = ''; ; last = found.at(-1)!) {
    const next = yield* one<{ modalities: string }>(
      `SELECT modalities FROM ${tableBy('modalities', searching)} WHERE datastore = ? AND modalities > ? ORDER BY modalities LIMIT 1`,
      ...[datastore, last],
    )
    if (next === undefined) break
    found.push(next.modalities)
  }
  if (isLatest(searching)) return found
  const former = yield* all<{ modalities: string }>(
    `SELECT DISTINCT modalities FROM study_history WHERE datastore = ? AND until_change > ? AND from_change <= ?
     AND modalities IS NOT NULL`,
    ...[datastore, snapshot, snapshot],
  )
  return [...new Set([...found, ...former.map(({ modalities }) => modalities)])]
}

function* currentPositions(searching: Searching): Sql<Found> {
  if (searching.conditions.length === 0) return yield* readInOrder(searching)
  return (
    (yield* fewByValue(searching)) ??
    (yield* fewByWords(searching)) ??
    (yield* tryInOrder(searching)) ??
    (yield* fewByPattern(searching)) ??
    (yield* sortInDatabase(searching)) ??
    (yield* readInOrder(searching))
  )
}

function* totalOf(searching: Searching, { totals }: Context): Sql<number> {
  const { datastore, datastoreId, criteria, latest } = searching
  if (criteria.length === 0) {
    const row = yield* one<{ studies: number }>('SELECT studies FROM study_totals WHERE datastore = ?', datastore)
    return row?.studies ?? 0
  }
  const name = JSON.stringify([datastore, criteria])
  const cached = totals.get(name, latest)
  if (cached !== undefined) return cached
  const [indexed] = indexedConditions(searching)
  const table = tableBy(indexed?.column ?? 'updated_at', searching)
  const total = yield* countStudies(table, whereOf(searching, indexed === undefined ? [] : [indexed]))
  totals.keep(name, { datastoreId, change: latest, answer: total })
  return total
}

/** With the states that were current in the snapshot and are superseded now. */
function* withHistory(current: Found, searching: Searching): Sql<Found> {
  const { datastore, snapshot, order, after, conditions, wanted } = searching
  const every = [
    { text: 'datastore = ? AND until_change > ? AND from_change <= ?', values: [datastore, snapshot, snapshot] },
    ...conditions,
  ]
  const rows: readonly PositionRow[] = yield* all<PositionRow>(
    `SELECT ${selectPosition(order)} FROM study_history WHERE ${every.map(({ text }) => text).join(' AND ')}`,
    ...every.flatMap(({ values }) => values),
  )
  const former: readonly StudyPosition[] = rows
    .map((row) => positionIn(order, row))
    .filter((each) => after === undefined || comparePositions(order, each, after) > 0)
  const positions = [...current.positions, ...former].sort((a, b) => comparePositions(order, a, b))
  return { positions: positions.slice(0, wanted), skipped: 0 }
}
