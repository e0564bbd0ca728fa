/** Opens the catalog on SQLite: a file that server, import workers and command line share, or memory. */
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { asUnavailable as folderUnavailable } from '../blobs/disk/disk-failure.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { IndexSizes } from '../search/kd-tree/sizes.ts'
import { SearchUpkeep } from '../search/maintenance/update-index.ts'
import { SQLITE } from './engine/differences.ts'
import { WRITER_CHECKPOINT_PAGES } from './engine/sqlite/sqlite-checkpoints.ts'
import { asUnavailable, isBusy, SqliteConnection } from './engine/sqlite/sqlite-connection.ts'
import { beginImmediate, WriteQueue } from './engine/sqlite/write-queue.ts'
import { readOnly, type TransactionFunction, type Transactions, type WriteOptions } from './engine/statement.ts'
import { sqliteIntegrity } from './integrity.ts'
import { migrate, requireOurSchema } from './schema/migrate.ts'
import { catalogOver } from './sql-catalog.ts'

const MEMORY = ':memory:'
/** How long a read blocks: only while another process recovers the log after a crash. */
const READ_TIMEOUT_MS = 10_000
const OPEN_TIMEOUT_MS = 10_000
const OPEN_RETRY_MS = 20
const CACHE_BYTES = 64 * 1024 ** 2

/**
 * @param options.newId 32 lower-case hex digits, never the same twice.
 * @param options.readOnly writes nothing; the catalog must exist and have the schema of this program.
 */
export async function openSqliteCatalog(options: {
  readonly path: string
  readonly newId: () => string
  readonly sizes?: IndexSizes
  readonly readOnly?: boolean
  /** The page cache of each of its two connections. */
  readonly cacheBytes?: number
}): Promise<Catalog> {
  const { sizes = SQLITE.indexSizes, cacheBytes = CACHE_BYTES } = options
  const upkeep = new SearchUpkeep({ sizes, dialect: SQLITE, name: options.newId() })
  const over = { dialect: SQLITE, newId: options.newId, sizes, upkeep, integrity: sqliteIntegrity }
  try {
    if (options.readOnly === true) {
      const transactions = readOnly(await openReadOnly(options.path, cacheBytes))
      return catalogOver(transactions, over)
    }
    if (options.path !== MEMORY) await mkdir(dirname(options.path), { recursive: true })
    const writer = await openWriter(options.path, { upkeep, cacheBytes })
    // A second connection, so that a long write never delays a search. A database in memory has only one.
    const reader = options.path === MEMORY ? writer : openReader(options.path, cacheBytes)
    const transactions = new SqliteTransactions(writer, reader)
    return catalogOver(transactions, over)
  } catch (error) {
    throw folderUnavailable(asUnavailable(error), 'the catalog')
  }
}

async function openWriter(
  path: string,
  { upkeep, cacheBytes }: { readonly upkeep: SearchUpkeep; readonly cacheBytes: number },
): Promise<SqliteConnection> {
  for (let waitedMs = 0; ; waitedMs += OPEN_RETRY_MS) {
    // No blocking wait: the write queue waits for locks without blocking the event loop.
    const writer = new SqliteConnection(path, { readonly: false, timeoutMs: 0 })
    try {
      // SQLite refuses at once if two processes switch a new file to WAL at the same time.
      writer.pragma('journal_mode = WAL')
      // A commit is on disk before the write returns: with NORMAL a power failure would lose the last commits.
      writer.pragma('synchronous = FULL')
      writer.pragma('foreign_keys = ON')
      // Only in pages that are written anyway. Transactions that delete patient data overwrite all (WriteOptions).
      writer.pragma('secure_delete = FAST')
      writer.pragma('temp_store = MEMORY')
      writer.pragma(cacheSizeOf(cacheBytes))
      writer.pragma('mmap_size = 1073741824')
      writer.pragma(`wal_autocheckpoint = ${WRITER_CHECKPOINT_PAGES}`)
      writer.pragma('journal_size_limit = 67108864')
      await beginImmediate(writer)
      writer.drive(migrate({ dialect: SQLITE, upkeep }))
      writer.command('COMMIT')
      return writer
    } catch (error) {
      writer.close()
      if (!isBusy(error) || waitedMs >= OPEN_TIMEOUT_MS) throw error
    }
    await setTimeout(OPEN_RETRY_MS)
  }
}

/** A negative cache_size is in KiB. */
const cacheSizeOf = (bytes: number) => `cache_size = -${Math.floor(bytes / 1024)}`

function openReader(path: string, cacheBytes: number): SqliteConnection {
  const reader = new SqliteConnection(path, { readonly: true, timeoutMs: READ_TIMEOUT_MS })
  reader.pragma('temp_store = MEMORY')
  reader.pragma(cacheSizeOf(cacheBytes))
  reader.pragma('mmap_size = 1073741824')
  return reader
}

async function openReadOnly(path: string, cacheBytes: number): Promise<SqliteTransactions> {
  const reader = openReader(path, cacheBytes)
  const transactions = new SqliteTransactions(reader, reader)
  try {
    await transactions.read(requireOurSchema)
    return transactions
  } catch (error) {
    await transactions.close()
    throw error
  }
}

class SqliteTransactions implements Transactions {
  readonly #writer: SqliteConnection
  readonly #reader: SqliteConnection
  readonly #queue: WriteQueue

  constructor(writer: SqliteConnection, reader: SqliteConnection) {
    this.#writer = writer
    this.#reader = reader
    this.#queue = new WriteQueue(writer)
  }

  async read<T>(transaction: TransactionFunction<T>): Promise<T> {
    try {
      this.#reader.command('BEGIN')
      try {
        return this.#reader.drive(transaction())
      } finally {
        if (this.#reader.inTransaction) this.#reader.command('ROLLBACK')
      }
    } catch (error) {
      throw asUnavailable(error)
    }
  }

  write<T>(transaction: TransactionFunction<T>, options?: WriteOptions): Promise<T> {
    return this.#queue.write(transaction, options)
  }

  async close(): Promise<void> {
    await this.#queue.idle()
    if (this.#reader !== this.#writer) this.#reader.close()
    this.#writer.close()
  }
}
