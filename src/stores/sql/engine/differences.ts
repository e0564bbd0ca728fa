/** Each place where SQLite and PostgreSQL need different words for the same thing has a name here. */

import { INDEX_SIZES, type IndexSizes } from '../../search/kd-tree/sizes.ts'

export interface Dialect {
  /**
   * The type of a primary key that the database counts up. Only SQLite's INTEGER PRIMARY KEY is the row's own address, so that a
   * lookup by it is one descent and every index holds it for nothing; PostgreSQL says BIGINT GENERATED ALWAYS AS IDENTITY.
   */
  readonly countedKey: string
  /**
   * A counted key that is never given again, not even when its row is gone: what lies in blobs under its name outlives the row. SQLite
   * counts on from the greatest row that is left unless it is told AUTOINCREMENT; PostgreSQL's identities never come back.
   */
  readonly lastingKey: string
  /** A primary key that is a number given by us: SQLite's INTEGER is again the row's own address. PostgreSQL says BIGINT PRIMARY KEY. */
  readonly numberKey: string
  /** The type of a column of bytes; PostgreSQL says BYTEA. */
  readonly bytes: string
  /**
   * Ends a CREATE TABLE whose rows shall lie in the order of their primary key. SQLite keeps such a table as one tree instead of
   * two; PostgreSQL has only heaps and says nothing.
   */
  readonly inKeyOrder: string
  /**
   * Follows a table's name and makes its rows be found by one index. Without statistics SQLite takes every index that begins with
   * the data store for equally good and may walk all of them by date to find one patient; statistics would be those of another
   * day. PostgreSQL keeps its own up to date and has no such words.
   */
  readonly byIndex: (index: string) => string
  /** The type of a text that is compared and ordered by its bytes, whatever language the database was made for. */
  readonly text: string
  /**
   * Leaves of the search index that one statement reads, at most. SQLite is asked in the same process, so one at a time reads no more
   * than is needed; of PostgreSQL each is a round trip, and some that are read for nothing cost less.
   */
  readonly leavesAtOnce: number
  /** Smaller leaves on PostgreSQL, where what a leaf costs is its bytes on their way. */
  readonly indexSizes: IndexSizes
  /**
   * Names the column of a partial index's condition again among the columns of an index that shall answer alone: SQLite looks at it
   * although it is always the same, PostgreSQL knows that it is.
   */
  readonly thenCondition: (column: string) => string
  /** Ends the columns of an index that must give rows by row id among equals: SQLite's do so by themselves. */
  readonly thenRowId: string
}

/**
 * Follow a SELECT whose rows stay as they are until the transaction ends. Comments to SQLite, which has one writer at a time anyway;
 * PostgreSQL is told in its own words: another transaction that locks the same row waits here, or passes it by.
 */
export const LOCKED = '/* locked */'
export const LOCKED_OR_PASSED_BY = '/* locked, or passed by */'

/** NO KEY: rows that merely refer to the locked one may come meanwhile. */
export const POSTGRES_LOCKS: readonly (readonly [mark: string, words: string])[] = [
  [LOCKED, 'FOR NO KEY UPDATE'],
  [LOCKED_OR_PASSED_BY, 'FOR NO KEY UPDATE SKIP LOCKED'],
]

export const SQLITE: Dialect = {
  countedKey: 'INTEGER PRIMARY KEY',
  lastingKey: 'INTEGER PRIMARY KEY AUTOINCREMENT',
  numberKey: 'INTEGER PRIMARY KEY',
  bytes: 'BLOB',
  inKeyOrder: 'WITHOUT ROWID',
  byIndex: (index) => `INDEXED BY ${index}`,
  text: 'TEXT',
  leavesAtOnce: 1,
  indexSizes: INDEX_SIZES,
  thenCondition: (column) => `, ${column}`,
  thenRowId: '',
}

export const POSTGRES: Dialect = {
  countedKey: 'BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
  lastingKey: 'BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
  numberKey: 'BIGINT PRIMARY KEY',
  bytes: 'BYTEA',
  inKeyOrder: '',
  byIndex: () => '',
  text: 'TEXT COLLATE "C"',
  leavesAtOnce: 64,
  indexSizes: { ...INDEX_SIZES, leafEntriesMax: 256 },
  thenCondition: () => '',
  thenRowId: ', row_id',
}
