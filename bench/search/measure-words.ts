/** Searches by words: pages in all sorts and orders, and exact totals; beside SQLite's FTS5, where the store has it. */
import type { Catalog } from '../../src/stores/catalog/catalog.ts'
import { type BenchQuery, PAGE_ROWS } from './batteries.ts'
import { DATASTORE_ID, type Progress } from './built-store.ts'
import type { DataSet } from './data-set.ts'
import { type Answer, type Measured, measure, type Stopped, type Times } from './measure.ts'
import type { OrdinaryStore } from './ordinary-store.ts'
import {
  rangedWordQueries,
  WORD_BATTERY_NAMES,
  type WordBatteryName,
  type WordQueries,
  wordQueriesOf,
} from './word-batteries.ts'

/** Of the searches that both answered in time: the image sets on the pages of each, or the sums of their totals. */
export interface Found {
  readonly hilum: number
  readonly fts5: number
}

export interface BesideFts5 {
  readonly hilum: Times
  readonly fts5?: Times
  readonly found?: Found
}

export interface WordTimes extends BesideFts5 {
  /** Asked with the first page. */
  readonly totals: Times
}

export interface WordsFacts {
  readonly words: Readonly<Record<WordBatteryName, WordTimes>>
  readonly word_totals_in_ranges: BesideFts5
}

export async function measureWords(request: {
  readonly catalog: Catalog
  readonly ordinary: OrdinaryStore
  readonly dataSet: DataSet
  readonly capMs: number
  readonly progress: Progress
}): Promise<WordsFacts> {
  const { catalog, ordinary, dataSet, capMs, progress } = request
  const { words: fts5 } = ordinary
  const pageOf = async (query: BenchQuery) => (await askWords(catalog, query)).page
  const totalOf = async (query: BenchQuery) => (await askWords(catalog, { ...query, isCounted: true })).total
  const facts: Partial<Record<WordBatteryName, WordTimes>> = {}
  for (const [index, name] of WORD_BATTERY_NAMES.entries()) {
    progress('searching by words', index / WORD_BATTERY_NAMES.length)
    const asked = wordQueriesOf(name, dataSet)
    const { warmUp, queries } = asked
    const hilum = await measure({ ...asked, ask: pageOf, capMs })
    // A later page has no total.
    const firstPages = (some: readonly BenchQuery[]) => some.map(({ search }) => ({ search }))
    const turned = { queries: firstPages(warmUp), warmUp: firstPages(queries) }
    const totals = await measure({ ...turned, ask: totalOf, capMs })
    const theirs = fts5 && (await measure({ ...asked, ask: (query) => answerOf(fts5.search(query)), capMs }))
    facts[name] = { ...beside(hilum, theirs, (rowIds) => rowIds.length), totals: totals.times }
  }
  progress('searching by words', 1)
  const ranged = rangedWordQueries(dataSet)
  return {
    words: facts as WordsFacts['words'],
    word_totals_in_ranges: await measureTotals(ranged, { totalOf, fts5, capMs }),
  }
}

async function measureTotals(
  asked: WordQueries,
  by: {
    readonly totalOf: (query: BenchQuery) => Promise<Answer>
    readonly fts5: OrdinaryStore['words']
    readonly capMs: number
  },
): Promise<BesideFts5> {
  const { totalOf, fts5, capMs } = by
  const hilum = await measure({ ...asked, ask: totalOf, capMs })
  const theirs =
    fts5 &&
    (await measure({
      ...asked,
      ask: ({ search }) => {
        const total = fts5.count(search)
        return answerOf(total === undefined ? undefined : [total])
      },
      capMs,
    }))
  return beside(hilum, theirs, ([total]) => total ?? 0)
}

const answerOf = (rowIds: readonly number[] | undefined): Answer | Stopped =>
  rowIds === undefined ? 'stopped' : { rowIds, visited: null }

function beside(
  hilum: Measured,
  fts5: Measured | undefined,
  countOf: (answer: readonly number[]) => number,
): BesideFts5 {
  if (fts5 === undefined) return { hilum: hilum.times }
  const pairs = fts5.answers.map((answer, at) => [hilum.answers[at], answer] as const)
  const found = { hilum: 0, fts5: 0 }
  for (const [ours, theirs] of pairs) {
    if (ours === undefined || theirs === undefined) continue
    found.hilum += countOf(ours)
    found.fts5 += countOf(theirs)
  }
  return { hilum: hilum.times, fts5: fts5.times, found }
}

async function askWords(
  catalog: Catalog,
  { search, after, isCounted = false }: BenchQuery & { readonly isCounted?: boolean },
): Promise<{ readonly page: Answer; readonly total: Answer }> {
  const { rows, total, visited } = await catalog.imageSets.search({
    datastoreId: DATASTORE_ID,
    search,
    limit: PAGE_ROWS,
    ...(after === undefined ? {} : { after }),
    ...(isCounted ? { count: 'exact' as const } : {}),
  })
  return {
    page: { rowIds: rows.map(({ rowId }) => rowId), visited: visited.entries + visited.rows },
    total: { rowIds: total === undefined ? [] : [total], visited: visited.count?.entries ?? null },
  }
}
