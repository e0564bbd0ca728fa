/** What the ways to answer a search for studies share: the search with its conditions as SQL, and which index may leave few studies. */
import type { Criterion } from '../../../imaging/dicomweb-search/criteria.ts'
import type { StudyPosition } from '../../catalog/study-repository.ts'
import type { IndexSizes } from '../../search/kd-tree/sizes.ts'
import type { CachedWords } from '../../search/words/cached-words.ts'
import type { Dialect } from '../engine/differences.ts'
import { all, type Sql, type SqlValue } from '../engine/statement.ts'
import { STUDY_COLUMNS } from './study-columns.ts'
import type { StudyCondition } from './study-conditions.ts'
import type { StudyOrder } from './study-order.ts'

export interface Searching {
  readonly datastore: number
  readonly datastoreId: string
  /** The change whose state is searched, and the last one. */
  readonly snapshot: number
  readonly latest: number
  readonly criteria: readonly Criterion[]
  /** In the order of the criteria. */
  readonly conditions: readonly StudyCondition[]
  readonly order: StudyOrder
  readonly after: StudyPosition | undefined
  readonly offset: number
  /** With the offset, and one more, which tells whether there are further studies. */
  readonly wanted: number
  readonly dialect: Dialect
  readonly sizes: IndexSizes
  readonly words: CachedWords
}

/** Positions of studies, in order. */
export interface Found {
  readonly positions: readonly StudyPosition[]
  /** How many of the offset are left out of them already. */
  readonly skipped: number
  /** Of all that match, where it is known. */
  readonly total?: number
}

export const isLatest = ({ snapshot, latest }: Pick<Searching, 'snapshot' | 'latest'>): boolean => snapshot === latest

interface Condition {
  readonly text: string
  readonly values: readonly SqlValue[]
}

/** Of the data store, in the snapshot, with all conditions, and with `more` before them. */
export function whereOf(searching: Searching, more: readonly Condition[] = []): Condition {
  const every = [
    { text: 'datastore = ?', values: [searching.datastore] },
    ...(isLatest(searching) ? [] : [{ text: 'changed_in <= ?', values: [searching.snapshot] }]),
    ...more,
    ...searching.conditions,
  ].filter(({ text }) => text !== '')
  return { text: every.map(({ text }) => text).join(' AND '), values: every.flatMap(({ values }) => values) }
}

export type Indexed = NonNullable<StudyCondition['indexed']>

const PRIORITY: readonly string[] = [...Object.values(STUDY_COLUMNS).map(({ column }) => column), 'modalities']

/** The conditions that an index answers, the most selective attribute first, and those last of which it answers only a part. */
export const indexedConditions = ({ conditions }: Searching): readonly Indexed[] =>
  conditions.flatMap(({ indexed }) => indexed ?? []).sort((a, b) => placeOf(a) - placeOf(b))

const placeOf = ({ column, isWhole }: Indexed): number =>
  PRIORITY.indexOf(column) + (isWhole === true ? PRIORITY.length : 0)

/** The first of them that leaves at most so many studies. */
export function* indexLeaving(max: number, searching: Searching): Sql<Indexed | undefined> {
  for (const indexed of indexedConditions(searching)) {
    const beyond = yield* all(
      `SELECT 1 AS one FROM ${tableBy(indexed.column, searching)} WHERE datastore = ? AND ${indexed.text} LIMIT 1 OFFSET ?`,
      ...[searching.datastore, ...indexed.values, max],
    )
    if (beyond.length === 0) return indexed
  }
  return undefined
}

/** The table, read by the index that begins with the column. */
export const tableBy = (column: string, { dialect }: Pick<Searching, 'dialect'>): string =>
  `studies ${dialect.byIndex(`studies_${column}`)}`
