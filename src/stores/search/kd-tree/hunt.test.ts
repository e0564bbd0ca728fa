/**
 * The bounds of kd-tree/sizes.ts, by counting leaves: 20,000 searches on data sets that are hard to index, random ones and mutations of the
 * worst, and the worst that longer hunts have found. None reads more leaves than its bound, for its page or for its total.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boundShareOf, hunt, readWorstSearches } from './hunt.fixture.ts'
import { HUNTED_STORES, openHuntedStore, randomFrom } from './hunted-stores.fixture.ts'

const SEARCHES = 20_000

const known = readWorstSearches()
let worst = 0

for (const [index, name] of HUNTED_STORES.entries()) {
  test(`no search reads more leaves than its bound: ${name}`, () => {
    const store = openHuntedStore(name)
    const hunted = known.filter((each) => each.store === name)
    for (const each of hunted) {
      const boundShare = boundShareOf(store, each)
      worst = Math.max(worst, boundShare.page)
      assert.ok(boundShare.page <= 1 && boundShare.count <= 1, `${JSON.stringify(each)}: ${JSON.stringify(boundShare)}`)
    }
    const searches = Math.ceil(SEARCHES / HUNTED_STORES.length)
    const found = hunt(store, { searches, random: randomFrom(index), from: hunted })
    for (const { hunted: search, boundShare } of [...found.page.slice(0, 1), ...found.count.slice(0, 1)]) {
      assert.ok(boundShare <= 1, `${JSON.stringify(search)}: ${boundShare.toFixed(2)} of the bound`)
    }
  })
}

test('every data set has its worst searches, and they come close to the bound', () => {
  assert.deepEqual([...new Set(known.map(({ store }) => store))], HUNTED_STORES)
  assert.ok(worst > 0.5, `the worst of them reads ${worst.toFixed(2)} of its bound`)
})
