/**
 * `npm run bench -- hunt`: looks for searches that read more leaves of the search index than those which the tests know, and keeps
 * the worst of each store in src/stores/search/kd-tree/worst-searches.jsonl. No clock: leaves are counted.
 */
import { writeFileSync } from 'node:fs'
import { type Caught, hunt, readWorstSearches, WORST_SEARCHES } from '../src/stores/search/kd-tree/hunt.fixture.ts'
import { HUNTED_STORES, openHuntedStore, randomFrom } from '../src/stores/search/kd-tree/hunted-stores.fixture.ts'

const USUAL_SEARCHES = 200_000
const KEPT_OF_EACH = 2

export function huntBench(args: readonly string[]): number {
  const searches = args[0] === '--searches' ? Number(args[1]) : USUAL_SEARCHES
  if (!Number.isInteger(searches) || searches < HUNTED_STORES.length || (args.length !== 0 && args.length !== 2)) {
    process.stderr.write(
      `npm run bench -- hunt [--searches N]   N from ${HUNTED_STORES.length} on; default ${USUAL_SEARCHES}\n`,
    )
    return 2
  }
  const known = readWorstSearches()
  const random = randomFrom(Date.now())
  const caught: Caught[] = []
  let worst = 0
  process.stdout.write('leaves read in parts of the most that may be, page and count\n')
  for (const store of HUNTED_STORES) {
    const opened = openHuntedStore(store)
    const from = known.filter((each) => each.store === store)
    const found = hunt(opened, { searches: Math.ceil(searches / HUNTED_STORES.length), random, from })
    for (const kind of ['page', 'count'] as const) {
      for (const { hunted } of found[kind].slice(0, KEPT_OF_EACH)) caught.push({ store, kind, ...hunted })
    }
    const burdens = [found.page[0]!.burden, found.count[0]!.burden]
    worst = Math.max(worst, ...burdens)
    process.stdout.write(`${burdens.map((burden) => burden.toFixed(2)).join('  ')}  ${store}\n`)
  }
  writeFileSync(WORST_SEARCHES, caught.map((each) => `${JSON.stringify(each)}\n`).join(''))
  process.stdout.write(worst > 1 ? 'The bound does not hold.\n' : 'The bound holds.\n')
  return worst > 1 ? 1 : 0
}
