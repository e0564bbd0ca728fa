/** Regions of which each point is in exactly one are distinguished from regions that overlap or leave a gap. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeEntries } from './entries.ts'
import { boundsOf, type Region, WHOLE } from './leaf-bounds.ts'
import { checkRegions } from './regions.ts'

const SEED = 20260404
const NO_ENTRIES = decodeEntries(new Uint8Array(0))

/** A random region is split along a random dimension, again and again. */
const splits = fc
  .array(fc.record({ which: fc.nat(1_000), dimension: fc.nat(3), at: fc.integer({ min: -20, max: 20 }) }), {
    maxLength: 60,
  })
  .map((steps) => {
    const regions: Region[] = [WHOLE]
    for (const { which, dimension, at } of steps) {
      const place = which % regions.length
      const { from, to } = regions[place]!
      if (!(from[dimension]! < at && at < to[dimension]!)) continue
      regions[place] = { from, to: to.with(dimension, at) }
      regions.push({ from: from.with(dimension, at), to })
    }
    return regions
  })

const check = (regions: readonly Region[]) => checkRegions(regions.map((region) => boundsOf(region, NO_ENTRIES)))

test('regions made by splits have no overlap and no gap', () => {
  fc.assert(
    fc.property(splits, (regions) => {
      assert.deepEqual(check(regions), { overlap: undefined, hasGap: false })
    }),
    { seed: SEED, numRuns: 300 },
  )
})

test('when one region is missing, there is a gap', () => {
  fc.assert(
    fc.property(splits, fc.nat(1_000), (regions, which) => {
      assert.deepEqual(check(regions.toSpliced(which % regions.length, 1)), { overlap: undefined, hasGap: true })
    }),
    { seed: SEED, numRuns: 300 },
  )
})

test('a region that is too large overlaps another', () => {
  fc.assert(
    fc.property(splits, fc.nat(1_000), fc.nat(3), (regions, which, dimension) => {
      const place = which % regions.length
      const region = regions[place]!
      fc.pre(Number.isFinite(region.to[dimension]))
      const { overlap } = check(
        regions.with(place, { ...region, to: region.to.with(dimension, region.to[dimension]! + 0.5) }),
      )
      assert.ok(overlap?.includes(place))
    }),
    { seed: SEED, numRuns: 300 },
  )
})
