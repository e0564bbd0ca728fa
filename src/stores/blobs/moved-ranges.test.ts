/** Pieces hold what they are made of, nothing else, and each byte once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { movedOffset, movedRanges } from './moved-ranges.ts'

const range = fc.record({ offsetBytes: fc.nat(120), sizeBytes: fc.nat(12) })

test('what lay in the ranges lies in the new blob, in the same order, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 12 }), (ranges) => {
      const old = Uint8Array.from({ length: 140 }, (_, at) => at)
      const pieces = movedRanges(ranges)
      const moved = pieces.flatMap(({ offsetBytes, sizeBytes }) => [
        ...old.subarray(offsetBytes, offsetBytes + sizeBytes),
      ])
      const covered = [...old].filter((byte) =>
        ranges.some(({ offsetBytes, sizeBytes }) => byte >= offsetBytes && byte < offsetBytes + sizeBytes),
      )
      assert.deepEqual(moved, covered)
      for (const each of ranges) {
        const at = movedOffset(pieces, each)
        assert.ok(at !== undefined)
        const { offsetBytes, sizeBytes } = each
        assert.deepEqual(moved.slice(at, at + sizeBytes), [...old.subarray(offsetBytes, offsetBytes + sizeBytes)])
      }
    }),
  )
})

test('what does not lie in one piece has no place', () => {
  const pieces = movedRanges([
    { offsetBytes: 30, sizeBytes: 10 },
    { offsetBytes: 10, sizeBytes: 10 },
    { offsetBytes: 15, sizeBytes: 10 },
  ])
  assert.deepEqual(pieces, [
    { offsetBytes: 10, sizeBytes: 15, movedTo: 0 },
    { offsetBytes: 30, sizeBytes: 10, movedTo: 15 },
  ])
  const offsetOf = (offsetBytes: number, sizeBytes: number) => movedOffset(pieces, { offsetBytes, sizeBytes })
  assert.deepEqual(
    [offsetOf(9, 5), offsetOf(20, 6), offsetOf(20, 12), offsetOf(26, 1), offsetOf(39, 2)],
    Array(5).fill(undefined),
  )
  assert.deepEqual([offsetOf(10, 15), offsetOf(24, 1), offsetOf(30, 10), offsetOf(39, 1)], [0, 14, 15, 24])
})
