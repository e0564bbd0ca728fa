/** The search index built anew out of the rows, bite by bite, while searches and writers go on. */

import type { Dialect } from '../../sql/engine/differences.ts'
import { all, one, type Sql, type Transactions } from '../../sql/engine/statement.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import { clearRetired } from '../leaves.ts'
import type { Text } from '../partitions.ts'
import { heavyTexts } from './build.ts'
import type { SearchUpkeep } from './update-index.ts'

const CLEARED_PER_BITE = 64

/** Tells how many of the rows have been taken in. Whoever stops listening leaves it to go on the next time. */
export async function* rebuildSearchIndex(
  database: Transactions,
  from: { readonly sizes: IndexSizes; readonly dialect: Dialect; readonly upkeep: SearchUpkeep },
): AsyncIterable<{ readonly done: number; readonly of: number }> {
  const { upkeep } = from
  const { heavy, rows } = await database.read(() => whatThereIs(from))
  await database.write(() => upkeep.beginRebuild(heavy))
  for (;;) {
    const bite = await database.write(() => upkeep.rebuildBite())
    if (bite === 'done') break
    yield { done: Math.min(bite.rebuiltTo, rows), of: rows }
  }
  while ((await database.write(() => clearRetired(CLEARED_PER_BITE))) === 'more') {
    // What the new index has replaced goes bite by bite too.
  }
  yield { done: rows, of: rows }
}

function* whatThereIs({ sizes, dialect }: { readonly sizes: IndexSizes; readonly dialect: Dialect }): Sql<{
  readonly heavy: ReadonlyMap<number, ReadonlyMap<Text, number>>
  readonly rows: number
}> {
  const heavy = new Map<number, ReadonlyMap<Text, number>>()
  for (const { datastore } of yield* all<{ datastore: number }>('SELECT datastore FROM datastores')) {
    heavy.set(datastore, yield* heavyTexts(datastore, { sizes, dialect }))
  }
  const last = yield* one<{ seq: number | null }>('SELECT max(seq) AS seq FROM image_sets')
  return { heavy, rows: last!.seq ?? 0 }
}
