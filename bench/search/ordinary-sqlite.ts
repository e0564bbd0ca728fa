/** The ordinary table in a SQLite file. SQLite has no statement timeout: without words, the time limit is checked between searches. */
import Database from 'better-sqlite3-multiple-ciphers'
import { batchesOf, type StoreRequest } from './built-store.ts'
import {
  ORDINARY_INDEXES,
  type OrdinaryStore,
  ordinaryCount,
  ordinaryRow,
  ordinarySearch,
  ordinaryTable,
} from './ordinary-store.ts'
import { fillOrdinaryWords, ordinaryWords, type WordTableFacts } from './ordinary-words.ts'

export function openOrdinarySqlite(path: string, { capMs }: { readonly capMs: number }): OrdinaryStore {
  const database = open(path)
  return {
    async search(query) {
      const { text, values } = ordinarySearch(query)
      const rows = database.prepare(text).all(...values) as { row_id: number }[]
      return rows.map(({ row_id }) => row_id)
    },
    async count(search) {
      const { text, values } = ordinaryCount(search)
      return (database.prepare(text).get(...values) as { count: number }).count
    },
    words: ordinaryWords(database, capMs),
    async close() {
      database.close()
    },
  }
}

export function fillOrdinarySqlite(
  path: string,
  { dataSet, progress }: Pick<StoreRequest, 'dataSet' | 'progress'>,
): WordTableFacts {
  const database = open(path)
  database.exec(ordinaryTable({ number: 'INTEGER', text: 'TEXT' }))
  const insert = database.prepare(`INSERT INTO image_sets VALUES (${Array(12).fill('?').join(', ')})`)
  for (const batch of batchesOf(dataSet)) {
    database.transaction(() => {
      for (const imageSet of batch) insert.run(...ordinaryRow(imageSet))
    })()
    progress('loading the ordinary table', batch.at(-1)!.rowId / dataSet.size)
  }
  const steps = [...ORDINARY_INDEXES, 'ANALYZE']
  for (const [index, text] of steps.entries()) {
    progress('indexing the ordinary table', index / steps.length)
    database.exec(text)
  }
  progress('indexing the ordinary table', 1)
  const facts = fillOrdinaryWords(database, { dataSet, progress })
  database.pragma('wal_checkpoint(TRUNCATE)')
  database.close()
  return facts
}

function open(path: string): Database.Database {
  const database = new Database(path)
  // The settings of the catalog's reader.
  for (const pragma of ['journal_mode = WAL', 'temp_store = MEMORY', 'cache_size = -65536', 'mmap_size = 1073741824'])
    database.pragma(pragma)
  return database
}
