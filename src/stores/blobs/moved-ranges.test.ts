/** Merged ranges contain each byte of the given ranges once, and no other byte. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { movedOffset, movedRanges } from './moved-ranges.ts'

const range = fc.record({ offsetBytes: fc.nat(120), sizeBytes: fc.nat(12) })

test('the new blob has the bytes of the ranges, in the same order, and no other', () => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 12 }), (ranges) => {
      const old = Uint8Array.from({ length: 140 }, (_, at) => at)
      const merged = movedRanges(ranges)
      const moved = merged.flatMap(({ offsetBytes, sizeBytes }) => [
        ...old.subarray(offsetBytes, offsetBytes + sizeBytes),
      ])
      const covered = [...old].filter((byte) =>
        ranges.some(({ offsetBytes, sizeBytes }) => byte >= offsetBytes && byte < offsetBytes + sizeBytes),
      )
      assert.deepEqual(moved, covered)
      for (const each of ranges) {
        const at = movedOffset(merged, each)
        assert.ok(at !== undefined)
        const { offsetBytes, sizeBytes } = each
        assert.deepEqual(moved.slice(at, at + sizeBytes), [...old.subarray(offsetBytes, offsetBytes + sizeBytes)])
      }
    }),
  )
})

test('a range that was not copied completely has no offset', () => {
  const merged = movedRanges([
    { offsetBytes: 30, sizeBytes: 10 },
    { offsetBytes: 10, sizeBytes: 10 },
    { offsetBytes: 15, sizeBytes: 10 },
  ])
  assert.deepEqual(merged, [
    { offsetBytes: 10, sizeBytes: 15, movedTo: 0 },
    { offsetBytes: 30, sizeBytes: 10, movedTo: 15 },
  ])
  const offsetOf = (offsetBytes: number, sizeBytes: number) => movedOffset(merged, { offsetBytes, sizeBytes })
  assert.deepEqual(
    [offsetOf(9, 5), offsetOf(20, 6), offsetOf(20, 12), offsetOf(26, 1), offsetOf(39, 2)],
    Array(5).fill(undefined),
  )
  assert.deepEqual([offsetOf(10, 15), offsetOf(24, 1), offsetOf(30, 10), offsetOf(39, 1)], [0, 14, 15, 24])
})
