/**
 * Undoes the writes of a measurement in a store that is too large to be copied: new image sets, and new versions. They are found in the store
 * itself, so that the next run can clean up after an interrupted one.
 */
import { randomUUID } from 'node:crypto'
import type { IndexChange } from '../../src/stores/search/indexed-image-set.ts'
import { SearchUpkeep } from '../../src/stores/search/maintenance/update-index.ts'
import { datastoreNumber } from '../../src/stores/sql/datastores/datastore-number.ts'
import type { Dialect } from '../../src/stores/sql/engine/differences.ts'
import { POSTGRES, SQLITE } from '../../src/stores/sql/engine/differences.ts'
import { all, one, run, type Sql } from '../../src/stores/sql/engine/statement.ts'
import { type BuiltStore, DATASTORE_ID, rowsOf } from './built-store.ts'
import type { DataSet } from './data-set.ts'

/** Every measurement of writes creates an import job; a built store has none. */
export function* needsUndo(): Sql<boolean> {
  return (yield* one('SELECT job FROM import_jobs LIMIT 1')) !== undefined
}

export async function undoWrites(store: BuiltStore, dataSet: DataSet): Promise<void> {
  const dialect = store.catalogUrl === undefined ? SQLITE : POSTGRES
  await store.ask(undo(dataSet, dialect))
  await store.countFrom(dataSet.size + 1)
}

function* undo(dataSet: DataSet, dialect: Dialect): Sql<void> {
  const upkeep = new SearchUpkeep({ sizes: dialect.indexSizes, dialect, name: randomUUID() })
  const change = yield* upkeep.beginChange((yield* datastoreNumber(DATASTORE_ID))!)
  const changes: IndexChange[] = []
  const changed = yield* all<{ row_id: number }>(
    'SELECT DISTINCT row_id FROM image_set_history WHERE row_id <= ?',
    dataSet.size,
  )
  for (const { row_id: rowId } of changed) {
    const before = yield* upkeep.indexed(rowId)
    const { row_id: _, ...row } = rowsOf(dataSet.imageSet(rowId - 1)).image_sets
    const columns = Object.keys(row).map((column) => `${column} = ?`)
    yield* run(`UPDATE image_sets SET ${columns.join(', ')} WHERE row_id = ?`, ...Object.values(row), rowId)
    changes.push({ before, after: yield* upkeep.indexed(rowId) })
    yield* run('DELETE FROM image_set_versions WHERE row_id = ? AND version > 1', rowId)
  }
  const added = yield* all<{ row_id: number }>('SELECT row_id FROM image_sets WHERE row_id > ?', dataSet.size)
  for (const { row_id: rowId } of added) changes.push({ before: yield* upkeep.indexed(rowId) })
  yield* run('UPDATE image_sets SET deleted_at = 0 WHERE row_id > ?', dataSet.size)
  yield* change.apply(changes, Date.now())
  for (const table of [
    'workflow_image_sets',
    'workflows',
    'image_set_documents',
    'import_files',
    'import_groups',
    'instances',
    'blob_uses',
    'blobs',
    'image_set_history',
    'study_history',
    'import_jobs',
  ])
    yield* run(`DELETE FROM ${table}`)
  yield* run(`DELETE FROM client_tokens WHERE client_token <> 'bench'`)
  for (const table of ['image_set_versions', 'image_sets'])
    yield* run(`DELETE FROM ${table} WHERE row_id > ?`, dataSet.size)
}
