/** Rebuilds the partitions and the dictionary of a data store beside the live ones, batch by batch, and replaces these at the end. */
import { all, one, run, type Sql } from '../../sql/engine/statement.ts'
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

/** How far a batch looks for image sets of its data store: between them are those of others. */
const ROWS_PER_IMAGE_SET = 16

/** @param highFrequency the texts that get partitions; slightly outdated. */
export function* beginRebuild(
  { datastore, partitions, words, change }: IndexWriting,
  highFrequency: readonly Text[],
): Sql<void> {
  const writing = { state: 'rebuilding', change } as const
  const live = yield* all<PartitionRow>(
    `SELECT ${PARTITION_COLUMNS} FROM search_partitions WHERE datastore = ? AND state = 'live'`,
    datastore,
  )
  const wanted = [undefined, ...highFrequency, ...live.map((row) => partitionOfRow(row).text)]
  const each = new Map(wanted.map((text) => [nameOfText(text), text]))
  for (const key of [...each.values()].flatMap(bothKeys)) {
    yield* partitions.add({ key, ...writing, entries: decodeEntries(encodeEntries([])) })
  }
  yield* words.create(
    [...each.values()].filter((text) => text !== undefined),
    writing,
  )
  yield* run('UPDATE changes SET rebuilt_to = -1 WHERE datastore = ?', datastore)
}

/** Adds the image sets after the row to what is being rebuilt. When none are left, it replaces what is live. */
export function* rebuildBatch(
  { datastore, sizes, partitions, words, change }: IndexWriting,
  rebuiltTo: number,
): Sql<{ readonly rebuiltTo: number } | 'done'> {
  const writing = { state: 'rebuilding', change } as const
  const limit = sizes.rebuildBatchRows
  const upTo = rebuiltTo + limit * ROWS_PER_IMAGE_SET
  const last = yield* one<{ row_id: number | null }>('SELECT max(row_id) AS row_id FROM image_sets')
  const rows = yield* all<IndexedRowWithWords>(
    `SELECT ${INDEXED_COLUMNS_WITH_WORDS} FROM image_sets WHERE row_id > ? AND row_id <= ? AND datastore + 0 = ?
     AND deleted_at IS NULL ORDER BY row_id LIMIT ?`,
    ...[rebuiltTo, upTo, datastore, limit],
  )
  const imageSets = rows.map(indexedWithWordsOf)
  yield* partitions.edit(
    imageSets.map((after) => ({ after })),
    writing,
  )
  yield* words.seal(imageSets, writing)
  const to = rows.length < limit ? upTo : rows.at(-1)!.row_id
  if (to >= (last!.row_id ?? -1)) {
    yield* replaceLive(datastore, partitions)
    return 'done'
  }
  yield* run('UPDATE changes SET rebuilt_to = ? WHERE datastore = ?', ...[to, datastore])
  return { rebuiltTo: to }
}

interface ChangesWhileRebuilding {
  readonly changes: readonly IndexChange[]
  readonly rebuiltTo: number
}

export function* editRebuilding(writing: IndexWriting, changed: ChangesWhileRebuilding): Sql<void> {
  const { partitions, change } = writing
  yield* partitions.edit(rebuiltOf(changed), { state: 'rebuilding', change })
  yield* editRebuildingWords(writing, changed)
}

export function* editRebuildingWords({ words, change }: IndexWriting, changed: ChangesWhileRebuilding): Sql<void> {
  yield* words.edit(rebuiltOf(changed), { state: 'rebuilding', change })
}

/** Rows after `rebuiltTo` are not yet in what is being rebuilt: a later batch adds them. */
function rebuiltOf({ changes, rebuiltTo }: ChangesWhileRebuilding): readonly IndexChange[] {
  const isIn = (imageSet: Indexed | undefined) => imageSet !== undefined && imageSet.entry.point[ROW_ID]! <= rebuiltTo
  return changes.filter(({ before, after }) => isIn(after ?? before))
}

function* replaceLive(datastore: number, partitions: IndexWriting['partitions']): Sql<void> {
  const replaced = yield* all<{ partition: number }>(
    `SELECT partition FROM search_partitions AS old WHERE datastore = ? AND state = 'live' AND EXISTS (SELECT 1 FROM search_partitions AS new
       WHERE new.state = 'rebuilding' AND new.datastore = old.datastore AND new.value = old.value
       AND new.attribute = old.attribute AND new.is_primary = old.is_primary)`,
    datastore,
  )
  for (const { partition } of replaced) yield* partitions.retire(partition)
  yield* run(`UPDATE search_partitions SET state = 'live' WHERE datastore = ? AND state = 'rebuilding'`, datastore)
  yield* run(
    `UPDATE search_dictionaries SET state = 'retired' WHERE datastore = ? AND state = 'live'
     AND datastore IN (SELECT datastore FROM search_dictionaries WHERE state = 'rebuilding')`,
    datastore,
  )
  yield* run(`UPDATE search_dictionaries SET state = 'live' WHERE datastore = ? AND state = 'rebuilding'`, datastore)
  yield* run('UPDATE changes SET rebuilt_to = NULL WHERE datastore = ?', datastore)
}
