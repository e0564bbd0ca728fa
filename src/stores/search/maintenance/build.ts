/** Builds the whole search index from the rows, at once: for a catalog that has none, or one of another format. */
import { isUid } from '../../../contract/search-attributes.ts'
import type { Dialect } from '../../sql/engine/differences.ts'
import { all, type Sql } from '../../sql/engine/statement.ts'
import { COLUMN_OF, TEXT_INDEXES, type Text } from '../../sql/rows/search-columns.ts'
import {
  INDEXED_COLUMNS_WITH_WORDS,
  type Indexed,
  type IndexedRowWithWords,
  indexedWithWordsOf,
} from '../indexed-image-set.ts'
import { decodeEntries, encodeEntries, joinEntries } from '../kd-tree/entries.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import { bothKeys, nameOf, type PartitionKey } from '../partitions.ts'
import type { IndexWriting } from './high-frequency-partitions.ts'

const ROWS_PER_BATCH = 20_000

interface Building {
  readonly sizes: IndexSizes
  readonly dialect: Dialect
}

/**
 * One pass over the image sets, then partition by partition. Needs 42 bytes of memory for each entry.
 * @param writings of all data stores
 */
export function* buildAll(writings: readonly IndexWriting[], building: Building): Sql<void> {
  const parts = new Map<
    string,
    { readonly writing: IndexWriting; readonly key: PartitionKey; readonly bytes: Uint8Array[] }
  >()
  const writingOf = new Map(writings.map((writing) => [writing.datastore, writing]))
  const partOf = (datastore: number, key: PartitionKey) => parts.get(`${datastore} ${nameOf(key)}`)
  for (const writing of writings) {
    const { datastore, change, words } = writing
    const highFrequency = yield* highFrequencyTexts(datastore, building)
    for (const key of [undefined, ...highFrequency].flatMap(bothKeys)) {
      parts.set(`${datastore} ${nameOf(key)}`, { writing, key, bytes: [] })
    }
    yield* words.create(highFrequency, { state: 'live', change })
  }
  const placesOf = ({ datastore, isPrimary, texts }: Indexed) =>
    [undefined, ...texts].flatMap((text) => partOf(datastore, { isPrimary, text }) ?? [])
  for (let after = -1; ; ) {
    const rows = yield* all<IndexedRowWithWords>(
      `SELECT ${INDEXED_COLUMNS_WITH_WORDS} FROM image_sets WHERE row_id > ? AND deleted_at IS NULL ORDER BY row_id LIMIT ?`,
      ...[after, ROWS_PER_BATCH],
    )
    const imageSets = rows.map(indexedWithWordsOf)
    for (const [datastore, some] of Map.groupBy(imageSets, (each) => each.datastore)) {
      const { words, change } = writingOf.get(datastore)!
      yield* words.seal(some, { state: 'live', change })
    }
    const placed = imageSets.flatMap((each) => placesOf(each).map((part) => ({ part, each })))
    for (const [part, those] of Map.groupBy(placed, (one) => one.part)) {
      part.bytes.push(encodeEntries(those.map(({ each }) => each.entry)))
    }
    if (rows.length < ROWS_PER_BATCH) break
    after = rows.at(-1)!.row_id
  }
  for (const [name, { writing, key, bytes }] of parts) {
    parts.delete(name)
    const entries = bytes.length === 1 ? decodeEntries(bytes[0]!) : joinEntries(bytes)
    yield* writing.partitions.add({ key, state: 'live', change: writing.change, entries })
  }
}

/** The texts that get a partition. */
export function* highFrequencyTexts(datastore: number, { sizes, dialect }: Building): Sql<readonly Text[]> {
  const texts: Text[] = []
  for (const [attribute, index] of TEXT_INDEXES) {
    const column = COLUMN_OF[attribute]
    const rows = yield* all<{ value: string }>(
      `SELECT ${column} AS value FROM image_sets ${dialect.byIndex(index)}
       WHERE datastore = ? AND deleted_at IS NULL AND ${column} IS NOT NULL GROUP BY ${column} HAVING count(*) > ?`,
      ...[datastore, isUid(attribute) ? sizes.highFrequencyUidFrom : sizes.highFrequencyFrom],
    )
    for (const { value } of rows) texts.push({ attribute, equals: value })
  }
  return texts
}
