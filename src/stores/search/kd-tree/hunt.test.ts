/**
 * The bounds of the design without a clock: 20,000 searches over stores that are hard to index, those of chance and the worst of them
 * made worse, and the worst that longer hunts have found. None reads more leaves than may be, for its page or for its total.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { burdenOf, hunt, readWorstSearches } from './hunt.fixture.ts'
import { HUNTED_STORES, openHuntedStore, randomFrom } from './hunted-stores.fixture.ts'

const SEARCHES = 20_000

const known = readWorstSearches()
let worst = 0

for (const [index, name] of HUNTED_STORES.entries()) {
  test(`no search reads more leaves than may be: ${name}`, () => {
    const store = openHuntedStore(name)
    const hunted = known.filter((each) => each.store === name)
    for (const each of hunted) {
      const burden = burdenOf(store, each)
      worst = Math.max(worst, burden.page)
      assert.ok(burden.page <= 1 && burden.count <= 1, `${JSON.stringify(each)}: ${JSON.stringify(burden)}`)
    }
    const searches = Math.ceil(SEARCHES / HUNTED_STORES.length)
    const found = hunt(store, { searches, random: randomFrom(index), from: hunted })
    for (const { hunted: search, burden } of [...found.page.slice(0, 1), ...found.count.slice(0, 1)]) {
      assert.ok(burden <= 1, `${JSON.stringify(search)}: ${burden.toFixed(2)} of what may be`)
    }
  })
}

test('every hunted store has its worst searches, and they are no trivial ones', () => {
  assert.deepEqual([...new Set(known.map(({ store }) => store))], HUNTED_STORES)
  assert.ok(worst > 0.5, `the worst of them reads ${worst.toFixed(2)} of what may be`)
})
