/** Opens the catalog on SQLite: a file that server, import workers and command line share, or memory. */
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { asUnavailable as folderUnavailable } from '../blobs/disk/disk-failure.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { PausedWrites } from '../catalog/catalog-database.ts'
import { type CatalogContent, CatalogNotEmpty } from '../catalog/catalog-snapshot.ts'
import type { IndexSizes } from '../search/kd-tree/sizes.ts'
import { SearchUpkeep } from '../search/maintenance/update-index.ts'
import { SharedMemory } from '../search/shared-memory.ts'
import { SQLITE } from './engine/differences.ts'
import { WRITER_CHECKPOINT_PAGES } from './engine/sqlite/sqlite-checkpoints.ts'
import { asUnavailable, isBusy, SqliteConnection } from './engine/sqlite/sqlite-connection.ts'
import { SqliteMemory } from './engine/sqlite/sqlite-memory.ts'
import { beginImmediate, WriteQueue } from './engine/sqlite/write-queue.ts'
import { readOnly, type TransactionFunction, type Transactions, type WriteOptions } from './engine/statement.ts'
import { sqliteIntegrity } from './integrity.ts'
import { sqlitePlace } from './partition/catalog-use.ts'
import { migrate, requireOurSchema } from './schema/migrate.ts'
import { fillCatalog } from './snapshot/fill-catalog.ts'
import type { SnapshotTransaction } from './snapshot/snapshot.ts'
import { catalogOver } from './sql-catalog.ts'

const MEMORY = ':memory:'
/** How long a read blocks: only while another process recovers the log after a crash. */
const READ_TIMEOUT_MS = 10_000
const OPEN_TIMEOUT_MS = 10_000
const OPEN_RETRY_MS = 20
const CACHE_BYTES = 64 * 1024 ** 2
const MAPPED_BYTES = 1024 ** 3

/**
 * @param options.newId 32 lower-case hex digits, never the same twice.
 * @param options.partition of the catalog; 0 if it has one (src/stores/partitioned/)
 * @param options.readOnly writes nothing; the catalog must exist and have the schema of this program.
 */
export async function openSqliteCatalog(options: {
  readonly path: string
  readonly newId: () => string
  readonly partition?: number
  readonly sizes?: IndexSizes
  /** Shared with other catalogs of the process. */
  readonly searchMemory?: SharedMemory
  readonly readOnly?: boolean
  /** Shared with other files of the process. */
  readonly sqliteMemory?: SqliteMemory
  /** Of an encrypted file, and with which a new one is encrypted: 32 bytes. */
  readonly key?: Uint8Array | undefined
}): Promise<Catalog> {
  const { path, key, searchMemory = new SharedMemory(), sqliteMemory = new SqliteMemory(CACHE_BYTES) } = options
  const sizes = searchMemory.sizesOf(options.sizes ?? SQLITE.indexSizes)
  const file: CatalogFile = { path, key, sqliteMemory }
  const upkeep = new SearchUpkeep({ sizes, dialect: SQLITE, name: options.newId() })
  const over = {
    ...{
      dialect: SQLITE,
      newId: options.newId,
      partition: options.partition ?? 0,
      sizes,
      upkeep,
      integrity: sqliteIntegrity,
      clock: Date.now,
    },
    beginSnapshot: () => beginSqliteSnapshot(file),
    pauseWrites: () => pauseSqliteWrites(file),
    placeOf: sqlitePlace,
  }
  try {
    if (options.readOnly === true) {
      const transactions = readOnly(await openReadOnly(file))
      return catalogOver(transactions, over)
    }
    if (path !== MEMORY) await mkdir(dirname(path), { recursive: true })
    const writer = await openWriter(file, upkeep)
    // A second connection, so that a long write never delays a search. A database in memory has only one.
    const reader = path === MEMORY ? writer : openReader(file)
    return catalogOver(new SqliteTransactions(writer, reader, sqliteMemory), over)
  } catch (error) {
    throw folderUnavailable(asUnavailable(error), 'the catalog')
  }
}

interface CatalogFile {
  readonly path: string
  readonly key: Uint8Array | undefined
  readonly sqliteMemory: SqliteMemory
}

