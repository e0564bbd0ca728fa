/**
 * SQLite's query plans of the statements that must stay fast on millions of rows. No search scans all rows, and none sorts.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { TEXT_ATTRIBUTES } from '../../contract/search-attributes.ts'
import type { Position, Search } from '../../imaging/search/search.ts'
import { AT, datastoreNamed, idOf, tokenOf } from '../catalog/conformance/catalog.fixture.ts'
import { CachedLeaves } from '../search/cached-leaves.ts'
import { newCachedPages } from '../search/cached-pages.ts'
import { INDEX_SIZES } from '../search/kd-tree/sizes.ts'
import { SearchUpkeep } from '../search/maintenance/update-index.ts'
import { search as searchOver } from '../search/search.ts'
import { CachedSummaries } from '../search/summaries.ts'
import { CachedWords } from '../search/words/cached-words.ts'
import { markUnreferencedBlobs, removeUses } from './blobs/blob-uses.ts'
import { blobsOver } from './blobs/blobs.ts'
import { datastoresOver } from './datastores/datastores.ts'
import { SQLITE } from './engine/differences.ts'
import { SqliteConnection } from './engine/sqlite/sqlite-connection.ts'
import { driveAtOnce, type Sql, type Statement, type TransactionFunction } from './engine/statement.ts'
import { rangeOfFrames } from './image-sets/frames.ts'
import { representativeInstance } from './image-sets/representative-instance.ts'
import { instancesOfSeries } from './image-sets/series-instances.ts'
import { idsOfStudy, imageSetsOfStudy } from './image-sets/study-image-sets.ts'
import { isOneWaiting, nextJob } from './imports/claim-job.ts'
import { unpublishedGroups } from './imports/import-files.ts'
import { primariesOfStudies } from './rows/grouping-columns.ts'
import { migrate } from './schema/migrate.ts'

const SORT_FIELDS = ['updatedAt', 'createdAt', 'DICOMStudyDateAndTime'] as const
const ORDERS = ['ASC', 'DESC'] as const

const sizes = INDEX_SIZES

async function smallCatalog(): Promise<SqliteConnection> {
  const connection = new SqliteConnection(':memory:', { readonly: false, timeoutMs: 0 })
  const upkeep = new SearchUpkeep({ sizes, dialect: SQLITE, name: 'test' })
  connection.drive(migrate({ dialect: SQLITE, upkeep }))
  const drive = async <T>(transaction: TransactionFunction<T>) => connection.drive(transaction())
  const datastores = datastoresOver({ read: drive, readOne: drive, write: drive, close: async () => {} })
  await datastores.create({ datastore: datastoreNamed('store'), tags: {}, token: tokenOf('t') })
  connection.command(`INSERT INTO image_sets (id_suffix, datastore, version, image_set_state, workflow_status, is_primary,
    created_at, updated_at, last_accessed_at, changed_in, study_timestamp, patient_id, instance_count, tags)
    VALUES ('', 1, 1, 'ACTIVE', 'CREATED', 1, ${AT}, ${AT}, ${AT}, 0, NULL, 'x', 1, '{}')`)
  connection.drive(upkeep.buildAll())
  return connection
}

/** The query plan of each statement that reads the table. */
function plansOf(connection: SqliteConnection, transaction: Sql<unknown>, table: RegExp): string[] {
  const statements: Statement[] = []
  driveAtOnce(transaction, (statement) => {
    statements.push(statement)
    return connection.execute(statement)
  })
  return statements
    .filter(({ text }) => table.test(text))
    .flatMap(({ text, values }) => connection.execute({ text: `EXPLAIN QUERY PLAN ${text}`, values }))
    .map((row) => String(row.detail))
}

function* searches(): Generator<Search> {
  for (const sortField of SORT_FIELDS) {
    for (const sortOrder of ORDERS) {
      const sort = { sortField, sortOrder }
      yield { filters: [], sort }
      yield { filters: [{ attribute: 'isPrimary', equals: true }], sort }
      for (const attribute of SORT_FIELDS) yield { filters: [{ attribute, from: 0, to: 2 * AT }], sort }
      for (const attribute of TEXT_ATTRIBUTES) yield { filters: [{ attribute, equals: 'x' }], sort }
    }
  }
}

