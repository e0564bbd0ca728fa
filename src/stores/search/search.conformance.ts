/**
 * Compares searches of the catalog with their meaning in imaging/search/search.ts, on random data with random criteria, page by page: the same
 * image sets in the same order, and one snapshot for all pages while image sets are imported, changed and deleted.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { TextAttribute } from '../../contract/search-attributes.ts'
import { comparePositions, type Position, positionOf, type Search } from '../../imaging/search/search.ts'
import { AT, countedIds, createDatastore, startJob } from '../catalog/conformance/catalog.fixture.ts'
import type { ImageSetSummary, SearchPage, SnapshotVersion } from '../catalog/search-repository.ts'
import type { CatalogKind } from '../partitioned/catalog-kinds.fixture.ts'
import {
  type IndexSizes,
  leavesCountedMax,
  leavesVisitedMax,
  scannedRowsMax,
  textEntriesMax,
  wordLeavesVisitedMax,
} from './kd-tree/sizes.ts'
import { criteria, ModelledStore, type ModelRow, type Write, write } from './modelled-store.fixture.ts'
import { SMALL_SIZES } from './small-sizes.fixture.ts'

const SEED = 20260401

/** So that a few hundred image sets fill many leaves, and texts become high- and low-frequency again while a test runs. */
const SMALL: IndexSizes = {
  ...SMALL_SIZES,
  ...{ leafEntriesMax: 6, highFrequencyUntil: 15, rebuildBatchRows: 50 },
  ...{ leavesInMemory: 40, entryBytesInMemory: 2_000, summaryBytesInMemory: 40_000 },
}

interface Runs {
  /** How many stores are searched, and how many are searched while they change. */
  readonly storesRead: number
  readonly storesWritten: number
  /** The most searches of a store that is not changed. */
  readonly searches: number
}

async function withStore(
  { open }: Pick<CatalogKind, 'open'>,
  writes: readonly Write[],
  check: (store: ModelledStore) => Promise<void>,
): Promise<void> {
  const catalog = await open({ newId: countedIds(), sizes: SMALL })
  try {
    const datastoreId = await createDatastore(catalog)
    const lease = await startJob(catalog, { datastoreId })
    // A data store with the same image sets, which must never be found.
    const neighbour = new ModelledStore(catalog, datastoreId, lease)
    for (const each of writes.slice(0, 20)) await neighbour.apply(each)
    await catalog.importJobs.finish(lease, { jobStatus: 'COMPLETED', message: undefined, endedAt: AT })
    const other = await createDatastore(catalog, 'other')
    const store = new ModelledStore(catalog, other, await startJob(catalog, { datastoreId: other, name: 'other' }))
    await fillAndDeclare(store, writes)
    await check(store)
  } finally {
    await catalog.close()
  }
}

/** An attribute is declared while image sets change: some are published before, some between the batches of its build, some after. */
async function fillAndDeclare(store: ModelledStore, writes: readonly Write[]): Promise<void> {
  let isBuilding = false
  for (const [at, each] of writes.entries()) {
    if (at === Math.floor(writes.length / 2)) {
      await store.declare()
      isBuilding = true
    }
    if (isBuilding && at % 3 === 0) isBuilding = await store.buildBatch(7)
    await store.apply(each)
  }
  while (isBuilding) isBuilding = await store.buildBatch(7)
}

const seen = (search: Search) => (row: ImageSetSummary) => ({
  imageSetId: row.imageSetId,
  version: row.version,
  ...positionOf(search, row),
})
const meant = (search: Search) => (row: ModelRow) => ({
  imageSetId: row.imageSetId,
  version: row.version,
  ...positionOf(search, row),
})

/** Strategies that the searches of a test must have used. */
const STRATEGIES = [
  'no possible match',
  'index scan',
  'posting list',
  'rows of postings',
  'kd-tree leaves, best first',
  'counted: no possible match',
  'counted: posting list',
  'counted: postings',
  'counted: kd-tree leaves',
]

/** Requests the total with every page; only the first has one. @param onPage gets each page and the position that it begins after. */
async function readPages(
  store: ModelledStore,
  request: { search: Search; limit: number },
  onPage: (page: SearchPage, after: Position | undefined) => Promise<void>,
): Promise<void> {
  let place: { after?: Position; snapshotVersion?: SnapshotVersion } = {}
  for (;;) {
    const page = await store.catalog.imageSets.search({
      datastoreId: store.datastoreId,
      count: 'exact',
      ...request,
      ...place,
    })
    const { rows, snapshotVersion } = page
    await onPage(page, place.after)
    if (rows.length < request.limit) return
    const last = positionOf(request.search, rows.at(-1)!)
    const isLater = place.after === undefined || comparePositions(request.search.sort.sortOrder, last, place.after) > 0
    assert.ok(isLater, 'a page ends after the page before it')
    place = { after: last, snapshotVersion }
  }
}

