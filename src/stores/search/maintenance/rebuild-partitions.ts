/** Rebuilds partitions and dictionaries beside the live ones, batch by batch, and replaces these at the end. */
import { all, run, type Sql } from '../../sql/engine/statement.ts'
import type { Text } from '../../sql/rows/search-columns.ts'
import {
  INDEXED_COLUMNS_WITH_WORDS,
  type IndexChange,
  type Indexed,
  type IndexedRowWithWords,
  indexedWithWordsOf,
} from '../indexed-image-set.ts'
import { decodeEntries, encodeEntries, ROW_ID } from '../kd-tree/entries.ts'
import { bothKeys, nameOfText, PARTITION_COLUMNS, type PartitionRow, partitionOfRow } from '../partitions.ts'
import type { IndexWriting } from './high-frequency-partitions.ts'

/** @param highFrequency by data store, the texts that get partitions; slightly outdated. */
export function* beginRebuild(
  { partitions, words, change }: IndexWriting,
  highFrequency: ReadonlyMap<number, readonly Text[]>,
): Sql<void> {
  const writing = { state: 'rebuilding', change } as const
  for (const [datastore, texts] of highFrequency) {
    const live = yield* all<PartitionRow>(
      `SELECT ${PARTITION_COLUMNS} FROM search_partitions WHERE datastore = ? AND state = 'live'`,
      datastore,
    )
    const wanted = [undefined, ...texts, ...live.map((row) => partitionOfRow(row).text)]
    const each = new Map(wanted.map((text) => [nameOfText(text), text]))
    for (const key of [...each.values()].flatMap(bothKeys)) {
      yield* partitions.add({ datastore, key, ...writing, entries: decodeEntries(encodeEntries([])) })
    }
    yield* words.create(
      datastore,
      [...each.values()].filter((text) => text !== undefined),
      writing,
    )
  }
  yield* run('UPDATE changes SET rebuilt_to = -1')
}

/** Adds the image sets after the row to what is being rebuilt. When none are left, it replaces what is live. */
export function* rebuildBatch(
  { sizes, partitions, words, change }: IndexWriting,
  rebuiltTo: number,
): Sql<{ readonly rebuiltTo: number } | 'done'> {
  const writing = { state: 'rebuilding', change } as const
  const rows = yield* all<IndexedRowWithWords>(
    `SELECT ${INDEXED_COLUMNS_WITH_WORDS} FROM image_sets WHERE row_id > ? AND deleted_at IS NULL ORDER BY row_id LIMIT ?`,
    ...[rebuiltTo, sizes.rebuildBatchRows],
  )
  for (const [datastore, some] of Map.groupBy(rows.map(indexedWithWordsOf), (each) => each.datastore)) {
    yield* partitions.edit(
      datastore,
      some.map((after) => ({ after })),
      writing,
    )
    yield* words.seal(datastore, some, writing)
  }
  if (rows.length < sizes.rebuildBatchRows) {
    yield* replaceLive(partitions)
    return 'done'
  }
  yield* run('UPDATE changes SET rebuilt_to = ?', rows.at(-1)!.row_id)
  return { rebuiltTo: rows.at(-1)!.row_id }
}

interface ChangesWhileRebuilding {
  readonly changes: readonly IndexChange[]
  readonly rebuiltTo: number
}

export function* editRebuilding(writing: IndexWriting, datastore: number, changed: ChangesWhileRebuilding): Sql<void> {
  const { partitions, change } = writing
  yield* partitions.edit(datastore, rebuiltOf(changed), { state: 'rebuilding', change })
  yield* editRebuildingWords(writing, datastore, changed)
}

export function* editRebuildingWords(
  { words, change }: IndexWriting,
  datastore: number,
  changed: ChangesWhileRebuilding,
): Sql<void> {
  yield* words.edit(datastore, rebuiltOf(changed), { state: 'rebuilding', change })
}

/** Rows after `rebuiltTo` are not yet in what is being rebuilt: a later batch adds them. */
function rebuiltOf({ changes, rebuiltTo }: ChangesWhileRebuilding): readonly IndexChange[] {
  const isIn = (imageSet: Indexed | undefined) => imageSet !== undefined && imageSet.entry.point[ROW_ID]! <= rebuiltTo
  return changes.filter(({ before, after }) => isIn(after ?? before))
}

function* replaceLive(partitions: IndexWriting['partitions']): Sql<void> {
  const replaced = yield* all<{ partition: number }>(
    `SELECT partition FROM search_partitions AS old WHERE state = 'live' AND EXISTS (SELECT 1 FROM search_partitions AS new
       WHERE new.state = 'rebuilding' AND new.datastore = old.datastore AND new.value = old.value
       AND new.attribute = old.attribute AND new.is_primary = old.is_primary)`,
  )
  for (const { partition } of replaced) yield* partitions.retire(partition)
  yield* run(`UPDATE search_partitions SET state = 'live' WHERE state = 'rebuilding'`)
  yield* run(
    `UPDATE search_dictionaries SET state = 'retired' WHERE state = 'live'
     AND datastore IN (SELECT datastore FROM search_dictionaries WHERE state = 'rebuilding')`,
  )
  yield* run(`UPDATE search_dictionaries SET state = 'live' WHERE state = 'rebuilding'`)
  yield* run('UPDATE changes SET rebuilt_to = NULL')
}
