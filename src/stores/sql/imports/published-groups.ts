/** The row of the image set that a group is published as: inserted for a new image set, updated for the next version of one. */
import { ImageSetLocked } from '../../catalog/image-set-records.ts'
import { type IndexChange, indexedWithWordsOf } from '../../search/indexed-image-set.ts'
import type { SearchUpkeep } from '../../search/maintenance/update-index.ts'
import { all, one, run, type Sql } from '../engine/statement.ts'
import { keepRowHistory } from '../history/changes.ts'
import { elementColumns, searchedTextColumns } from '../rows/grouping-columns.ts'
import { insertRows } from '../rows/insert-rows.ts'
import { withCounts } from '../rows/summary-tags.ts'
import type { RowOf } from '../rows/tables.ts'
import type { ExtendingGroup, PlacedGroup } from './placed-groups.ts'

export interface PublishedGroup extends PlacedGroup {
  readonly rowId: number
  readonly idSuffix: string
  readonly version: number
  readonly updatedAt: number
  readonly change: IndexChange
}

export interface Publishing {
  readonly datastore: number
  readonly change: { readonly number: number; readonly at: number }
  readonly newIdSuffix: () => string
  readonly upkeep: SearchUpkeep
}

export function* createImageSets(
  placed: readonly PlacedGroup[],
  { datastore, change, newIdSuffix }: Publishing,
): Sql<readonly PublishedGroup[]> {
  const { at, number } = change
  const idSuffixes = placed.map(() => newIdSuffix())
  const inserted = yield* insertRows(
    'image_sets',
    placed.map(({ group, elements, instances, isPrimary }, index) => ({
      ...{
        id_suffix: idSuffixes[index]!,
        datastore,
        version: 1,
        image_set_state: 'ACTIVE',
        workflow_status: 'CREATED',
      },
      ...{ is_primary: isPrimary ? 1 : 0, created_at: at, updated_at: at, last_accessed_at: at, changed_in: number },
      ...{ instance_count: instances, tags: withCounts(group.tags, { instances }) },
      unlisted_texts: group.unlisted_texts,
      ...{ study_timestamp: group.study_timestamp, ...elementColumns(elements) },
    })),
    { returning: ['row_id', 'id_suffix'] },
  )
  const rowIdOf = new Map(inserted.map(({ row_id, id_suffix }) => [id_suffix, row_id]))
  return placed.map((each, index): PublishedGroup => {
    const { group, elements, isPrimary } = each
    const rowId = rowIdOf.get(idSuffixes[index]!)!
    const after = indexedWithWordsOf({
      row_id: rowId,
      datastore,
      is_primary: isPrimary ? 1 : 0,
      created_at: at,
      updated_at: at,
      study_timestamp: group.study_timestamp,
      changed_in: number,
      ...searchedTextColumns(elements),
      ...{ tags: group.tags, unlisted_texts: group.unlisted_texts },
    })
    return { ...each, rowId, idSuffix: idSuffixes[index]!, version: 1, updatedAt: at, change: { after } }
  })
}

/** @throws ImageSetLocked */
export function* extendImageSet(placed: ExtendingGroup, { change, upkeep }: Publishing): Sql<PublishedGroup> {
  const { group, rowId, instances } = placed
  const before = yield* upkeep.indexed(rowId)
  const row = yield* one<
    Pick<RowOf<'image_sets'>, 'id_suffix' | 'version' | 'image_set_state' | 'updated_at' | 'instance_count'>
  >('SELECT id_suffix, version, image_set_state, updated_at, instance_count FROM image_sets WHERE row_id = ?', rowId)
  if (row!.image_set_state === 'LOCKED') throw new ImageSetLocked()
  const version = row!.version + 1
  yield* keepRowHistory(rowId, change)
  const superseded = yield* all(
    `UPDATE instances SET removed_in = ? WHERE row_id = ? AND removed_in IS NULL
     AND sop_instance_uid IN (SELECT sop_instance_uid FROM import_files WHERE group_id = ?) RETURNING 1 AS superseded`,
    ...[version, rowId, group.group_id],
  )
  const instanceCount = row!.instance_count - superseded.length + instances
  // The clock may have been set back: a later version is never older.
  const updatedAt = Math.max(change.at, row!.updated_at)
  yield* run(
    `UPDATE image_sets SET version = ?, workflow_status = 'IMPORTED', updated_at = ?, last_accessed_at = ?, changed_in = ?,
     instance_count = ?, tags = ?, unlisted_texts = ?, study_timestamp = ? WHERE row_id = ?`,
    ...[
      version,
      updatedAt,
      updatedAt,
      change.number,
      instanceCount,
      withCounts(group.tags, { instances: instanceCount }),
    ],
    ...[group.unlisted_texts, group.study_timestamp, rowId],
  )
  const after = yield* upkeep.indexed(rowId)
  return { ...placed, idSuffix: row!.id_suffix, version, updatedAt, change: { before, after } }
}
