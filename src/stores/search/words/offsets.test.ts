import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  CHUNK_ROWS,
  changedOffsets,
  countOf,
  decodeOffsets,
  encodeOffsets,
  has,
  intersection,
  listOf,
  offsetsFrom,
  union,
} from './offsets.ts'
import { RowSet } from './row-set.ts'

const SEED = 20261126

/** Lists and bitmaps, and sizes around the one at which a list becomes a bitmap. */
const sets = fc
  .record({
    few: fc.array(fc.nat(CHUNK_ROWS - 1), { maxLength: 20 }),
    from: fc.nat(60_000),
    many: fc.constantFrom(0, 0, 4_090, 4_095, 4_096, 5_000),
  })
  .map(({ few, from, many }) => new Set([...few, ...Array.from({ length: many }, (_, at) => from + at)]))

const inOrder = (numbers: Iterable<number>) => [...new Set(numbers)].sort((a, b) => a - b)

test('offsets are the same set after encoding, as a list or as a bitmap', () => {
  fc.assert(
    fc.property(sets, fc.nat(CHUNK_ROWS - 1), (set, other) => {
      const bytes = encodeOffsets(offsetsFrom(set))
      if (set.size === 0) return
      assert.equal(bytes.byteLength, set.size > 4_095 ? 8_192 : set.size * 2)
      const offsets = decodeOffsets(bytes)
      assert.deepEqual([...listOf(offsets)], inOrder(set))
      assert.equal(countOf(offsets), set.size)
      for (const offset of [other, ...[...set].slice(0, 5)]) assert.equal(has(offsets, offset), set.has(offset))
    }),
    { seed: SEED },
  )
})

test('unions and intersections are those of sets', () => {
  fc.assert(
    fc.property(sets, sets, sets, (a, b, c) => {
      const [one, two, three] = [a, b, c].map(offsetsFrom)
      assert.deepEqual(union([one!, two!, three!]), offsetsFrom([...a, ...b, ...c]))
      assert.deepEqual([...listOf(intersection(one!, two!))], inOrder([...a].filter((offset) => b.has(offset))))
      const rows = new RowSet(new Map([[2, one!]]))
      const added = [...b].filter((offset) => !a.has(offset)).map((offset) => 2 * CHUNK_ROWS + offset)
      const more = rows.with([...added, 5])
      assert.deepEqual(inOrder(more.rowIds()), inOrder([...[...a, ...b].map((offset) => 2 * CHUNK_ROWS + offset), 5]))
      assert.equal(more.size, new Set([...a, ...b]).size + 1)
      assert.ok(more.has(5) && !more.has(4))
    }),
    { seed: SEED },
  )
})

test('a change removes and adds exactly, and one that does not fit is not made', () => {
  fc.assert(
    fc.property(sets, sets, (before, after) => {
      const removed = [...before].filter((offset) => !after.has(offset))
      const added = [...after].filter((offset) => !before.has(offset))
      assert.deepEqual(changedOffsets(offsetsFrom(before), { removed, added }), offsetsFrom(after))
      if (added.length > 0) {
        assert.equal(changedOffsets(offsetsFrom(before), { removed: added, added: [] }), undefined)
        assert.equal(changedOffsets(offsetsFrom(after), { removed: [], added }), undefined)
      }
    }),
    { seed: SEED },
  )
})
