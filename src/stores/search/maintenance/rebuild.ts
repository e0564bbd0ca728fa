/** The search index built anew out of the rows, bite by bite, while searches and writers go on. */

import type { Dialect } from '../../sql/engine/differences.ts'
import { all, one, type Sql, type Transactions } from '../../sql/engine/statement.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import { clearRetired } from '../leaves.ts'
import type { Text } from '../partitions.ts'
import { highFrequencyValues } from './build.ts'
import type { SearchUpkeep } from './update-index.ts'

const CLEARED_PER_BATCH = 64

/** Tells how many of the rows have been taken in. Whoever stops listening leaves it to go on the next time. */
export async function* rebuildSearchIndex(
  database: Transactions,
  from: { readonly sizes: IndexSizes; readonly dialect: Dialect; readonly upkeep: SearchUpkeep },
): AsyncIterable<{ readonly done: number; readonly of: number }> {
  const { upkeep } = from
  const { highFrequency, rows } = await database.read(() => whatThereIs(from))
  await database.write(() => upkeep.beginRebuild(highFrequency))
  for (;;) {
    const batch = await database.write(() => upkeep.rebuildBatch())
    if (batch === 'done') break
    yield { done: Math.min(batch.rebuiltTo, rows), of: rows }
  }
  while ((await database.write(() => clearRetired(CLEARED_PER_BATCH))) === 'more') {
    // What the new index has replaced goes bite by bite too.
  }
  yield { done: rows, of: rows }
}

function* whatThereIs({ sizes, dialect }: { readonly sizes: IndexSizes; readonly dialect: Dialect }): Sql<{
  readonly highFrequency: ReadonlyMap<number, ReadonlyMap<Text, number>>
  readonly rows: number
}> {
  const highFrequency = new Map<number, ReadonlyMap<Text, number>>()
  for (const { datastore } of yield* all<{ datastore: number }>('SELECT datastore FROM datastores')) {
    highFrequency.set(datastore, yield* highFrequencyValues(datastore, { sizes, dialect }))
  }
  const last = yield* one<{ seq: number | null }>('SELECT max(seq) AS seq FROM image_sets')
  return { highFrequency, rows: last!.seq ?? 0 }
}
