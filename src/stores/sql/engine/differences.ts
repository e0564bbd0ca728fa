/** The differences between the SQL of SQLite and PostgreSQL, each with a name. */

import { INDEX_SIZES, type IndexSizes } from '../../search/kd-tree/sizes.ts'

export interface Dialect {
  /**
   * A primary key that the database counts. SQLite's INTEGER PRIMARY KEY is the rowid: a lookup is one descent, and every index contains
   * it at no cost. PostgreSQL: BIGINT GENERATED ALWAYS AS IDENTITY.
   */
  readonly countedKey: string
  /**
   * A counted key that is never used again after its row is deleted: names of blobs contain it. SQLite needs AUTOINCREMENT, or it counts
   * from the greatest row that is left. PostgreSQL never repeats an identity.
   */
  readonly lastingKey: string
  /** A primary key that is a number chosen by the catalog; on SQLite the rowid. */
  readonly numberKey: string
  /**
   * Follows a column of a table that imports write, and names the table that it refers to. PostgreSQL looks each reference up and locks its row:
   * a quarter of its processor time for a new image set. Rows that are referred to so are never deleted, or with those that refer to them; SQLite
   * checks it in every test, and `hilum verify` in every catalog.
   */
  readonly references: (table: string) => string
  /** The type of a column of bytes. */
  readonly bytes: string
  /**
   * Ends a CREATE TABLE whose rows are stored in the order of their primary key: on SQLite one B-tree instead of two. PostgreSQL has only
   * heaps.
   */
  readonly inKeyOrder: string
  /**
   * Follows the name of a table and names the index to use. Without statistics SQLite rates all indexes that begin with the data store
   * equally, and may scan all image sets by date to find one patient. Statistics would become outdated. PostgreSQL updates its own.
   */
  readonly byIndex: (index: string) => string
  /** The type of a text that is compared by bytes, whatever the locale of the database. */
  readonly text: string
  /**
   * The most leaves of the search index that one statement reads. SQLite runs in the process: one at a time, so that none is read in vain.
   * On PostgreSQL a statement is a round trip, which costs more than some leaves in vain.
   */
  readonly leavesAtOnce: number
  /** Leaves are smaller on PostgreSQL, where the transfer of their bytes is the cost. */
  readonly indexSizes: IndexSizes
  /**
   * Adds the column of a partial index's condition to the columns of a covering index: SQLite reads it although its value is fixed.
   */
  readonly thenCondition: (column: string) => string
  /** A condition on a column with a value as `pattern` makes it, which compares case. */
  readonly matchesPattern: (column: string) => string
  /** The value of a pattern with the wildcards `*`, any characters, and `?`, one. */
  readonly pattern: (pattern: string) => string
  /** Ends the columns of an index whose equal entries are in the order of row ids; SQLite's are. */
  readonly thenRowId: string
}

/**
 * Follow a SELECT whose rows are locked until the transaction ends. SQLite ignores the comment: it has one writer at a time. On PostgreSQL
 * another transaction that locks the same row waits, or skips it.
 */
export const LOCKED = '/* locked */'
export const LOCKED_OR_SKIPPED = '/* locked, or skipped */'

/** NO KEY: rows that refer to the locked one can be inserted meanwhile. */
export const POSTGRES_LOCKS: readonly (readonly [mark: string, words: string])[] = [
  [LOCKED, 'FOR NO KEY UPDATE'],
  [LOCKED_OR_SKIPPED, 'FOR NO KEY UPDATE SKIP LOCKED'],
]

export const SQLITE: Dialect = {
  countedKey: 'INTEGER PRIMARY KEY',
  lastingKey: 'INTEGER PRIMARY KEY AUTOINCREMENT',
  numberKey: 'INTEGER PRIMARY KEY',
  references: (table) => `REFERENCES ${table}`,
  bytes: 'BLOB',
  inKeyOrder: 'WITHOUT ROWID',
  byIndex: (index) => `INDEXED BY ${index}`,
  text: 'TEXT',
  leavesAtOnce: 1,
  indexSizes: INDEX_SIZES,
  thenCondition: (column) => `, ${column}`,
  thenRowId: '',
  matchesPattern: (column) => `${column} GLOB ?`,
  // A bracket begins a set of characters.
  pattern: (pattern) => pattern.replaceAll('[', '[[]'),
}

export const POSTGRES: Dialect = {
  countedKey: 'BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
  lastingKey: 'BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
  numberKey: 'BIGINT PRIMARY KEY',
  references: () => '',
  bytes: 'BYTEA',
  inKeyOrder: '',
  byIndex: () => '',
  text: 'TEXT COLLATE "C"',
  leavesAtOnce: 64,
  indexSizes: { ...INDEX_SIZES, leafEntriesMax: 256 },
  thenCondition: () => '',
  thenRowId: ', row_id',
  matchesPattern: (column) => `${column} LIKE ?`,
  pattern: (pattern) =>
    pattern
      .replace(/[\\%_]/g, (character) => `\\${character}`)
      .replaceAll('*', '%')
      .replaceAll('?', '_'),
}
