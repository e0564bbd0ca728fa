import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAhead } from './read-ahead.ts'

async function* from<T>(...items: T[]) {
  yield* items
}

/** Reads end when the test says so, so that what is under way can be looked at. */
function heldReads() {
  const waiting = new Map<number, () => void>()
  const read = (item: number) => new Promise<string>((resolve) => waiting.set(item, () => resolve(`read ${item}`)))
  return { waiting, read }
}

const untilIdle = () => new Promise((resolve) => setImmediate(resolve))

test('items come out in the order they went in, whichever is read first', async () => {
  const { waiting, read } = heldReads()
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

test('no more files are under way than the limit says', async () => {
  const { waiting, read } = heldReads()
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

test('no more bytes are held than the limit says, and an item beyond it is read alone', async () => {
  const { waiting, read } = heldReads()
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
    assert.equal([...waiting.keys()].at(-1), item, `item ${item} is the last under way`)
    waiting.get(item)!()
    reads.push((await next).value?.read)
  }
  assert.deepEqual(reads, ['read 1', 'read 2', 'read 3'])
})