async function openWriter(file: CatalogFile, upkeep: SearchUpkeep): Promise<SqliteConnection> {
  for (let waitedMs = 0; ; waitedMs += OPEN_RETRY_MS) {
    // No blocking wait: the write queue waits for locks without blocking the event loop.
    const writer = new SqliteConnection(file.path, { readonly: false, timeoutMs: 0, key: file.key })
    try {
      // SQLite refuses at once if two processes switch a new file to WAL at the same time.
      writer.pragma('journal_mode = WAL')
      // A commit is on disk before the write returns: with NORMAL a power failure would lose the last commits.
      writer.pragma('synchronous = FULL')
      writer.pragma('foreign_keys = ON')
      // Only in pages that are written anyway. Transactions that delete patient data overwrite all (WriteOptions).
      writer.pragma('secure_delete = FAST')
      setMemory(writer, file)
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

/** Temporary tables and journals stay in memory: files of them would not be encrypted. */
function setMemory(connection: SqliteConnection, { key, sqliteMemory }: CatalogFile): void {
  connection.pragma('temp_store = MEMORY')
  connection.limitMemory(sqliteMemory.limits)
  // Encrypted pages have to be decrypted into the cache.
  connection.pragma(`mmap_size = ${key === undefined ? MAPPED_BYTES : 0}`)
}

function openReader(file: CatalogFile): SqliteConnection {
  const reader = new SqliteConnection(file.path, { readonly: true, timeoutMs: READ_TIMEOUT_MS, key: file.key })
  setMemory(reader, file)
  return reader
}

async function openReadOnly(file: CatalogFile): Promise<SqliteTransactions> {
  const reader = openReader(file)
  const transactions = new SqliteTransactions(reader, reader, file.sqliteMemory)
  try {
    await transactions.read(requireOurSchema)
    return transactions
  } catch (error) {
    await transactions.close()
    throw error
  }
}

/** A reader of its own: others wait for nothing, and the log keeps what this one sees. A database in memory cannot be opened twice. */
async function beginSqliteSnapshot(file: CatalogFile): Promise<SnapshotTransaction> {
  assert(file.path !== MEMORY, 'a catalog in memory has no snapshots')
  try {
    const reader = openReader(file)
    reader.command('BEGIN')
    return {
      engine: 'SQLite',
      async execute(statement) {
        try {
          return reader.execute(statement)
        } catch (error) {
          throw folderUnavailable(asUnavailable(error), 'the catalog')
        }
      },
      async counters() {
        const rows = reader.execute({ text: 'SELECT name, seq FROM sqlite_sequence ORDER BY name', values: [] })
        return Object.fromEntries(rows.map(({ name, seq }) => [String(name), Number(seq)]))
      },
      close: async () => reader.close(),
    }
  } catch (error) {
    throw folderUnavailable(asUnavailable(error), 'the catalog')
  }
}

/** Holds the write lock of the file, on a connection of its own. */
async function pauseSqliteWrites(file: CatalogFile): Promise<PausedWrites> {
  assert(file.path !== MEMORY, 'a catalog in memory has no other connection')
  const writer = new SqliteConnection(file.path, { readonly: false, timeoutMs: 0, key: file.key })
  try {
    await beginImmediate(writer)
  } catch (error) {
    writer.close()
    throw folderUnavailable(asUnavailable(error), 'the catalog')
  }
  return {
    async release() {
      // An open transaction is rolled back.
      writer.close()
    },
  }
}

/**
 * Creates a catalog at a path where there is none. An interrupted call leaves a file that is no catalog.
 * @throws CatalogNotEmpty, StoreUnavailable, OtherSchema
 */
export async function createSqliteCatalog(
  { path, key }: Pick<CatalogFile, 'path'> & { readonly key?: CatalogFile['key'] },
  content: CatalogContent,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const database = new SqliteConnection(path, { readonly: false, timeoutMs: OPEN_TIMEOUT_MS, key })
  try {
    if (database.execute({ text: 'SELECT 1 FROM sqlite_schema', values: [] }).length > 0) throw new CatalogNotEmpty()
    // One transaction: the journal only has to undo it. What refers to what was checked when the rows were written.
    database.pragma('foreign_keys = OFF')
    database.pragma('synchronous = FULL')
    await beginImmediate(database)
    await fillCatalog(content, async (sql) => database.drive(sql), { dialect: SQLITE, overriding: '' })
    for (const [name, seq] of Object.entries(content.counters)) {
      database.execute({ text: 'DELETE FROM sqlite_sequence WHERE name = ?', values: [name] })
      database.execute({ text: 'INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)', values: [name, seq] })
    }
    database.command('COMMIT')
  } catch (error) {
    throw folderUnavailable(asUnavailable(error), 'the catalog')
  } finally {
    database.close()
  }
}

class SqliteTransactions implements Transactions {
  readonly #writer: SqliteConnection
  readonly #reader: SqliteConnection
  readonly #queue: WriteQueue

  readonly #memory: SqliteMemory

  constructor(writer: SqliteConnection, reader: SqliteConnection, memory: SqliteMemory) {
    this.#writer = writer
    this.#reader = reader
    this.#memory = memory
    for (const connection of [writer, reader]) memory.add(connection)
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

  readOne<T>(statement: TransactionFunction<T>): T {
    try {
      return this.#reader.drive(statement())
    } catch (error) {
      throw asUnavailable(error)
    }
  }

  write<T>(transaction: TransactionFunction<T>, options?: WriteOptions): Promise<T> {
    return this.#queue.write(transaction, options)
  }

  async close(): Promise<void> {
    await this.#queue.idle()
    for (const connection of [this.#writer, this.#reader]) this.#memory.remove(connection)
    if (this.#reader !== this.#writer) this.#reader.close()
    this.#writer.close()
  }
}
