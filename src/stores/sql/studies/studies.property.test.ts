/** Compares searches for studies with their model, on random data with random criteria and orders, page by page, also while others write. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isSoak } from '../../../fixtures/soak.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import { countedIds, createDatastore, startJob } from '../../catalog/conformance/catalog.fixture.ts'
import type { FoundStudy, StudyPage } from '../../catalog/study-repository.ts'
import { catalogKinds } from '../../partitioned/catalog-kinds.fixture.ts'
import { SMALL_SIZES } from '../../search/small-sizes.fixture.ts'
import { criteria, ModelledStudies, type ModelledStudy, order, studyWrite } from './modelled-studies.fixture.ts'

const SEED = 20261127
const STUDIES = 30

/** Fewer on PostgreSQL, where each statement is a round trip. */
const STORES = { SQLite: 6, PostgreSQL: 1 }
/** Of catalogs with partitions. */
const PARTITIONED_STORES = { SQLite: 3, PostgreSQL: 1 }

async function withStudies(catalog: Catalog, check: (studies: ModelledStudies) => Promise<void>): Promise<void> {
  try {
    const neighbour = await createDatastore(catalog, 'neighbour')
    const lease = await startJob(catalog, { datastoreId: neighbour, name: 'neighbour' })
    const others = new ModelledStudies(catalog, neighbour, lease)
    for (let study = 0; study < 5; study++) await others.apply({ kind: 'import', study, series: 0, file: 0, by: 1 })
    const datastoreId = await createDatastore(catalog)
    await check(new ModelledStudies(catalog, datastoreId, await startJob(catalog, { datastoreId })))
  } finally {
    await catalog.close()
  }
}

const shownOf = ({ attributes, series, instances, updatedAt }: FoundStudy | ModelledStudy) => ({
  ...{ attributes, series, instances, updatedAt },
})

for (const { name, engine, partitions, skip, open } of await catalogKinds()) {
  const stores = (partitions === 1 ? STORES : PARTITIONED_STORES)[engine]
  const openSmall = () => open({ newId: countedIds(), sizes: SMALL_SIZES })
  describe(`studies on ${name}`, { skip: skip ?? false }, () => {
    test('a search finds the studies that its model finds, in the same order, page by page, and counts them', async () => {
      const runs = fc.tuple(
        fc.array(studyWrite(STUDIES), { minLength: 60, maxLength: 90 }),
        fc.array(fc.tuple(criteria, order, fc.integer({ min: 1, max: 7 })), { minLength: 60, maxLength: 60 }),
      )
      for (const [writes, searches] of fc.sample(runs, { seed: SEED, numRuns: isSoak ? 10 * stores : stores })) {
        await withStudies(await openSmall(), async (studies) => {
          for (const each of writes) await studies.apply(each)
          for (const [wanted, by, limit] of searches) {
            const { catalog, datastoreId } = studies
            const expected = studies.expected(wanted, by).map(shownOf)
            const found: FoundStudy[] = []
            let page: StudyPage | undefined
            do {
              page = await catalog.studies.search({
                ...{ datastoreId, criteria: wanted, order: by, limit, offset: 0, isCounted: true },
                ...(page?.next && { after: { position: page.next, snapshotVersion: page.snapshotVersion } }),
              })
              assert.equal(page.total, expected.length, JSON.stringify([wanted, by]))
              found.push(...page.rows)
            } while (page.next !== undefined)
            assert.deepEqual(found.map(shownOf), expected, JSON.stringify([wanted, by]))
            const offset = limit * 3 - 2
            const skipped = await catalog.studies.search({
              ...{ datastoreId, criteria: wanted, order: by, limit, offset, isCounted: false },
            })
            assert.deepEqual(skipped.rows.map(shownOf), expected.slice(offset, offset + limit))
          }
        })
      }
    })

    test('later pages read the studies of the first page, whatever is imported and deleted meanwhile', async () => {
      const runs = fc.tuple(
        fc.array(studyWrite(STUDIES), { minLength: 60, maxLength: 90 }),
        fc.array(fc.tuple(criteria, order, fc.array(studyWrite(STUDIES), { minLength: 12, maxLength: 12 })), {
          minLength: 8,
          maxLength: 8,
        }),
      )
      for (const [writes, searches] of fc.sample(runs, { seed: SEED, numRuns: isSoak ? 10 * stores : stores })) {
        await withStudies(await openSmall(), async (studies) => {
          for (const each of writes) await studies.apply(each)
          for (const [wanted, by, meanwhile] of searches) {
            const { catalog, datastoreId } = studies
            const expected = studies.expected(wanted, by)
            const found: FoundStudy[] = []
            let page: StudyPage | undefined
            const missing = new Set<number>()
            do {
              page = await catalog.studies.search({
                ...{ datastoreId, criteria: wanted, order: by, limit: 4, offset: 0, isCounted: false },
                ...(page?.next && { after: { position: page.next, snapshotVersion: page.snapshotVersion } }),
              })
              found.push(...page.rows)
              for (const each of meanwhile.splice(0, 3)) await studies.apply(each)
              const left = new Set(studies.studies().map(({ created }) => created))
              for (const { created } of expected) if (!left.has(created)) missing.add(created)
            } while (page.next !== undefined)
            // One that is deleted meanwhile may have been on an earlier page.
            const uids = new Set(found.map(({ attributes }) => attributes.StudyInstanceUID))
            const seen = expected.filter(
              ({ created, attributes }) => !missing.has(created) || uids.has(attributes.StudyInstanceUID),
            )
            assert.deepEqual(found.map(shownOf), seen.map(shownOf), JSON.stringify([wanted, by]))
          }
        })
      }
    })
  })
}
