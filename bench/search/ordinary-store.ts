/**
 * The same image sets in a plain SQLite table with the indexes anyone would make, asked as anyone would ask: WHERE, ORDER BY, LIMIT,
 * and the database's own planner with fresh statistics. What Hilum's searches are measured beside, and checked against.
 */
import Database from 'better-sqlite3'
import type { Filter, Position, Search } from '../../src/imaging/search.ts'
import { COLUMN_OF } from '../../src/stores/sql/search-columns.ts'
import { type BenchQuery, PAGE_ROWS } from './batteries.ts'
import type { BenchImageSet } from './data-set.ts'

const TABLE = `CREATE TABLE image_sets (
  seq INTEGER PRIMARY KEY, datastore INTEGER NOT NULL, is_primary INTEGER NOT NULL, created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL, study_instant INTEGER, patient_id TEXT, accession_number TEXT, study_id TEXT,
  study_instance_uid TEXT, series_instance_uid TEXT, tags TEXT NOT NULL)`

const DATES = ['created_at', 'updated_at', 'study_instant']
const TEXTS = ['patient_id', 'accession_number', 'study_id', 'study_instance_uid', 'series_instance_uid']
const INDEXES = [
  ...DATES.map((column) => `CREATE INDEX by_${column} ON image_sets (datastore, ${column})`),
  ...TEXTS.map((column) => `CREATE INDEX by_${column} ON image_sets (datastore, ${column}, updated_at)`),
]

export class OrdinaryStore {
  readonly #database: Database.Database

  private constructor(database: Database.Database) {
    this.#database = database
  }

  static open(path: string): OrdinaryStore {
    const database = new Database(path)
    // As the catalog sets its own reader.
    for (const pragma of ['journal_mode = WAL', 'temp_store = MEMORY', 'cache_size = -65536', 'mmap_size = 1073741824'])
      database.pragma(pragma)
    return new OrdinaryStore(database)
  }

  static create(path: string): OrdinaryStore {
    const store = OrdinaryStore.open(path)
    store.#database.exec(TABLE)
    return store
  }

  insert(imageSets: readonly BenchImageSet[]): void {
    const statement = this.#database.prepare(`INSERT INTO image_sets VALUES (${Array(12).fill('?').join(', ')})`)
    this.#database.transaction(() => {
      for (const { seq, isPrimary, createdAt, updatedAt, studyInstant, grouping, tags } of imageSets) {
        const { PatientID, AccessionNumber, StudyID, StudyInstanceUID, SeriesInstanceUID } = grouping
        const texts = [PatientID, AccessionNumber, StudyID, StudyInstanceUID, SeriesInstanceUID]
        statement.run(seq, 1, isPrimary ? 1 : 0, createdAt, updatedAt, studyInstant, ...texts, tags)
      }
    })()
  }

  index(): void {
    for (const text of INDEXES) this.#database.exec(text)
    this.#database.exec('ANALYZE')
    this.#database.pragma('wal_checkpoint(TRUNCATE)')
  }

  /** The seq of each row of the page, whose tags are read too. */
  search({ search, after }: BenchQuery): readonly number[] {
    const { sortField, sortOrder } = search.sort
    const key = COLUMN_OF[sortField]
    const conditions = ['datastore = 1', ...search.filters.map(conditionOf)]
    const values = search.filters.flatMap(valuesOf)
    if (after !== undefined) {
      conditions.push(`(${key} ${sortOrder === 'ASC' ? '>' : '<'} ? OR (${key} = ? AND seq > ?))`)
      values.push(after.key!, after.key!, after.seq)
    }
    const text = `SELECT seq, is_primary, created_at, updated_at, tags FROM image_sets
      WHERE ${conditions.join(' AND ')} ORDER BY ${key} ${sortOrder}, seq LIMIT ${PAGE_ROWS}`
    const rows = this.#database.prepare(text).all(...values) as { seq: number }[]
    return rows.map(({ seq }) => seq)
  }

  /** After which place the thousandth page of 50 begins, or the last. The last is also the thousandth of a short result. */
  placeOf(search: Search, page: 'thousandth' | 'last'): Position | undefined {
    const { sortField, sortOrder } = search.sort
    const key = COLUMN_OF[sortField]
    const isBackwards = (page === 'last') !== (sortOrder === 'DESC')
    const order = isBackwards ? 'DESC' : 'ASC'
    const where = ['datastore = 1', ...search.filters.map(conditionOf)].join(' AND ')
    const text = `SELECT ${key} AS key, seq FROM image_sets WHERE ${where} ORDER BY ${key} ${order}, seq ${order} LIMIT 1 OFFSET ?`
    const offset = page === 'last' ? 50 : 50 * 999 - 1
    const place = this.#database.prepare(text).get(...search.filters.flatMap(valuesOf), offset) as Position | undefined
    return place ?? (page === 'thousandth' ? this.placeOf(search, 'last') : undefined)
  }

  close(): void {
    this.#database.close()
  }
}

const conditionOf = (filter: Filter): string => {
  const column = COLUMN_OF[filter.attribute]
  return 'equals' in filter ? `${column} = ?` : `${column} BETWEEN ? AND ?`
}

const valuesOf = (filter: Filter): (string | number)[] => {
  if (!('equals' in filter)) return [filter.from, filter.to]
  return [typeof filter.equals === 'boolean' ? Number(filter.equals) : filter.equals]
}
