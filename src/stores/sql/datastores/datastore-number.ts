/** The number of a data store by its id, and what a search has to know of it. */
import type { Datastore } from '../../catalog/datastore-repository.ts'
import { one, type Sql } from '../engine/statement.ts'
import { INDEX_FORMAT_COLUMN } from '../history/changes.ts'
import type { RowOf } from '../rows/tables.ts'

/** Rows and indexes contain the number: the id has 32 bytes. */
export function* datastoreNumber(datastoreId: string): Sql<number | undefined> {
  const row = yield* one<{ datastore: number }>('SELECT datastore FROM datastores WHERE datastore_id = ?', datastoreId)
  return row?.datastore
}

/** Its number in a statement that has the id. */
export const DATASTORE_NUMBER = '(SELECT datastore FROM datastores WHERE datastore_id = ?)'

interface DatastoreSearched extends Pick<Datastore, 'datastoreStatus' | 'updatedAt'> {
  readonly number: number
  /** Its last change, and the oldest one whose snapshot is kept. */
  readonly latest: number
  readonly oldest: number
  /** Of the search index; null in a new catalog. */
  readonly indexFormat: string | null
}

/** Its number, whether it may be searched, and its snapshots. */
export function* datastoreSearched(datastoreId: string): Sql<DatastoreSearched | undefined> {
  const row = yield* one<
    Pick<RowOf<'datastores'>, 'datastore_status' | 'updated_at'> &
      Pick<RowOf<'changes'>, 'datastore' | 'number' | 'history_purged_to'> & { readonly index_format: string | null }
  >(
    `SELECT datastores.datastore, datastore_status, updated_at, number, history_purged_to, ${INDEX_FORMAT_COLUMN}
     FROM datastores JOIN changes ON changes.datastore = datastores.datastore WHERE datastore_id = ?`,
    datastoreId,
  )
  return (
    row && {
      ...{ number: row.datastore, datastoreStatus: row.datastore_status, updatedAt: row.updated_at },
      ...{ latest: row.number, oldest: row.history_purged_to, indexFormat: row.index_format },
    }
  )
}
