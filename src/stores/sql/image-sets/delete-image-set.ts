/** Deletes an image set, in SQL. Its row stays, without patient data, and records when it was deleted. */

import type { SearchUpkeep } from '../../search/maintenance/update-index.ts'
import { removeUses } from '../blobs/blob-uses.ts'
import { removeTags } from '../datastores/tags.ts'
import { one, run, type Sql } from '../engine/statement.ts'
import { ELEMENT_COLUMNS } from '../rows/grouping-columns.ts'
import { imageSetIdOf } from '../rows/image-set-id.ts'

export function* deleteImageSet(
  { datastore, rowId, at }: { readonly datastore: number; readonly rowId: number; readonly at: number },
  upkeep: SearchUpkeep,
): Sql<void> {
  const change = yield* upkeep.beginChange(datastore)
  const row = yield* one<{ id_suffix: string; deleted_at: number | null }>(
    'SELECT id_suffix, deleted_at FROM image_sets WHERE row_id = ?',
    rowId,
  )
  const before = row!.deleted_at === null ? yield* upkeep.indexed(rowId) : undefined
  yield* run(
    `UPDATE image_sets SET image_set_state = 'DELETED', workflow_status = 'DELETED', deleted_at = ?, changed_in = ?,
     updated_at = CASE WHEN updated_at < ? THEN ? ELSE updated_at END, instance_count = 0, tags = '{}', unlisted_texts = NULL, study_timestamp = NULL,
     ${ELEMENT_COLUMNS.map((column) => `${column} = NULL`).join(', ')} WHERE row_id = ?`,
    ...[at, change.number, at, at, rowId],
  )
  yield* run('DELETE FROM image_set_history WHERE row_id = ?', rowId)
  yield* run('DELETE FROM instances WHERE row_id = ?', rowId)
  yield* run('DELETE FROM image_set_documents WHERE row_id = ?', rowId)
  yield* run(
    'UPDATE image_set_versions SET attributes_blob = NULL, attributes_offset_bytes = NULL, attributes_size_bytes = NULL WHERE row_id = ?',
    rowId,
  )
  yield* removeUses(rowId, at)
  yield* removeTags(imageSetIdOf(rowId, row!.id_suffix))
  if (before !== undefined) yield* change.apply([{ before }], at)
}
