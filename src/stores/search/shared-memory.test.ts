/** The caches of eight catalogs of a process hold what those of one do. */
import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { SqliteConnection } from '../sql/engine/sqlite/sqlite-connection.ts'
import { SqliteMemory } from '../sql/engine/sqlite/sqlite-memory.ts'
import { CachedAnswers } from '../sql/history/cached-answers.ts'
import { INDEX_SIZES } from './kd-tree/sizes.ts'
import { SharedMemory } from './shared-memory.ts'
import { CachedSummaries } from './summaries.ts'

const CATALOGS = 8
const SIZES = { ...INDEX_SIZES, answersInMemory: 80, answerRowsInMemory: 800, summaryBytesInMemory: 160_000 }
const datastoreId = 'one'
const CHANGE = 1
type Kept = Parameters<CachedSummaries['keep']>[1]

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

/** How many answers, rows of answers and summaries they hold after each was used more than all may hold. */
function heldBy(catalogs: number): { answers: number; rows: number; summaries: number } {
  const memory = new SharedMemory()
  // One that is never used.
  memory.sizesOf(SIZES)
  const caches = numbers(catalogs).map(() => {
    const sizes = memory.sizesOf(SIZES)
    return {
      answers: new CachedAnswers<number>(sizes),
      pages: new CachedAnswers<number>(sizes, () => 10),
      summaries: new CachedSummaries(sizes),
    }
  })
  const summary = { datastoreId, upTo: CHANGE, answer: { tags: 'x'.repeat(500) } } as unknown as Kept
  for (const number of numbers(300)) {
    for (const { answers, pages, summaries } of caches) {
      for (const each of [answers, pages]) each.keep(`${number}`, { datastoreId, change: CHANGE, answer: number })
      summaries.keep(number, summary)
    }
  }
  const count = (cache: CachedAnswers<number>) => numbers(300).filter((number) => cache.has(`${number}`)).length
  return {
    answers: caches.reduce((sum, { answers }) => sum + count(answers), 0),
    rows: caches.reduce((sum, { pages }) => sum + 10 * count(pages), 0),
    summaries: caches.reduce(
      (sum, { summaries }) => sum + numbers(300).filter((number) => summaries.get(number) !== undefined).length,
      0,
    ),
  }
}

test('caches of searches', () => {
  const [alone, together] = [heldBy(1), heldBy(CATALOGS)]
  assert.deepEqual([alone.answers, alone.rows], [80, 800])
  assert.deepEqual([together.answers, together.rows], [80, 800])
  assert.ok(alone.summaries > 40)
  assert.ok(together.summaries <= alone.summaries + CATALOGS, `${together.summaries} instead of ${alone.summaries}`)
})

test('page caches and prepared statements of connections', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-shared-memory-'))
  removeAtExit(folder)
  const MIB = 1024 ** 2
  const memory = new SqliteMemory(64 * MIB)
  const connections = numbers(2 * CATALOGS).map(
    (number) => new SqliteConnection(join(folder, `${number}.sqlite`), { readonly: false, timeoutMs: 0 }),
  )
  const cachesOf = () =>
    connections.map((each) => each.execute({ text: 'PRAGMA cache_size', values: [] })[0]!.cache_size as number)
  const [first, second, ...others] = connections
  for (const each of [first!, second!]) memory.add(each)
  assert.deepEqual(cachesOf().slice(0, 2), [-64 * 1024, -64 * 1024])
  for (const each of others) memory.add(each)
  assert.equal(
    cachesOf().reduce((sum, each) => sum + each, 0),
    -2 * 64 * 1024,
  )
  assert.deepEqual(memory.limits, { cacheBytes: 8 * MIB, statementsMax: 250 })
  for (const each of others) memory.remove(each)
  assert.deepEqual(cachesOf().slice(0, 2), [-64 * 1024, -64 * 1024])
  for (const each of connections) each.close()
})

test('a connection prepares again what it has dropped', () => {
  const connection = new SqliteConnection(':memory:', { readonly: false, timeoutMs: 0 })
  connection.limitMemory({ cacheBytes: 1024 ** 2, statementsMax: 3 })
  for (const round of numbers(3)) {
    for (const number of numbers(10)) {
      const [row] = connection.execute({ text: `SELECT ? + ${number} AS sum`, values: [round] })
      assert.equal(row!.sum, round + number)
    }
  }
  connection.close()
})
