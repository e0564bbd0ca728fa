import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BufferPool } from './buffer-pool.ts'

const KIB = 1024

test('a buffer that is given back is lent again for a similar size', () => {
  const buffers = new BufferPool({ keptBytesMax: 1024 * KIB })
  const first = buffers.lend(100 * KIB)
  assert.equal(first.length, 100 * KIB)
  const { buffer } = first
  buffers.giveBack(first)
  assert.notEqual(buffers.lend(200 * KIB).buffer, buffer)
  const second = buffers.lend(128 * KIB)
  assert.deepEqual([second.buffer, second.length], [buffer, 128 * KIB])
  assert.notEqual(buffers.lend(128 * KIB).buffer, buffer)
})

test('buffers above the limit are freed at once, and all of them when the pool is emptied', () => {
  const buffers = new BufferPool({ keptBytesMax: 300 * KIB })
  const lent = Array.from({ length: 4 }, () => buffers.lend(128 * KIB))
  for (const bytes of lent) buffers.giveBack(bytes)
  assert.deepEqual(
    lent.map(({ length }) => length),
    [128 * KIB, 128 * KIB, 0, 0],
  )
  buffers.empty()
  assert.deepEqual(
    lent.map(({ length }) => length),
    [0, 0, 0, 0],
  )
})

test('a view of a lent buffer gives back the whole buffer', () => {
  const buffers = new BufferPool({ keptBytesMax: 1024 * KIB })
  const lent = buffers.lend(512 * KIB)
  buffers.giveBack(lent.subarray(0, 10))
  assert.equal(buffers.lend(512 * KIB).buffer, lent.buffer)
})

test('a buffer of megabytes is not kept', () => {
  const buffers = new BufferPool({ keptBytesMax: 1024 ** 3 })
  const lent = buffers.lend(5 * 1024 * KIB)
  buffers.giveBack(lent)
  assert.equal(lent.length, 0)
})
