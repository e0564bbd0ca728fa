/**
 * `npm run bench -- hunt`: looks for searches that come closer to the bounds of the search index than known ones, by counting leaves, and writes
 * the worst of each data set to src/stores/search/kd-tree/worst-searches.jsonl.
 */
import { writeFileSync } from 'node:fs'
import {
  hunt,
  KINDS,
  readWorstSearches,
  WORST_SEARCHES,
  type WorstSearch,
} from '../src/stores/search/kd-tree/hunt.fixture.ts'
import { HUNTED_STORES, openHuntedStore, randomFrom } from '../src/stores/search/kd-tree/hunted-stores.fixture.ts'

const DEFAULT_SEARCHES = 200_000
const KEPT_PER_STORE = 2
const BY_WORDS = 0.5

export function huntBench(args: readonly string[]): number {
  const searches = args[0] === '--searches' ? Number(args[1]) : DEFAULT_SEARCHES
  if (!Number.isInteger(searches) || searches < HUNTED_STORES.length || (args.length !== 0 && args.length !== 2)) {
    process.stderr.write(
      `npm run bench -- hunt [--searches N]   N from ${HUNTED_STORES.length} on; default ${DEFAULT_SEARCHES}\n`,
    )
    return 2
  }
  const known = readWorstSearches()
  const random = randomFrom(Date.now())
  const worstSearches: WorstSearch[] = []
  let worst = 0
  process.stdout.write(`leaves read / bound: ${KINDS.join(', ')}\n`)
  for (const store of HUNTED_STORES) {
    const opened = openHuntedStore(store)
    const from = known.filter((each) => each.store === store)
    const found = hunt(opened, {
      searches: Math.ceil(searches / HUNTED_STORES.length),
      byWords: BY_WORDS,
      random,
      from,
    })
    for (const kind of KINDS) {
      for (const { hunted } of found[kind].slice(0, KEPT_PER_STORE)) {
        const { search, after, limit, words } = hunted
        worstSearches.push({ store, kind, search, after, limit, ...(words === undefined ? {} : { words }) })
      }
    }
    const shares = KINDS.map((kind) => found[kind][0]?.boundShare ?? 0)
    worst = Math.max(worst, ...shares)
    process.stdout.write(`${shares.map((boundShare) => boundShare.toFixed(2)).join('  ')}  ${store}\n`)
  }
  writeFileSync(WORST_SEARCHES, worstSearches.map((each) => `${JSON.stringify(each)}\n`).join(''))
  process.stdout.write(worst > 1 ? 'The bound does not hold.\n' : 'The bound holds.\n')
  return worst > 1 ? 1 : 0
}
