/**
 * The bounds of kd-tree/sizes.ts, by counting leaves: 20,000 searches on data sets that are hard to index, random ones and mutations of the
 * worst, and the worst that longer hunts have found, these also with no bounds of leaves in memory. Some are by words. None reads more leaves than its bound, for its page or for its total.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boundSharesOf, hunt, KINDS, readWorstSearches } from './hunt.fixture.ts'
import { HUNTED_STORES, openHuntedStore, randomFrom } from './hunted-stores.fixture.ts'

const SEARCHES = 20_000
const BY_WORDS = 0.05

const known = readWorstSearches()
const worst = { page: 0, count: 0, 'page by words': 0, 'count by words': 0 }

for (const [index, name] of HUNTED_STORES.entries()) {
  test(`no search reads more leaves than its bound: ${name}`, () => {
    const store = openHuntedStore(name)
    const hunted = known.filter((each) => each.store === name)
    for (const each of hunted) {
      for (const [kind, boundShare] of Object.entries(boundSharesOf(store, each))) {
        worst[kind as keyof typeof worst] = Math.max(worst[kind as keyof typeof worst], boundShare)
        assert.ok(boundShare <= 1, `${kind} of ${JSON.stringify(each)}: ${boundShare.toFixed(2)} of the bound`)
      }
    }
    for (const each of hunted) {
      store.partition.dropAll()
      const { groupsLoaded } = store.partition
      for (const [kind, boundShare] of Object.entries(boundSharesOf(store, each))) {
        assert.ok(boundShare <= 1, `${kind} of ${JSON.stringify(each)}, with bounds that are read again`)
      }
      assert.ok(store.partition.groupsLoaded > groupsLoaded, 'bounds were read again')
    }
    const searches = Math.ceil(SEARCHES / HUNTED_STORES.length)
    const found = hunt(store, { searches, byWords: BY_WORDS, random: randomFrom(index), from: hunted })
    for (const kind of KINDS) {
      for (const { hunted: search, boundShare } of found[kind].slice(0, 1)) {
        assert.ok(boundShare <= 1, `${kind} of ${JSON.stringify(search)}: ${boundShare.toFixed(2)} of the bound`)
      }
    }
  })
}

test('every data set has its worst searches, and they come close to the bound', () => {
  assert.deepEqual([...new Set(known.map(({ store }) => store))], HUNTED_STORES)
  for (const [kind, boundShare] of Object.entries(worst)) {
    assert.ok(boundShare > 0.5, `${kind}: the worst reads ${boundShare.toFixed(2)} of its bound`)
  }
})
