import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAhead } from './read-ahead.ts'

async function* from<T>(...items: T[]) {
  yield* items
}

/** Reads end when the test resolves them, so that the pending reads can be inspected. */
function controlledReads() {
  const waiting = new Map<number, () => void>()
  const read = (item: number) => new Promise<string>((resolve) => waiting.set(item, () => resolve(`read ${item}`)))
  return { waiting, read }
}

const untilIdle = () => new Promise((resolve) => setImmediate(resolve))

test('items are returned in order, whichever is read first', async () => {
  const { waiting, read } = controlledReads()
  const results = readAhead(from(1, 2, 3), { limits: { files: 3, bytes: 100 }, sizeOf: () => 1, read })
  const first = results.next()
  await untilIdle()
  for (const item of [3, 2, 1]) waiting.get(item)!()
  const order = [(await first).value]
  for await (const result of results) order.push(result)
  assert.deepEqual(
    order.map((result) => result?.read),
    ['read 1', 'read 2', 'read 3'],
  )
})

test('the number of pending files is bounded', async () => {
  const { waiting, read } = controlledReads()
  const results = readAhead(from(1, 2, 3, 4), { limits: { files: 2, bytes: 100 }, sizeOf: () => 1, read })
  const first = results.next()
  await untilIdle()
  assert.deepEqual([...waiting.keys()], [1, 2])
  waiting.get(1)!()
  await first
  void results.next()
  await untilIdle()
  assert.deepEqual([...waiting.keys()], [1, 2, 3])
})

test('the number of bytes in memory is bounded, and a larger item is read alone', async () => {
  const { waiting, read } = controlledReads()
  const sizes: Record<number, number> = { 1: 40, 2: 70, 3: 500 }
  const results = readAhead(from(1, 2, 3), {
    limits: { files: 9, bytes: 100 },
    sizeOf: (item) => sizes[item]!,
    read,
  })
  const reads = []
  for (const item of [1, 2, 3]) {
    const next = results.next()
    await untilIdle()
    assert.equal([...waiting.keys()].at(-1), item, `item ${item} is the last pending`)
    waiting.get(item)!()
    reads.push((await next).value?.read)
  }
  assert.deepEqual(reads, ['read 1', 'read 2', 'read 3'])
})
