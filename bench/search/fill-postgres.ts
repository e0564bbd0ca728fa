/** Fills a catalog on PostgreSQL with the image sets of the benchmark: rows by COPY, indexes afterwards. */
import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { SearchUpkeep } from '../../src/stores/search/maintenance/update-index.ts'
import { POSTGRES } from '../../src/stores/sql/engine/differences.ts'
import { drive, executeOnce } from '../../src/stores/sql/engine/postgres/postgres-connection.ts'
import type { Statement } from '../../src/stores/sql/engine/statement.ts'
import { TEXT_INDEXES } from '../../src/stores/sql/rows/search-columns.ts'
import { copyChunks, copyIn } from '../copy-in.ts'
import {
  type BuildFacts,
  batchesOf,
  factsOf,
  LOADED_TABLES,
  rowsOf,
  type StoreRequest,
  watchIndexing,
} from './built-store.ts'

/** In per cent: how full random inserts leave the pages of an index. Indexes in the order of insertion keep their default. */
const FULL_AS_GROWN = 70

/** Fills the catalog in the current schema of the connection, which has its data store. */
export async function fillPostgres(
  client: pg.Client,
  { dataSet, progress }: Pick<StoreRequest, 'dataSet' | 'progress'>,
): Promise<BuildFacts> {
  await client.query(`SET maintenance_work_mem = '1GB'`)
  const owned = await setAside(client)
  const frozen = (await hasCitus(client)) ? '' : ' (FREEZE)'
  const example = rowsOf(dataSet.imageSet(0))
  const copies = LOADED_TABLES.map((table) => ({
    table,
    text: `COPY ${table} (${Object.keys(example[table]).join(', ')}) FROM STDIN${frozen}`,
  }))
  let writingMs = 0
  // After TRUNCATE in the same transaction, COPY can write frozen rows, and needs no WAL with wal_level = minimal.
  await client.query('BEGIN')
  await client.query(`TRUNCATE ${LOADED_TABLES.join(', ')} CASCADE`)
  for (const batch of batchesOf(dataSet)) {
    const rows = batch.map(rowsOf)
    for (const { table, text } of copies) {
      const chunks = copyChunks(rows.map((row) => Object.values(row[table])))
      const startedAt = performance.now()
      await copyIn(client, text, chunks)
      writingMs += performance.now() - startedAt
    }
    progress('loading the catalog', batch.at(-1)!.rowId / dataSet.size)
  }
  await client.query('UPDATE changes SET number = $1', [dataSet.size])
  const committingFrom = performance.now()
  await client.query('COMMIT')
  writingMs += performance.now() - committingFrom

  const indexingFrom = performance.now()
  for (const [index, text] of owned.entries()) {
    progress('indexing the catalog', index / owned.length)
    await client.query(text)
  }
  await client.query(countFromText(dataSet.size + 1))
  // Without statistics, plans are made for an empty table.
  await client.query('ANALYZE image_sets')
  const upkeep = new SearchUpkeep({ sizes: POSTGRES.indexSizes, dialect: POSTGRES, name: randomUUID() })
  const watch = watchIndexing(dataSet.size, progress)
  const execute = executeOnce(client)
  await client.query('BEGIN')
  await drive(upkeep.buildAll(), (statement: Statement) => {
    watch(statement)
    return execute(statement)
  })
  await client.query('COMMIT')
  const indexingMs = performance.now() - indexingFrom
  const bytesOf = await bytesByRelation(client)
  const bytes = Object.values(bytesOf).reduce((sum, each) => sum + each, 0)
  return factsOf({ size: dataSet.size, writingMs, indexingMs, bytes, bytesOf })
}

/** Drops indexes and foreign keys, which are created faster for all rows at once. @returns the statements that create them. */
async function setAside(client: pg.Client): Promise<readonly string[]> {
  const indexes = await client.query<{ name: string; text: string }>(
    `SELECT indexname AS name, indexdef AS text FROM pg_indexes WHERE schemaname = current_schema() AND tablename = ANY($1)
     AND indexname NOT IN (SELECT conname FROM pg_constraint) ORDER BY indexname`,
    [LOADED_TABLES],
  )
  for (const { name } of indexes.rows) await client.query(`DROP INDEX ${name}`)
  const references = await client.query<{ table: string; name: string; text: string }>(
    `SELECT conrelid::regclass::text AS table, conname AS name, pg_get_constraintdef(oid) AS text
     FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text = ANY($1)`,
    [LOADED_TABLES],
  )
  for (const { table, name } of references.rows) await client.query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`)
  return [
    ...indexes.rows.flatMap(({ name, text }) =>
      TEXT_INDEXES.some(([, index]) => index === name)
        ? [
            text.replace(' WHERE ', ` WITH (fillfactor = ${FULL_AS_GROWN}) WHERE `),
            `ALTER INDEX ${name} RESET (fillfactor)`,
          ]
        : [text],
    ),
    ...references.rows.map(({ table, name, text }) => `ALTER TABLE ${table} ADD CONSTRAINT ${name} ${text}`),
  ]
}

export const countFromText = (rowId: number) =>
  `SELECT setval(pg_get_serial_sequence('image_sets', 'row_id'), ${rowId}, false)`

/** So that no autovacuum runs during the measurements. */
export async function settlePostgres(client: pg.Client, progress: StoreRequest['progress']): Promise<void> {
  progress('vacuuming the database', 0)
  await client.query('VACUUM (ANALYZE)')
  await client.query('CHECKPOINT').catch(() => {})
  progress('vacuuming the database', 1)
}

/** It has no frozen COPY into distributed tables. */
async function hasCitus(client: pg.Client): Promise<boolean> {
  return (await client.query(`SELECT 1 FROM pg_extension WHERE extname = 'citus'`)).rows.length > 0
}

/** TOAST relations count as part of their tables, and on Citus indexes too. */
async function bytesByRelation(client: pg.Client): Promise<Readonly<Record<string, number>>> {
  const text = (await hasCitus(client))
    ? `SELECT relname AS name, sum(shard_size)::bigint AS bytes FROM citus_shards JOIN pg_class ON pg_class.oid = table_name
       WHERE relnamespace = current_schema()::regnamespace GROUP BY relname ORDER BY bytes DESC`
    : `SELECT relname AS name, CASE relkind WHEN 'r' THEN pg_table_size(oid) ELSE pg_relation_size(oid) END AS bytes
       FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'i') ORDER BY bytes DESC`
  const { rows } = await client.query<{ name: string; bytes: number }>(text)
  return Object.fromEntries(rows.map(({ name, bytes }) => [name, bytes]))
}
