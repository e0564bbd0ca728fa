/** Cells that part a space are told from those that do not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeEntries } from './entries.ts'
import { boundsOf, type Cell, WHOLE } from './leaf-bounds.ts'
import { partitionOf } from './regions.ts'

const SEED = 20260404
const NO_ENTRIES = decodeEntries(new Uint8Array(0))

/** Some cell, cut across some dimension, again and again. */
const partitions = fc
  .array(fc.record({ which: fc.nat(1_000), dimension: fc.nat(3), at: fc.integer({ min: -20, max: 20 }) }), {
    maxLength: 60,
  })
  .map((cuts) => {
    const cells: Cell[] = [WHOLE]
    for (const { which, dimension, at } of cuts) {
      const place = which % cells.length
      const { from, to } = cells[place]!
      if (!(from[dimension]! < at && at < to[dimension]!)) continue
      cells[place] = { from, to: to.with(dimension, at) }
      cells.push({ from: from.with(dimension, at), to })
    }
    return cells
  })

const asked = (cells: readonly Cell[]) => partitionOf(cells.map((cell) => boundsOf(cell, NO_ENTRIES)))

test('cells that come from cutting the whole again and again part it', () => {
  fc.assert(
    fc.property(partitions, (cells) => {
      assert.deepEqual(asked(cells), { overlap: undefined, hasGap: false })
    }),
    { seed: SEED, numRuns: 300 },
  )
})

test('without any one of them there is a gap', () => {
  fc.assert(
    fc.property(partitions, fc.nat(1_000), (cells, which) => {
      assert.deepEqual(asked(cells.toSpliced(which % cells.length, 1)), { overlap: undefined, hasGap: true })
    }),
    { seed: SEED, numRuns: 300 },
  )
})

test('one that reaches farther than it may shares points with another', () => {
  fc.assert(
    fc.property(partitions, fc.nat(1_000), fc.nat(3), (cells, which, dimension) => {
      const place = which % cells.length
      const cell = cells[place]!
      fc.pre(Number.isFinite(cell.to[dimension]))
      const { overlap } = asked(cells.with(place, { ...cell, to: cell.to.with(dimension, cell.to[dimension]! + 0.5) }))
      assert.ok(overlap?.includes(place))
    }),
    { seed: SEED, numRuns: 300 },
  )
})
