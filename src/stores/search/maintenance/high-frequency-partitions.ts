/** Which texts get partitions and a token: those that many image sets have. Both are dropped when too few are left. */
import { isUid } from '../../../contract/search-attributes.ts'
import type { Dialect } from '../../sql/engine/differences.ts'
import { allOfMany, type Sql, together } from '../../sql/engine/statement.ts'
import { COLUMN_OF, TEXT_INDEX_OF, type Text } from '../../sql/rows/search-columns.ts'
import { type Indexed, indexedWith } from '../indexed-image-set.ts'
import { decodeEntries, encodeEntries, ROW_ID } from '../kd-tree/entries.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import { bothKeys, nameOfText } from '../partitions.ts'
import { type Counted, type PartitionWriter, textsOf } from './partition-writer.ts'
import type { WordWriter } from './word-writer.ts'

export interface IndexWriting {
  readonly datastore: number
  readonly sizes: IndexSizes
  readonly dialect: Dialect
  readonly partitions: PartitionWriter
  readonly words: WordWriter
  /** The number of the change. */
  readonly change: number
  /** How far a rebuild has come, by row id; undefined while there is none. */
  readonly rebuiltTo: number | undefined
}

/** After the changes are in the partitions that existed, and in the postings. */
export function* adjustPartitions(
  writing: IndexWriting,
  { added, edited }: { readonly added: readonly Indexed[]; readonly edited: ReadonlyMap<string, Counted> },
): Sql<void> {
  const missing = new Map<string, Text | undefined>()
  for (const imageSet of added) {
    // Counting is expensive, so only a sample triggers it: a text may pass the threshold by a few hundred.
    for (const text of isSampled(imageSet, writing.sizes) ? textsOf(imageSet) : [undefined]) {
      if (!edited.has(nameOfText(text))) missing.set(nameOfText(text), text)
    }
  }
  if (missing.delete(nameOfText(undefined))) yield* build(writing, undefined)
  for (const text of yield* highFrequencyAmong(writing, [...missing.values()] as readonly Text[])) {
    yield* build(writing, text)
  }
  for (const { text, count } of edited.values()) {
    if (text !== undefined && count < highFrequencyUntil(text, writing.sizes)) yield* drop(writing, text)
  }
}

/** Sampled by a hash of the row id, so that no regular pattern of imports evades counting. */
function isSampled({ entry }: Indexed, sizes: IndexSizes): boolean {
  return (Math.imul(entry.point[ROW_ID]!, 0x9e3779b1) >>> 8) % sizes.countEvery === 0
}

/** A statement for each attribute. The texts have no partitions yet, so that few image sets have them. */
function* highFrequencyAmong(
  { datastore, sizes, dialect }: IndexWriting,
  texts: readonly Text[],
): Sql<readonly Text[]> {
  const byAttribute = [...Map.groupBy(texts, ({ attribute }) => attribute)]
  const found = yield* together(
    ...byAttribute.map(([attribute, some]) =>
      allOfMany<{ value: string }>(
        (marks) =>
          `SELECT ${COLUMN_OF[attribute]} AS value FROM image_sets ${dialect.byIndex(TEXT_INDEX_OF[attribute])}
           WHERE datastore = ? AND ${COLUMN_OF[attribute]} IN (${marks}) AND deleted_at IS NULL
           GROUP BY ${COLUMN_OF[attribute]} HAVING count(*) > ${
             isUid(attribute) ? sizes.highFrequencyUidFrom : sizes.highFrequencyFrom
           }`,
        [datastore],
        some.map(({ equals }) => equals),
      ),
    ),
  )
  return found.flatMap((rows, at) => rows.map(({ value }) => ({ attribute: byAttribute[at]![0], equals: value })))
}

/** Below this many image sets, the partitions of the text are dropped. */
const highFrequencyUntil = ({ attribute }: Text, sizes: IndexSizes): number =>
  isUid(attribute) ? sizes.highFrequencyUidUntil : sizes.highFrequencyUntil

/** Builds from the rows as they are now. */
function* build(writing: IndexWriting, text: Text | undefined): Sql<void> {
  const { datastore, dialect, partitions, words, change, rebuiltTo } = writing
  const rows = yield* indexedWith(datastore, text === undefined ? [] : [text], dialect)
  for (const key of bothKeys(text)) {
    const entries = rows.filter(({ isPrimary }) => isPrimary === key.isPrimary).map(({ entry }) => entry)
    yield* partitions.add({
      ...{ key, state: 'live', change },
      entries: decodeEntries(encodeEntries(entries)),
    })
  }
  if (text === undefined) return
  const rowIds = rows.map(({ entry }) => entry.point[ROW_ID]!)
  yield* words.addText(text, { state: 'live', change, rowIds })
  if (rebuiltTo === undefined) return
  const rebuilt = rowIds.filter((rowId) => rowId <= rebuiltTo)
  yield* words.addText(text, { state: 'rebuilding', change, rowIds: rebuilt })
}

function* drop({ partitions, words, change }: IndexWriting, text: Text): Sql<void> {
  yield* partitions.drop(text)
  for (const state of ['live', 'rebuilding'] as const) yield* words.removeText(text, { state, change })
}
