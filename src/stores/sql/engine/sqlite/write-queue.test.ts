/** Writes that share a transaction: each is atomic, each fails alone, and none returns before all are durable. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { StoreUnavailable } from '../../../store-unavailable.ts'
import { one, run, type Sql } from '../statement.ts'
import { SqliteConnection } from './sqlite-connection.ts'
import { WriteQueue } from './write-queue.ts'

function openQueue(context: TestContext) {
  const connection = new SqliteConnection(':memory:', { readonly: false, timeoutMs: 0 })
  context.after(() => connection.close())
  connection.command('CREATE TABLE notes (note TEXT PRIMARY KEY)')
  const begun = { transactions: 0 }
  const queue = new WriteQueue(connection)
  const notes = () => connection.drive(one<{ count: number }>('SELECT count(*) AS count FROM notes'))?.count
  return { connection, queue, notes, begun }
}

function* note(text: string): Sql<string> {
  yield* run('INSERT INTO notes (note) VALUES (?)', text)
  return text
}

/** Writes, then throws: its writes must be rolled back. */
function* failingNote(text: string, error: Error): Sql<never> {
  yield* run('INSERT INTO notes (note) VALUES (?)', text)
  throw error
}

describe('writes that share a transaction', () => {
  test('return in order, each with its own result', async (context) => {
    const { queue, notes } = openQueue(context)
    const texts = Array.from({ length: 200 }, (_, index) => `note ${index}`)
    assert.deepEqual(await Promise.all(texts.map((text) => queue.write(() => note(text)))), texts)
    assert.equal(notes(), 200)
  })

  test('fail alone: a failing write is rolled back and its error passed on, the others stay', async (context) => {
    const { queue, notes } = openQueue(context)
    const failure = new Error('no')
    const outcomes = await Promise.allSettled([
      queue.write(() => note('a')),
      queue.write(() => failingNote('b', failure)),
      queue.write(() => note('a')),
      queue.write(() => note('c')),
    ])
    assert.deepEqual(
      outcomes.map((outcome) => outcome.status),
      ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
    )
    assert.equal((outcomes[1] as PromiseRejectedResult).reason, failure)
    assert.equal(notes(), 2)
  })

  test('a write that fails alone in its transaction is rolled back too', async (context) => {
    const { queue, notes } = openQueue(context)
    await assert.rejects(queue.write(() => failingNote('a', new Error('no'))))
    assert.equal(notes(), 0)
    assert.equal(await queue.write(() => note('a')), 'a')
  })

  test('may be started when another returns', async (context) => {
    const { queue, notes } = openQueue(context)
    for (let index = 0; index < 50; index++)
      await queue.write(() => note(`in a row ${index}`)).then((text) => queue.write(() => note(`${text}, after`)))
    assert.equal(notes(), 100)
  })

  test('are all rejected when the disk is full, and none has an effect', async (context) => {
    const { connection, queue, notes } = openQueue(context)
    connection.pragma('max_page_count = 20')
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) => queue.write(() => note(`${index} ${'x'.repeat(2_000)}`))),
    )
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    assert.ok(refused.length > 0)
    for (const { reason } of refused) {
      assert.ok(reason instanceof StoreUnavailable && reason.reason === 'full')
      assert.ok(!reason.message.includes('xxx'))
    }
    assert.equal(notes(), outcomes.length - refused.length)
    connection.pragma('max_page_count = 1000')
    assert.equal(await queue.write(() => note('again')), 'again')
  })

  test('end before the queue is closed', async (context) => {
    const { queue, notes } = openQueue(context)
    const written = queue.write(() => note('a'))
    await queue.idle()
    assert.equal(notes(), 1)
    await written
  })
})
