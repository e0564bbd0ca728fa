/** Rebuilds the search index from the rows, batch by batch, while searches and writes continue. */
import type { Dialect } from '../../sql/engine/differences.ts'
import { all, one, type Sql, type Transactions } from '../../sql/engine/statement.ts'
import type { Text } from '../../sql/rows/search-columns.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import { highFrequencyTexts } from './build.ts'
import type { SearchUpkeep } from './update-index.ts'
import { clearRetired } from './write-leaves.ts'
import { clearRetiredWords } from './write-postings.ts'

const CLEARED_PER_BATCH = 64
const WORD_ROWS_CLEARED_PER_BATCH = 2_048

/** Reports how many rows are indexed. When the caller stops iterating, the next call resumes. */
export async function* rebuildSearchIndex(
  database: Transactions,
  from: { readonly sizes: IndexSizes; readonly dialect: Dialect; readonly upkeep: SearchUpkeep },
): AsyncIterable<{ readonly done: number; readonly of: number }> {
  const { upkeep } = from
  const { highFrequency, rows } = await database.read(() => surveyRows(from))
  await database.write(() => upkeep.beginRebuild(highFrequency))
  for (;;) {
    const batch = await database.write(() => upkeep.rebuildBatch())
    if (batch === 'done') break
    yield { done: Math.min(batch.rebuiltTo, rows), of: rows }
  }
  while ((await database.write(() => clearRetired(CLEARED_PER_BATCH))) === 'more') {
    // The replaced leaves are deleted batch by batch too.
  }
  while ((await database.write(() => clearRetiredWords(WORD_ROWS_CLEARED_PER_BATCH))) === 'more') {
    // And the replaced words.
  }
  for (const { datastore } of await database.read(() =>
    all<{ datastore: number }>('SELECT datastore FROM datastores'),
  )) {
    for (let after: string | undefined = ''; after !== undefined; ) {
      const from: string = after
      after = await database.write(() => upkeep.repairStudies(datastore, from))
    }
  }
  yield { done: rows, of: rows }
}

function* surveyRows({ sizes, dialect }: { readonly sizes: IndexSizes; readonly dialect: Dialect }): Sql<{
  readonly highFrequency: ReadonlyMap<number, readonly Text[]>
  readonly rows: number
}> {
  const highFrequency = new Map<number, readonly Text[]>()
  for (const { datastore } of yield* all<{ datastore: number }>('SELECT datastore FROM datastores')) {
    highFrequency.set(datastore, yield* highFrequencyTexts(datastore, { sizes, dialect }))
  }
  const last = yield* one<{ row_id: number | null }>('SELECT max(row_id) AS row_id FROM image_sets')
  return { highFrequency, rows: last!.row_id ?? 0 }
}
