/** Searches that few studies can match: all of these are read and sorted. */
import { PatternTooBroad } from '../../catalog/search-repository.ts'
import { rowsWith } from '../../search/words/find-rows.ts'
import type { RowSet } from '../../search/words/row-set.ts'
import { all, allOfMany, type Sql } from '../engine/statement.ts'
import { type Found, indexLeaving, type Searching, tableBy, whereOf } from './searching.ts'
import { comparePositions, type PositionRow, positionIn, selectPosition, studyAt } from './study-order.ts'
import { termsOf } from './words-of-criteria.ts'

/** More words would leave no fewer studies. */
const TERMS_MAX = 8

/** By an index of values. Undefined: none leaves few studies. */
export function* fewByValue(searching: Searching): Sql<Found | undefined> {
  const indexed = yield* indexLeaving(searching.sizes.studiesReadMax, searching)
  if (indexed === undefined) return undefined
  const { text, values } = whereOf(searching, [indexed])
  const rows = yield* all<PositionRow>(
    `SELECT ${selectPosition(searching.order)} FROM ${tableBy(indexed.column, searching)} WHERE ${text}`,
    ...values,
  )
  return sorted(rows, searching)
}

/** By the words of image sets. Undefined: the search has none, or many image sets have them. */
export function* fewByWords(searching: Searching): Sql<Found | undefined> {
  const imageSets = yield* imageSetsWithWords(searching)
  if (imageSets === undefined) return undefined
  const uids = yield* allOfMany<{ uid: string }>(
    (marks) => `SELECT DISTINCT study_instance_uid AS uid FROM image_sets WHERE row_id IN (${marks})`,
    [],
    imageSets.rowIds(),
  )
  const { text, values } = whereOf(searching)
  const select = `SELECT ${selectPosition(searching.order)} FROM`
  const rows = yield* allOfMany<PositionRow>(
    (marks) =>
      `${select} ${tableBy('study_instance_uid', searching)} WHERE ${text} AND study_instance_uid IN (${marks})`,
    values,
    uids.map(({ uid }) => uid),
  )
  const cut = yield* all<PositionRow>(
    `${select} ${tableBy('words_cut', searching)} WHERE words_cut = 1 AND ${text}`,
    ...values,
  )
  return sorted([...rows, ...cut], searching)
}

/** By a pattern, compared with all entries of an index. Undefined: there is none, or many studies match it. */
export function* fewByPattern(searching: Searching): Sql<Found | undefined> {
  const condition = searching.conditions.find(({ indexed }) => indexed?.isWhole === true)
  if (condition?.indexed === undefined) return undefined
  const { column, text } = condition.indexed
  const max = searching.sizes.studiesReadMax
  const studies = yield* all<{ study: number }>(
    `SELECT study FROM ${tableBy(column, searching)} WHERE datastore = ? AND ${text} AND ${condition.text} LIMIT ?`,
    ...[searching.datastore, ...condition.values, max + 1],
  )
  if (studies.length > max) return undefined
  const where = whereOf(searching)
  const rows = yield* allOfMany<PositionRow>(
    (marks) => `SELECT ${selectPosition(searching.order)} FROM studies WHERE ${where.text} AND study IN (${marks})`,
    where.values,
    studies.map(({ study }) => study),
  )
  return sorted(rows, searching)
}

function* imageSetsWithWords(searching: Searching): Sql<RowSet | undefined> {
  const { datastore, criteria, sizes } = searching
  const terms = termsOf(criteria).slice(0, TERMS_MAX)
  if (terms.length === 0) return undefined
  const cut = yield* all(
    `SELECT 1 AS one FROM ${tableBy('words_cut', searching)} WHERE datastore = ? AND words_cut = 1 LIMIT 1 OFFSET ?`,
    ...[datastore, sizes.studiesReadMax],
  )
  if (cut.length > 0) return undefined
  try {
    const { rows } = yield* rowsWith({ terms, texts: [] }, searching)
    return rows.size <= sizes.studiesReadMax ? rows : undefined
  } catch (error) {
    // The studies are compared with the pattern themselves.
    if (error instanceof PatternTooBroad) return undefined
    throw error
  }
}

function sorted(rows: readonly PositionRow[], { order, after, wanted }: Searching): Found {
  // One may be found in two ways.
  const found = new Map(rows.map((row) => positionIn(order, row)).map((position) => [studyAt(position), position]))
  const positions = [...found.values()].sort((a, b) => comparePositions(order, a, b))
  const left = after === undefined ? positions : positions.filter((each) => comparePositions(order, each, after) > 0)
  return { positions: left.slice(0, wanted), skipped: 0, total: positions.length }
}