describe('every search', async () => {
  const connection = await smallCatalog()
  /** Nothing is cached, so that every statement runs. */
  const newContext = () => ({
    dialect: SQLITE,
    leaves: new CachedLeaves(sizes),
    summaries: new CachedSummaries(sizes),
    pages: newCachedPages(),
    words: new CachedWords(sizes),
    sizes,
  })
  const plansOfSearch = (search: Search, place: { after?: Position; snapshotVersion?: number; count?: 'exact' }) =>
    plansOf(
      connection,
      searchOver({ datastoreId: idOf('store'), search, limit: 51, ...place }, newContext()),
      /FROM (image_sets|search_\w+)\b/,
    )

  for (const [name, place] of [
    ['the first page', {}],
    ['the first page with a total', { count: 'exact' }],
    ['a later page', { after: { key: AT - 1, rowId: 0 }, snapshotVersion: 0 }],
  ] as const) {
    test(`every statement for ${name} finds its rows by a key, and sorts nothing`, () => {
      for (const search of searches()) {
        const plans = plansOfSearch(search, place).filter((plan) => plan !== 'MULTI-INDEX OR')
        assert.ok(plans.length > 0)
        for (const plan of plans) assert.match(plan, /^SEARCH (image_sets|search_\w+) USING /)
      }
    })
  }

  test('a text is looked up in its index, and a short one only there', () => {
    for (const search of searches()) {
      if (search.filters[0] === undefined || !('equals' in search.filters[0])) continue
      if (search.filters[0].attribute === 'isPrimary') continue
      const plans = plansOfSearch(search, {})
      const lookup = /UID$/.test(search.filters[0].attribute)
        ? /^SEARCH image_sets USING INDEX image_sets_(study|series) \(datastore=\? AND \w+=\?\)/
        : /^SEARCH image_sets USING COVERING INDEX image_sets_(patient|accession|study_id) \(datastore=\? AND \w+=\?\)/
      assert.ok(plans.some((plan) => lookup.test(plan)))
    }
  })
})

describe('an import does not slow down', async () => {
  const connection = await smallCatalog()

  test('unpublished groups are found without scanning published ones', () => {
    const [plan, ...others] = plansOf(connection, unpublishedGroups(idOf('job'), 10), /FROM import_groups\b/)
    assert.match(plan!, /^SEARCH import_groups USING INDEX import_groups_by_image_set \(job=\? AND row_id=\?\)/)
    assert.ok(!others.some((each) => each.includes('ORDER BY')))
  })

  test('the next job is found among those that have not ended, and when their data stores were served, by an index', () => {
    const plans = plansOf(connection, nextJob(AT), /FROM import_jobs\b/)
    const reads = plans.filter((plan) => /import_jobs|unended|served/.test(plan))
    assert.ok(reads.length >= 3)
    for (const plan of reads) assert.match(plan, /INDEX import_jobs_(running|served)\b/)
    const [waiting] = plansOf(connection, isOneWaiting(AT), /FROM import_jobs\b/)
    assert.match(waiting!, /INDEX import_jobs_running\b/)
  })

  test('the image sets of a study are found by the study', () => {
    const plans = plansOf(connection, primariesOfStudies(1, ['1.2']), /FROM image_sets\b/)
    assert.match(
      plans.join(),
      /^SEARCH image_sets USING INDEX image_sets_study \(datastore=\? AND study_instance_uid=\?\)$/,
    )
  })
})

const ONE_FRAME = { datastoreId: 'd', imageSetId: '1'.padStart(32, '0'), framesKey: 'a'.repeat(24) }

test('frames are found by their key, without scanning the instances of the image set', async () => {
  const plans = plansOf(await smallCatalog(), rangeOfFrames(ONE_FRAME), /FROM instances\b/)
  assert.match(plans[0]!, /^SEARCH instances USING INDEX instances_by_frames \(frames_key=\?\)$/)
  assert.ok(!plans.some((plan) => plan.startsWith('SCAN')))
})

