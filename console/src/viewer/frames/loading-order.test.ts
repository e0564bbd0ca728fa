/** The order of loading, and the limit in bytes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadingOrder, withinBytes } from './loading-order.ts'

test('the nearest images come first, of two at the same distance the one in the direction of scrolling', () => {
  assert.deepEqual(loadingOrder({ index: 2, count: 5, direction: 1 }), [2, 3, 1, 4, 0])
  assert.deepEqual(loadingOrder({ index: 2, count: 5, direction: -1 }), [2, 1, 3, 0, 4])
  assert.deepEqual(loadingOrder({ index: 0, count: 3, direction: -1 }), [0, 1, 2])
})

test('every image is in the order once', () => {
  for (const index of [0, 7, 19]) {
    const order = loadingOrder({ index, count: 20, direction: 1 })
    assert.deepEqual(
      order.toSorted((a, b) => a - b),
      Array.from({ length: 20 }, (_, at) => at),
    )
  }
})

test('images are loaded up to the limit, and always at least one', () => {
  const bytesOf = (index: number) => (index === 4 ? 100 : 10)
  assert.deepEqual(withinBytes([1, 2, 3, 4, 5], { bytesOf, bytesMax: 35 }), [1, 2, 3])
  assert.deepEqual(withinBytes([4, 1], { bytesOf, bytesMax: 35 }), [4])
  assert.deepEqual(withinBytes([1, 2], { bytesOf, bytesMax: 35 }), [1, 2])
})
