/** Asserts that the search index in a SQLite file equals the image sets. */
import assert from 'node:assert/strict'
import Database from 'better-sqlite3-multiple-ciphers'
import { SQLITE } from '../sql/engine/differences.ts'
import type { Row } from '../sql/engine/statement.ts'
import { imageSetsWith, type Text } from '../sql/rows/search-columns.ts'
import { decodeEntries, type Entry, entriesOf, entryOf } from './kd-tree/entries.ts'
import { boundsOf, decodeBounds, LeafBounds } from './kd-tree/leaf-bounds.ts'
import { type Partition, type PartitionRow, type PartitionState, partitionOfRow } from './partitions.ts'

interface DatastorePartition extends Partition {
  readonly datastore: number
  readonly state: PartitionState
}

const byRowId = (a: Entry, b: Entry) => a.point[3]! - b.point[3]!

/** Checks entries, regions and bounds of every partition. @returns how many live partitions there are. */
export function checkIndex(path: string): number {
  const database = new Database(path, { readonly: true })
  try {
    const partitions = database
      .prepare<[], PartitionRow & { datastore: number; state: PartitionState }>(
        `SELECT * FROM search_partitions WHERE state <> 'retired'`,
      )
      .all()
      .map((row): DatastorePartition => ({ ...partitionOfRow(row), datastore: row.datastore, state: row.state }))
    const [live, rebuilding] = [
      partitions.filter(({ state }) => state === 'live'),
      partitions.filter(({ state }) => state !== 'live'),
    ]
    const counts = new Map(
      live.map((partition) => [partition, checkPartition(database, partition, Number.POSITIVE_INFINITY)]),
    )
    for (const partition of rebuilding) {
      const { rebuilt_to } = database
        .prepare<[number], { rebuilt_to: number | null }>('SELECT rebuilt_to FROM changes WHERE datastore = ?')
        .get(partition.datastore)!
      checkPartition(database, partition, rebuilt_to!)
    }
    const living = database.prepare<[], Row>('SELECT count(*) AS count FROM image_sets WHERE deleted_at IS NULL').get()
    assert.equal(
      [...counts].reduce((sum, [{ text }, count]) => sum + (text === undefined ? count : 0), 0),
      living?.count,
      'every image set is in the partition of all primary image sets or of all others',
    )
    const stray = database.prepare('SELECT leaf FROM search_entries WHERE leaf NOT IN (SELECT leaf FROM search_leaves)')
    assert.deepEqual(stray.all(), [])
    return live.length
  } finally {
    database.close()
  }
}

function rowsWith(database: Database.Database, datastore: number, texts: readonly Text[]): readonly Row[] {
  const { text, values } = imageSetsWith(texts, { datastore, dialect: SQLITE })
  return database.prepare<unknown[], Row>(`SELECT * ${text}`).all(values)
}

function checkPartition(
  database: Database.Database,
  { partition, datastore, text, isPrimary }: DatastorePartition,
  upTo: number,
): number {
  const rows = rowsWith(database, datastore, text === undefined ? [] : [text]).filter(
    (row) => (row.is_primary === 1) === isPrimary && (row.row_id as number) <= upTo,
  )
  const wanted = rows.map((row) =>
    entryOf(
      {
        rowId: row.row_id as number,
        createdAt: row.created_at as number,
        updatedAt: row.updated_at as number,
        DICOMStudyDateAndTime: row.study_timestamp as number | null,
        isPrimary: row.is_primary === 1,
      },
      row.changed_in as number,
    ),
  )
  const bounds = new LeafBounds()
  const leaves = database
    .prepare<unknown[], Row>(
      'SELECT leaf, entry_count, bounds, entries FROM search_leaves JOIN search_entries USING (leaf) WHERE partition = ? ORDER BY leaf',
    )
    .all(partition)
  for (const leaf of leaves) {
    bounds.set(leaf.leaf as number, leaf.entry_count as number, decodeBounds(leaf.bounds as Uint8Array))
  }
  const held: Entry[] = []
  for (const [at, leaf] of leaves.entries()) {
    const columns = decodeEntries(leaf.entries as Uint8Array)
    assert.equal(columns.count, leaf.entry_count)
    assert.deepEqual(decodeBounds(leaf.bounds as Uint8Array), boundsOf(bounds.regionAt(at), columns))
    for (const entry of entriesOf(columns)) {
      assert.equal(bounds.find(entry.point), at, 'an entry is in the region of its leaf')
      held.push(entry)
    }
  }
  assert.deepEqual(held.sort(byRowId), wanted.sort(byRowId))
  return wanted.length
}