test('the instances of a series are found by the series or the study, or by the id of the image set', async () => {
  const connection = await smallCatalog()
  const series = { datastoreId: idOf('store'), studyInstanceUID: '1.2', seriesInstanceUID: '1.2.1' }
  const named = { imageSetId: '1'.padStart(32, '0') }
  for (const [wanted, ofImageSet, ofInstances] of [
    [{}, /^SEARCH image_sets USING INDEX image_sets_(series|study) \(datastore=\? AND \w+=\?\)$/, /\(row_id=\?\)$/],
    [named, /^SEARCH image_sets USING INTEGER PRIMARY KEY \(rowid=\?\)$/, /\(row_id=\?\)$/],
    [
      { sopInstanceUID: '1.2.1.1' },
      /^SEARCH image_sets USING INDEX image_sets_/,
      /\(row_id=\? AND sop_instance_uid=\?\)$/,
    ],
  ] as const) {
    const plans = plansOf(connection, instancesOfSeries({ ...series, ...wanted }), /FROM image_sets\b/)
    const searches = plans.filter((plan) => /image_sets|instances/.test(plan))
    assert.match(searches[0]!, ofImageSet)
    assert.match(searches[1]!, /^SEARCH instances USING PRIMARY KEY /)
    assert.match(searches[1]!, ofInstances)
    assert.ok(!plans.some((plan) => plan.startsWith('SCAN')))
  }
})

test('the image sets of a study are found by the study or the series, or by their id', async () => {
  const connection = await smallCatalog()
  const study = { datastoreId: idOf('store'), studyInstanceUID: '1.2' }
  const byKey = /^SEARCH image_sets USING INDEX image_sets_(series|study) \(datastore=\? AND \w+=\?\)$/
  for (const [wanted, expected] of [
    [{}, byKey],
    [{ seriesInstanceUID: '1.2.1' }, byKey],
    [{ imageSetId: '1'.padStart(32, '0') }, /^SEARCH image_sets USING INTEGER PRIMARY KEY \(rowid=\?\)$/],
  ] as const) {
    const plans = plansOf(connection, imageSetsOfStudy({ ...study, ...wanted }), /FROM image_sets\b/)
    assert.match(plans.find((plan) => plan.includes('image_sets'))!, expected)
    assert.ok(!plans.some((plan) => plan.startsWith('SCAN')))
  }
  for (const wanted of [{}, { seriesInstanceUID: '1.2.1' }]) {
    const plans = plansOf(connection, idsOfStudy({ ...study, ...wanted, max: 9 }), /FROM image_sets\b/)
    assert.match(plans.find((plan) => plan.includes('image_sets'))!, byKey)
  }
})

test('the representative of a study or a series is found without a scan of all image sets', async () => {
  const connection = await smallCatalog()
  const study = { datastoreId: idOf('store'), studyInstanceUID: '1.2' }
  for (const wanted of [
    study,
    { ...study, seriesInstanceUID: '1.2.1' },
    { ...study, imageSetId: '1'.padStart(32, '0') },
  ]) {
    const plans = plansOf(connection, representativeInstance(wanted), /FROM image_sets\b/)
    const searches = plans.filter((plan) => /image_sets|instances/.test(plan))
    assert.match(searches[0]!, /^SEARCH image_sets USING (?:INDEX image_sets_(?:study|series)|INTEGER PRIMARY KEY)/)
    assert.match(searches[1]!, /^SEARCH instances USING PRIMARY KEY /)
    assert.ok(!plans.some((plan) => plan.startsWith('SCAN')))
  }
})

test('blobs are marked, purged and verified without scanning a table', async () => {
  const connection = await smallCatalog()
  const plans: string[] = []
  const collectPlans = async (transaction: TransactionFunction<unknown>) => {
    plans.push(...plansOf(connection, transaction(), /./))
    return { last: undefined, imageSets: 0, uses: [] } as never
  }
  const blobs = blobsOver({ read: collectPlans, readOne: collectPlans, write: collectPlans, close: async () => {} })
  await blobs.listUnreferenced({ before: 1, now: 0, limit: 1 })
  await blobs.markPurged([{ blob: 1, blobKey: 'a' }], 1)
  await blobs.list({ after: 'a', limit: 1 })
  await blobs.get(['a', 'b'])
  await blobs.listDocuments({ after: { rowId: 1, version: 1 }, limit: 1 })
  await blobs.listUses({ after: 0, imageSets: 1 })
  plans.push(...plansOf(connection, markUnreferencedBlobs(1, 1), /./), ...plansOf(connection, removeUses(1, 1), /./))
  const accesses = plans.filter((plan) => /^(SCAN|SEARCH)/.test(plan))
  assert.ok(accesses.length >= 14)
  // Unreferenced blobs have an index of their own; `reached` and `reaches` are no tables.
  for (const plan of accesses)
    assert.match(plan, /^SEARCH |^SCAN (blobs USING INDEX blobs_unreferenced|reached|reaches)$/)
})
