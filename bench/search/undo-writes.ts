/**
 * Undoes the writes of a measurement in a store that is too large to be copied: new image sets, and new versions. They are found in the store
 * itself, so that the next run can clean up after an interrupted one.
 */
import { randomUUID } from 'node:crypto'
import { type IndexChange, SearchUpkeep } from '../../src/stores/search/maintenance/update-index.ts'
import type { Dialect } from '../../src/stores/sql/engine/differences.ts'
import { POSTGRES, SQLITE } from '../../src/stores/sql/engine/differences.ts'
import { all, one, run, type Sql } from '../../src/stores/sql/engine/statement.ts'
import { type BuiltStore, rowsOf } from './built-store.ts'
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
  yield* upkeep.beginChange()
  const changes: IndexChange[] = []
  const changed = yield* all<{ seq: number }>('SELECT DISTINCT seq FROM image_set_history WHERE seq <= ?', dataSet.size)
  for (const { seq } of changed) {
    const before = yield* upkeep.indexed(seq)
    const { seq: _, ...row } = rowsOf(dataSet.imageSet(seq - 1)).image_sets
    const columns = Object.keys(row).map((column) => `${column} = ?`)
    yield* run(`UPDATE image_sets SET ${columns.join(', ')} WHERE seq = ?`, ...Object.values(row), seq)
    changes.push({ before, after: yield* upkeep.indexed(seq) })
    yield* run('DELETE FROM image_set_versions WHERE seq = ? AND version > 1', seq)
  }
  const added = yield* all<{ seq: number }>('SELECT seq FROM image_sets WHERE seq > ?', dataSet.size)
  for (const { seq } of added) changes.push({ before: yield* upkeep.indexed(seq) })
  yield* upkeep.apply(changes)
  for (const table of [
    'image_set_documents',
    'import_files',
    'import_groups',
    'instances',
    'blob_uses',
    'blobs',
    'image_set_history',
    'import_jobs',
  ])
    yield* run(`DELETE FROM ${table}`)
  yield* run(`DELETE FROM client_tokens WHERE client_token <> 'bench'`)
  for (const table of ['image_set_versions', 'image_sets'])
    yield* run(`DELETE FROM ${table} WHERE seq > ?`, dataSet.size)
}
