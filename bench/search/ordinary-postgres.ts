/** The ordinary table in a schema of its own beside the catalog's. A search that takes longer than the cap is stopped by PostgreSQL. */
import pg from 'pg'
import { inPostgres } from '../../src/stores/sql/engine/postgres/postgres-connection.ts'
import { POSTGRES_TYPES } from '../../src/stores/sql/engine/postgres/postgres-values.ts'
import type { Row, Statement } from '../../src/stores/sql/engine/statement.ts'
import { copyChunks, copyIn } from '../copy-in.ts'
import { batchesOf, type StoreRequest } from './built-store.ts'
import {
  ORDINARY_INDEXES,
  type OrdinaryStore,
  ordinaryCount,
  ordinaryRow,
  ordinarySearch,
  ordinaryTable,
} from './ordinary-store.ts'

const SCHEMA = 'ordinary'
const QUERY_CANCELED = '57014'

export async function openOrdinaryPostgres(url: string, { capMs }: { readonly capMs: number }): Promise<OrdinaryStore> {
  const client = new pg.Client({ connectionString: url, types: POSTGRES_TYPES, statement_timeout: Math.ceil(capMs) })
  await client.connect()
  await client.query(`SET search_path = ${SCHEMA}`)
  const ask = async ({ text, values }: Statement): Promise<readonly Row[] | undefined> => {
    try {
      return (await client.query<Row>(inPostgres(text), [...values])).rows
    } catch (error) {
      if (error instanceof pg.DatabaseError && error.code === QUERY_CANCELED) return undefined
      throw error
    }
  }
  return {
    search: async (query) => (await ask(ordinarySearch(query)))?.map(({ row_id }) => row_id as number),
    count: async (search) => (await ask(ordinaryCount(search)))?.[0]?.count as number | undefined,
    close: () => client.end(),
  }
}

export async function fillOrdinaryPostgres(
  client: pg.Client,
  { dataSet, progress }: Pick<StoreRequest, 'dataSet' | 'progress'>,
): Promise<void> {
  await client.query(`CREATE SCHEMA ${SCHEMA}`)
  await client.query(`SET search_path = ${SCHEMA}`)
  // In the transaction that creates the table, COPY can write frozen rows, as after a vacuum.
  await client.query('BEGIN')
  await client.query(ordinaryTable({ number: 'BIGINT', text: 'TEXT COLLATE "C"' }))
  for (const batch of batchesOf(dataSet)) {
    await copyIn(client, 'COPY image_sets FROM STDIN (FREEZE)', copyChunks(batch.map(ordinaryRow)))
    progress('loading the ordinary table', batch.at(-1)!.rowId / dataSet.size)
  }
  await client.query('COMMIT')
  const steps = [...ORDINARY_INDEXES, 'ANALYZE image_sets']
  for (const [index, text] of steps.entries()) {
    progress('indexing the ordinary table', index / steps.length)
    await client.query(text)
  }
  await client.query('RESET search_path')
  progress('indexing the ordinary table', 1)
}
