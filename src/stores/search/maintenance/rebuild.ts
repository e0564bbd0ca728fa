/** Rebuilds the search index from the rows, batch by batch, while searches and writes continue. */
import type { Dialect } from '../../sql/engine/differences.ts'
import { all, one, type Sql, type Transactions } from '../../sql/engine/statement.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import { highFrequencyTexts } from './build.ts'
import type { SearchUpkeep } from './update-index.ts'
import { clearRetired } from './write-leaves.ts'
import { clearRetiredWords } from './write-postings.ts'

const CLEARED_PER_BATCH = 64
const WORD_ROWS_CLEARED_PER_BATCH = 2_048

/** Data store by data store. Reports how many rows are indexed, of all rows for each data store. When the caller stops iterating, the next call resumes. */
export async function* rebuildSearchIndex(
  database: Transactions,
  from: { readonly sizes: IndexSizes; readonly dialect: Dialect; readonly upkeep: SearchUpkeep },
): AsyncIterable<{ readonly done: number; readonly of: number }> {
  const { upkeep } = from
  const datastores = await database.read(() =>
    all<{ datastore: number }>('SELECT datastore FROM datastores ORDER BY datastore'),
  )
  const rows = await database.read(lastRow)
  const of = rows * Math.max(datastores.length, 1)
  for (const [index, { datastore }] of datastores.entries()) {
    const highFrequency = await database.read(() => highFrequencyTexts(datastore, from))
    await database.write(() => upkeep.beginRebuild(datastore, highFrequency))
    for (;;) {
      const batch = await database.write(() => upkeep.rebuildBatch(datastore))
      if (batch === 'done') break
      yield { done: index * rows + Math.min(batch.rebuiltTo, rows), of }
    }
    while ((await database.write(() => clearRetired(datastore, CLEARED_PER_BATCH))) === 'more') {
      // The replaced leaves are deleted batch by batch too.
    }
    while ((await database.write(() => clearRetiredWords(datastore, WORD_ROWS_CLEARED_PER_BATCH))) === 'more') {
      // And the replaced words.
    }
    for (let after: string | undefined = ''; after !== undefined; ) {
      const from: string = after
      after = await database.write(() => upkeep.repairStudies(datastore, from))
    }
  }
  yield { done: of, of }
}

function* lastRow(): Sql<number> {
  return (yield* one<{ row_id: number | null }>('SELECT max(row_id) AS row_id FROM image_sets'))!.row_id ?? 0
}
