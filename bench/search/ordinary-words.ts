/**
 * The words of the same image sets in SQLite's own FTS5: a column for each attribute, and prefixes of one to three characters. A search is an
 * ordinary statement that joins it with the ordinary table. FTS5 folds words in its own way, so results are counted, not compared.
 */
import type Database from 'better-sqlite3-multiple-ciphers'
import { WORD_ATTRIBUTES } from '../../src/contract/word-attributes.ts'
import { describedOf } from '../../src/imaging/search/described.ts'
import type { Search } from '../../src/imaging/search/search.ts'
import type { Term } from '../../src/imaging/search/terms.ts'
import type { Statement } from '../../src/stores/sql/engine/statement.ts'
import { batchesOf, type StoreRequest } from './built-store.ts'
import { type OrdinaryStore, ordinaryCount, ordinarySearch } from './ordinary-store.ts'

export interface WordTableFacts {
  readonly fts5_build_s: number
  readonly fts5_bytes_per_image_set: number
}

const KEYWORDS = WORD_ATTRIBUTES.map(({ keyword }) => keyword)

/** Without a copy of the texts: only what a search reads. */
const TABLE = `CREATE VIRTUAL TABLE words USING fts5(${KEYWORDS.join(', ')}, content = '', detail = full,
  prefix = '1 2 3', tokenize = 'unicode61 remove_diacritics 2')`

/** Into the file of the ordinary table. The texts are written in order of row ids, and merged once at the end. */
export function fillOrdinaryWords(
  database: Database.Database,
  { dataSet, progress }: Pick<StoreRequest, 'dataSet' | 'progress'>,
): WordTableFacts {
  let buildMs = 0
  const timed = (work: () => void) => {
    const startedAt = performance.now()
    work()
    buildMs += performance.now() - startedAt
  }
  database.exec(TABLE)
  const insert = database.prepare(
    `INSERT INTO words (rowid, ${KEYWORDS.join(', ')}) VALUES (?, ${KEYWORDS.map(() => '?').join(', ')})`,
  )
  for (const batch of batchesOf(dataSet)) {
    const rows = batch.map(({ rowId, tags, unlistedTexts }) => {
      const described = describedOf(tags, unlistedTexts)
      return [rowId, ...KEYWORDS.map((keyword) => described[keyword] ?? null)]
    })
    timed(() =>
      database.transaction(() => {
        for (const row of rows) insert.run(...row)
      })(),
    )
    progress('loading words into FTS5', batch.at(-1)!.rowId / dataSet.size)
  }
  progress('merging words of FTS5', 0)
  timed(() => database.exec(`INSERT INTO words (words) VALUES ('optimize')`))
  const { bytes } = database.prepare(`SELECT sum(pgsize) AS bytes FROM dbstat WHERE name GLOB 'words_*'`).get() as {
    bytes: number
  }
  progress('merging words of FTS5', 1)
  return {
    fts5_build_s: Math.round(buildMs / 100) / 10,
    fts5_bytes_per_image_set: Math.round((bytes / dataSet.size) * 10) / 10,
  }
}

/**
 * The planner may compare the words of each row in a range, which can take hours. SQLite has no statement timeout, so one in 64
 * rows that are read beside the words calls a function that ends the statement. They make it some five per cent slower.
 * @param capMs of each statement
 */
export function ordinaryWords(database: Database.Database, capMs: number): NonNullable<OrdinaryStore['words']> {
  let until = 0
  database.function('is_in_time', { varargs: false }, (_: unknown) => {
    if (performance.now() > until) throw new StatementStopped()
    return 1
  })
  const ask = <Row>({ text, values }: Statement): readonly Row[] | undefined => {
    until = performance.now() + capMs
    try {
      return database.prepare(text).all(...values) as readonly Row[]
    } catch (error) {
      if (error instanceof StatementStopped) return undefined
      throw error
    }
  }
  return {
    search: (query) =>
      ask<{ row_id: number }>(ordinarySearch(query, joined(query.search)))?.map(({ row_id }) => row_id),
    count: (search) => ask<{ count: number }>(ordinaryCount(search, joined(search)))?.[0]?.count,
  }
}

class StatementStopped extends Error {}

const joined = ({ terms = [] }: Search) => ({
  from: 'words JOIN image_sets ON image_sets.row_id = words.rowid',
  conditions: ['words MATCH ?', '(row_id % 64 <> 0 OR is_in_time(row_id))'],
  values: [matchOf(terms)],
})

/** Letters, digits and spaces only, in quotes: no operator of FTS5. */
const matchOf = (terms: readonly Term[]): string =>
  terms
    .map(({ attribute, comparison, spellings }) => {
      const words = spellings.map((spelling) => `"${spelling}"${comparison === 'prefix' ? ' *' : ''}`)
      return `${attribute} : (${words.join(' OR ')})`
    })
    .join(' AND ')