/** The bounds of decision 8. */
function assertBounded(
  visited: SearchPage['visited'],
  { limit, leavesAtOnce }: { readonly limit: number; readonly leavesAtOnce: number },
): void {
  const { strategy, index, partitions, leaves, entries, rows, count } = visited
  if (strategy === 'rows of postings') assert.ok(rows <= SMALL.wordRowsMax + limit, `${rows} rows read`)
  const leavesOf = partitions.map((partition) => partition.leaves)
  if (strategy === 'no possible match') assert.equal(leaves + entries + rows, 0)
  else if (strategy === 'index scan') assert.ok(rows <= scannedRowsMax(limit), `${rows} rows scanned`)
  else if (strategy === 'posting list') {
    assert.ok(entries <= textEntriesMax(SMALL, index as TextAttribute) && rows <= limit, 'a posting list is short')
  } else if (strategy === 'kd-tree leaves, best first') {
    const leavesMax =
      visited.words === undefined
        ? leavesVisitedMax(leavesOf, limit) + leavesAtOnce - 1
        : wordLeavesVisitedMax(leavesOf, limit) + 2 * (leavesAtOnce - 1)
    assert.ok(leaves <= leavesMax && rows <= limit, `${leaves} of ${leavesOf} leaves`)
    assert.ok(entries <= leaves * SMALL.leafEntriesMax)
  }
  if (count?.strategy === 'kd-tree leaves') {
    assert.ok(count.leaves <= leavesCountedMax(leavesOf), `${count.leaves} of ${leavesOf} leaves counted`)
  }
}

/** Too large to shrink in reasonable time: the failing criteria are more useful. */
const stores = fc.array(write, { minLength: 150, maxLength: 300, size: 'max' })

/** On one kind of catalog. */
export function describeSearches(kind: CatalogKind, runs: Runs): void {
  describe(`on ${kind.name}`, { skip: kind.skip ?? false }, () => testSearches(kind, runs))
}

function testSearches(kind: CatalogKind, { storesRead, storesWritten, searches }: Runs): void {
  const isOne = kind.partitions === 1
  test('every search returns, page by page, exactly the image sets that match, and their total', async () => {
    const used = new Set<string>()
    await fc.assert(
      fc.asyncProperty(stores, async (writes) => {
        await withStore(kind, writes, async (store) => {
          const requests = fc.record({
            search: criteria(store),
            limit: fc.integer({ min: 1, max: 60 }),
          })
          await fc.assert(
            fc.asyncProperty(requests, async (request) => {
              const found: ImageSetSummary[] = []
              const expected = store.expected(request.search)
              await readPages(store, request, async ({ rows, total, visited }, after) => {
                found.push(...rows)
                assert.equal(total, after === undefined ? expected.length : undefined)
                // Each partition keeps them.
                if (isOne) assertBounded(visited, { limit: request.limit, leavesAtOnce: kind.dialect.leavesAtOnce })
                used.add(visited.strategy).add(`counted: ${visited.count?.strategy}`)
              })
              assert.deepEqual(found.map(seen(request.search)), expected.map(meant(request.search)))
            }),
            { seed: SEED, numRuns: searches },
          )
        })
      }),
      { seed: SEED, numRuns: storesRead, endOnFailure: true },
    )
    if (isOne)
      for (const strategy of STRATEGIES) assert.ok(used.has(strategy), `no search used the strategy: ${strategy}`)
  })

  test('later pages read the snapshot of the first page, without image sets deleted since', async () => {
    await fc.assert(
      fc.asyncProperty(
        stores,
        fc.array(write, { minLength: 300, maxLength: 300, size: 'max' }),
        async (writes, meanwhile) => {
          await withStore(kind, writes, async (store) => {
            const requests = fc.record({
              search: criteria(store),
              limit: fc.integer({ min: 2, max: 25 }),
              writesPerPage: fc.integer({ min: 0, max: 6 }),
            })
            let next = 0
            await fc.assert(
              fc.asyncProperty(requests, async ({ search, limit, writesPerPage }) => {
                const snapshot = store.expected(search)
                await readPages(store, { search, limit }, async ({ rows, total }, after) => {
                  if (after === undefined) assert.equal(total, snapshot.length)
                  const left = snapshot.filter(
                    (row) =>
                      store.rows.has(row.imageSetId) &&
                      (after === undefined ||
                        comparePositions(search.sort.sortOrder, positionOf(search, row), after) > 0),
                  )
                  assert.deepEqual(rows.map(seen(search)), left.slice(0, limit).map(meant(search)))
                  for (let count = 0; count < writesPerPage; count++)
                    await store.apply(meanwhile[next++ % meanwhile.length]!)
                })
              }),
              // Each run changes the data for the next, so a failing one cannot be shrunk.
              { seed: SEED, numRuns: 20, endOnFailure: true },
            )
          })
        },
      ),
      { seed: SEED, numRuns: storesWritten, endOnFailure: true },
    )
  })
}
