/** Which images are fetched next, and which have room. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadingOrder, withinBytes } from './loading-order.ts'

test('the nearest come first, of two as near the one ahead, and the ends are ends', () => {
  assert.deepEqual(loadingOrder({ index: 2, count: 5, heading: 1 }), [2, 3, 1, 4, 0])
  assert.deepEqual(loadingOrder({ index: 2, count: 5, heading: -1 }), [2, 1, 3, 0, 4])
  assert.deepEqual(loadingOrder({ index: 0, count: 3, heading: -1 }), [0, 1, 2])
})

test('every image is there once', () => {
  for (const index of [0, 7, 19]) {
    const order = loadingOrder({ index, count: 20, heading: 1 })
    assert.deepEqual(
      order.toSorted((a, b) => a - b),
      Array.from({ length: 20 }, (_, at) => at),
    )
  }
})

test('as many as have room, the first whatever it needs', () => {
  const bytesOf = (index: number) => (index === 4 ? 100 : 10)
  assert.deepEqual(withinBytes([1, 2, 3, 4, 5], { bytesOf, bytesMax: 35 }), [1, 2, 3])
  assert.deepEqual(withinBytes([4, 1], { bytesOf, bytesMax: 35 }), [4])
  assert.deepEqual(withinBytes([1, 2], { bytesOf, bytesMax: 35 }), [1, 2])
})
