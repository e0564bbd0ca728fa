/** Compares searches for series and instances with their model, on random data with random criteria and orders, page by page. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isSoak } from '../../../fixtures/soak.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import { countedIds, createDatastore, startJob } from '../../catalog/conformance/catalog.fixture.ts'
import type { FoundInstance, FoundPage, FoundSeries, SearchPosition } from '../../catalog/series-repository.ts'
import { catalogKinds } from '../../partitioned/catalog-kinds.fixture.ts'
import { SMALL_SIZES } from '../../search/small-sizes.fixture.ts'
import { criteriaOf, fileWrite, inOrder, ModelledArchive, orderOf } from './modelled-series.fixture.ts'

const SEED = 20261127

/** Fewer on PostgreSQL, where each statement is a round trip. */
const ARCHIVES = { SQLite: 2, PostgreSQL: 1 }

async function withArchive(catalog: Catalog, check: (archive: ModelledArchive) => Promise<void>): Promise<void> {
  try {
    const neighbour = await createDatastore(catalog, 'neighbour')
    const others = new ModelledArchive(
      catalog,
      neighbour,
      await startJob(catalog, { datastoreId: neighbour, name: 'n' }),
    )
    for (const study of [0, 3, 5]) await others.apply({ study, series: 1, file: 1, number: 1, isWarned: true })
    const datastoreId = await createDatastore(catalog)
    await check(new ModelledArchive(catalog, datastoreId, await startJob(catalog, { datastoreId })))
  } finally {
    await catalog.close()
  }
}

const seriesName = ({ texts, instances }: FoundSeries) => `${texts.SeriesInstanceUID} ${instances}`
const instanceName = ({ placed }: FoundInstance) => placed.sopInstanceUID

interface Paged {
  readonly names: readonly string[]
  readonly total: number | undefined
}

async function allPages<Row>(
  page: (after: SearchPosition | undefined) => Promise<FoundPage<Row>>,
  nameOf: (row: Row) => string,
): Promise<Paged> {
  const names: string[] = []
  let after: SearchPosition | undefined
  let total: number | undefined
  for (let pages = 0; pages === 0 || after !== undefined; pages++) {
    const found = await page(after)
    if (pages === 0) total = found.total
    names.push(...found.rows.map(nameOf))
    after = found.next
    assert.ok(pages < 10_000, 'the pages end')
  }
  return { names, total }
}

for (const { name, engine, skip, open } of await catalogKinds()) {
  const archives = ARCHIVES[engine]
  const openSmall = () => open({ newId: countedIds(), sizes: SMALL_SIZES })
  describe(`series and instances on ${name}`, { skip: skip ?? false }, () => {
    for (const level of ['series', 'instance'] as const) {
      test(`a search for ${level === 'series' ? 'series' : 'instances'} finds what its model finds, in order or as it scans, page by page`, async () => {
        const runs = fc.tuple(
          fc.array(fileWrite, { minLength: 60, maxLength: 90 }),
          fc.array(
            fc.record({
              ...{ criteria: criteriaOf(level), order: orderOf(level), limit: fc.integer({ min: 1, max: 9 }) },
              ...{ rowsMax: fc.constantFrom(1, 4, 30, 1_000), offset: fc.constantFrom(0, 0, 1, 5) },
            }),
            { minLength: 60, maxLength: 60 },
          ),
        )
        let scans = 0
        for (const [writes, searches] of fc.sample(runs, { seed: SEED, numRuns: isSoak ? 10 * archives : archives })) {
          await withArchive(await openSmall(), async (archive) => {
            for (const each of writes) await archive.apply(each)
            for (const { criteria, order, limit, rowsMax, offset } of searches) {
              const { catalog, datastoreId } = archive
              const request = (after: SearchPosition | undefined) => ({
                ...{ datastoreId, criteria, order, limit, rowsMax, offset: after === undefined ? offset : 0 },
                ...(after !== undefined && { after }),
              })
              const found =
                level === 'series'
                  ? await allPages((after) => catalog.series.searchSeries(request(after)), seriesName)
                  : await allPages((after) => catalog.series.searchInstances(request(after)), instanceName)
              const expected = level === 'series' ? archive.series(criteria, order) : archive.instances(criteria, order)
              if (found.total === undefined) scans += 1
              else assert.equal(found.total, expected.length)
              const names = inOrder(expected, found.total === undefined ? [] : order)
              assert.deepEqual(
                found.names,
                names.slice(offset),
                JSON.stringify({ criteria, order, limit, rowsMax, offset }),
              )
            }
          })
        }
        assert.ok(scans > 5, `${scans} searches scanned`)
      })
    }

    test('no instance is lost or found twice on the pages of a search while others are stored', async () => {
      const runs = fc.array(fileWrite, { minLength: 80, maxLength: 80 })
      for (const rowsMax of [4, 1_000]) {
        for (const writes of fc.sample(runs, { seed: SEED, numRuns: archives })) {
          await withArchive(await openSmall(), async (archive) => {
            const { catalog, datastoreId } = archive
            for (const each of writes.slice(0, 40)) await archive.apply(each)
            const order = [{ keyword: 'SeriesNumber', descending: false }]
            const before = archive.instances([], order).map((each) => each.name)
            const known = new Set(before)
            // Files that are stored again may get another number.
            const later = writes.slice(40).map((each) => ({ ...each, file: each.file + 5 }))
            const { names } = await allPages(async (after) => {
              const given = { datastoreId, criteria: [], order, limit: 3, rowsMax, offset: 0 }
              const page = await catalog.series.searchInstances({ ...given, ...(after !== undefined && { after }) })
              for (const each of later.splice(0, 3)) await archive.apply(each)
              return page
            }, instanceName)
            assert.equal(new Set(names).size, names.length, 'none is found twice')
            assert.deepEqual(names.filter((each) => known.has(each)).sort(), before.toSorted(), 'none is lost')
          })
        }
      }
    })
  })
}
