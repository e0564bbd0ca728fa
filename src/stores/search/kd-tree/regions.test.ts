/** Regions that part a space are told from those that do not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeEntries } from './entries.ts'
import { boundsOf, type Region, WHOLE } from './leaf-bounds.ts'
import { partitionOf } from './regions.ts'

const SEED = 20260404
const NO_ENTRIES = decodeEntries(new Uint8Array(0))

/** Some cell, cut across some dimension, again and again. */
const partitions = fc
  .array(fc.record({ which: fc.nat(1_000), dimension: fc.nat(3), at: fc.integer({ min: -20, max: 20 }) }), {
    maxLength: 60,
  })
  .map((cuts) => {
    const regions: Region[] = [WHOLE]
    for (const { which, dimension, at } of cuts) {
      const place = which % regions.length
      const { from, to } = regions[place]!
      if (!(from[dimension]! < at && at < to[dimension]!)) continue
      regions[place] = { from, to: to.with(dimension, at) }
      regions.push({ from: from.with(dimension, at), to })
    }
    return regions
  })

const asked = (regions: readonly Region[]) => partitionOf(regions.map((region) => boundsOf(region, NO_ENTRIES)))

test('regions that come from cutting the whole again and again part it', () => {
  fc.assert(
    fc.property(partitions, (regions) => {
      assert.deepEqual(asked(regions), { overlap: undefined, hasGap: false })
    }),
    { seed: SEED, numRuns: 300 },
  )
})

test('without any one of them there is a gap', () => {
  fc.assert(
    fc.property(partitions, fc.nat(1_000), (regions, which) => {
      assert.deepEqual(asked(regions.toSpliced(which % regions.length, 1)), { overlap: undefined, hasGap: true })
    }),
    { seed: SEED, numRuns: 300 },
  )
})

test('one that reaches farther than it may shares points with another', () => {
  fc.assert(
    fc.property(partitions, fc.nat(1_000), fc.nat(3), (regions, which, dimension) => {
      const place = which % regions.length
      const region = regions[place]!
      fc.pre(Number.isFinite(region.to[dimension]))
      const { overlap } = asked(
        regions.with(place, { ...region, to: region.to.with(dimension, region.to[dimension]! + 0.5) }),
      )
      assert.ok(overlap?.includes(place))
    }),
    { seed: SEED, numRuns: 300 },
  )
})
