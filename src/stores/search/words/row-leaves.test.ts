import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CHUNK_ROWS, offsetsFrom } from './offsets.ts'
import { RowLeaves } from './row-leaves.ts'
import { RowSet } from './row-set.ts'

test('hits are counted by the leaf that holds an image set now', () => {
  const leaves = new RowLeaves()
  leaves.set(1, Float64Array.of(5, 6, 7))
  leaves.set(3, Float64Array.of(CHUNK_ROWS + 5))
  const rows = new RowSet(
    new Map([
      [0, offsetsFrom([5, 7, 100])],
      [1, offsetsFrom([5, 6])],
      [2, offsetsFrom([1])],
    ]),
  )
  assert.deepEqual([...leaves.hitsOf(rows)], [0, 2, 0, 1])
  // Row 7 moves to another leaf.
  leaves.set(1, Float64Array.of(5, 6))
  leaves.set(2, Float64Array.of(7))
  assert.deepEqual([...leaves.hitsOf(rows)], [0, 1, 1, 1])
  assert.equal(leaves.bytes, 2 * CHUNK_ROWS * 4)
})
