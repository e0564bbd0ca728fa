import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Cells, extremesOf } from './extreme-values.ts'

const KINDS = [Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array]

const asDefined = (cells: Cells) => {
  const sorted = [...cells].sort((a, b) => a - b)
  return { min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 }
}

for (const Kind of KINDS) {
  test(`the least and the greatest of any numbers are found in a ${Kind.name}`, () => {
    const size = Kind.BYTES_PER_ELEMENT
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_000 }), fc.nat(3), (bytes, skip) => {
        const whole = new Uint8Array(new Uint8Array(bytes).buffer, 0, bytes.length - (bytes.length % size))
        const cells = new Kind(whole.buffer, 0, whole.length / size).subarray(skip) as Cells
        assert.deepEqual(extremesOf(cells), asDefined(cells))
      }),
      { seed: 20261127, numRuns: 300 },
    )
  })

  test(`they are found wherever they are among many numbers of a ${Kind.name}`, () => {
    for (const count of [64, 65_536, 70_001]) {
      const cells = new Kind(count).fill(5)
      for (const least of [0, 15, count >> 1, count - 7, count - 1]) {
        const greatest = (least + 11) % count
        cells[least] = 1
        cells[greatest] = 9
        assert.deepEqual(extremesOf(cells), { min: 1, max: 9 })
        cells[least] = cells[greatest] = 5
      }
      assert.deepEqual(extremesOf(cells), { min: 5, max: 5 })
    }
  })
}
