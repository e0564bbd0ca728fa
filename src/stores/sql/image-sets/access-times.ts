/** When image sets were last read, in SQL. Searches return it, so recording it is a change. */
import type { ImageSets } from '../../catalog/image-set-repository.ts'
import type { IndexChange } from '../../search/indexed-image-set.ts'
import type { SearchUpkeep } from '../../search/maintenance/update-index.ts'
import { datastoreNumber } from '../datastores/datastore-number.ts'
import { one, run, type Sql } from '../engine/statement.ts'
import { keepRowHistory, purgeRowHistory } from '../history/changes.ts'
import { parseImageSetId } from '../rows/image-set-id.ts'

type Accesses = Parameters<ImageSets['recordAccesses']>[0]
type Options = Parameters<ImageSets['recordAccesses']>[1]

/** @param accesses of one data store: a change is of one. */
export function* recordAccesses(accesses: Accesses, options: Options, upkeep: SearchUpkeep): Sql<void> {
  const due = yield* dueOf(accesses, options)
  const [first] = accesses
  const datastore = first && (yield* datastoreNumber(first.datastoreId))
  if (due.size === 0 || datastore === undefined) return
  const at = Math.max(...due.values())
  const begun = yield* upkeep.beginChange(datastore)
  const change = { number: begun.number, at }
  const changes: IndexChange[] = []
  for (const [rowId, accessedAt] of due) {
    const found = yield* one('SELECT 1 AS found FROM image_sets WHERE row_id = ? AND deleted_at IS NULL', rowId)
    if (found === undefined) continue
    const before = yield* upkeep.indexed(rowId)
    yield* keepRowHistory(rowId, change)
    yield* run(
      'UPDATE image_sets SET last_accessed_at = ?, changed_in = ? WHERE row_id = ?',
      ...[accessedAt, change.number, rowId],
    )
    changes.push({ before, after: yield* upkeep.indexed(rowId) })
  }
  yield* begun.apply(changes, at)
  yield* purgeRowHistory({ datastore, at, added: changes.length })
}

/** By row id. Another server may have recorded an access recently. */
export function* dueOf(accesses: Accesses, { unlessWithinMs }: Options): Sql<ReadonlyMap<number, number>> {
  const due = new Map<number, number>()
  for (const { datastoreId, imageSetId, at } of accesses) {
    const id = parseImageSetId(imageSetId)
    const datastore = yield* datastoreNumber(datastoreId)
    if (id === undefined || datastore === undefined) continue
    const row = yield* one(
      `SELECT 1 AS due FROM image_sets WHERE row_id = ? AND id_suffix = ? AND datastore = ? AND deleted_at IS NULL
       AND last_accessed_at <= ?`,
      ...[id.rowId, id.idSuffix, datastore, at - unlessWithinMs],
    )
    if (row !== undefined) due.set(id.rowId, at)
  }
  return due
}
