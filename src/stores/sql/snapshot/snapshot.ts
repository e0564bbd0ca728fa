/** Reads all rows of a catalog in one transaction, in pages by primary key, so that a page is in memory. */
import type { CatalogSnapshot, CellValue, Engine, SnapshotBlob, TableRows } from '../../catalog/catalog-snapshot.ts'
import type { Row, SqlValue, Statement } from '../engine/statement.ts'
import { SNAPSHOT_TABLES } from './snapshot-tables.ts'

const ROWS_PER_PAGE = 1_000
/** The entries of a leaf take some 60 KB. */
const LEAVES_PER_PAGE = 50

/** An open transaction that sees one state. */
export interface SnapshotTransaction {
  readonly engine: Engine
  execute(statement: Statement): Promise<readonly Row[]>
  /** As `CatalogSnapshot.counters`. */
  counters(): Promise<Readonly<Record<string, number>>>
  close(): Promise<void>
}

export async function snapshotOver(transaction: SnapshotTransaction, partition: number): Promise<CatalogSnapshot> {
  const { execute } = transaction
  // The state is that of the first statement.
  const [row] = await execute({ text: 'SELECT max(version) AS version FROM schema_versions', values: [] })
  return {
    engine: transaction.engine,
    schemaVersion: Number(row!.version),
    parts: [{ partition, rows: () => allRows(execute), counters: () => transaction.counters() }],
    blobs: () => usedBlobs(execute),
    async encryptedOwners() {
      const owners = await execute({ text: 'SELECT owner_id FROM data_keys', values: [] })
      return new Set(owners.map(({ owner_id }) => String(owner_id)))
    },
    close: () => transaction.close(),
  }
}

async function* allRows(execute: SnapshotTransaction['execute']): AsyncGenerator<TableRows> {
  for (const { table, key } of SNAPSHOT_TABLES) {
    const limit = table === 'search_entries' ? LEAVES_PER_PAGE : ROWS_PER_PAGE
    for await (const page of pages(execute, { columns: '*', from: table, key, limit })) {
      const columns = Object.keys(page[0]!)
      yield { table, columns, rows: page.map((row) => columns.map((column): CellValue => row[column] ?? null)) }
    }
  }
}

/** Purged and unreferenced blobs are left out: nothing needs them, and their bytes may be gone. */
async function* usedBlobs(execute: SnapshotTransaction['execute']): AsyncGenerator<SnapshotBlob> {
  const [columns, from] = ['blob_key, size_bytes, sha256', 'blobs']
  const where = 'purged_at IS NULL AND unreferenced_since IS NULL'
  for await (const page of pages(execute, { columns, from, key: ['blob_key'], where, limit: ROWS_PER_PAGE })) {
    for (const { blob_key, size_bytes, sha256 } of page) {
      yield { blobKey: String(blob_key), digest: { sizeBytes: Number(size_bytes), sha256: String(sha256) } }
    }
  }
}

interface Wanted {
  readonly columns: string
  readonly from: string
  readonly key: readonly string[]
  readonly where?: string
  readonly limit: number
}

async function* pages(execute: SnapshotTransaction['execute'], wanted: Wanted): AsyncGenerator<readonly Row[]> {
  const { columns, from, key, limit, where = '1 = 1' } = wanted
  const names = key.join(', ')
  const after = key.length === 1 ? `${names} > ?` : `(${names}) > (${key.map(() => '?').join(', ')})`
  let last: readonly SqlValue[] | undefined
  for (;;) {
    const text = `SELECT ${columns} FROM ${from} WHERE ${where}${last === undefined ? '' : ` AND ${after}`} ORDER BY ${names} LIMIT ?`
    const rows = await execute({ text, values: [...(last ?? []), limit] })
    if (rows.length === 0) return
    yield rows
    if (rows.length < limit) return
    last = key.map((column) => rows.at(-1)![column]!)
  }
}
