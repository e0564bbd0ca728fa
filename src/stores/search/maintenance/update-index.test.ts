/** The search index stays equal to the image sets, with several writing processes and after rollbacks. */
import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import Database from 'better-sqlite3-multiple-ciphers'
import { removeAtExit } from '../../../fixtures/remove-at-exit.ts'
import type { Search } from '../../../imaging/search/search.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import {
  AT,
  collected,
  createDatastore,
  documentsOf,
  importFiles,
  record,
  startJob,
  storedFile,
} from '../../catalog/conformance/catalog.fixture.ts'
import { openSqliteCatalog } from '../../sql/open-sqlite.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import { checkIndex } from '../search-index.fixture.ts'
import { SMALL_SIZES } from '../small-sizes.fixture.ts'

const SMALL: IndexSizes = { ...SMALL_SIZES, rebuildBatchRows: 50 }
const NEWEST_FIRST = { sortField: 'updatedAt', sortOrder: 'DESC' } as const
const ids = () => crypto.randomUUID().replaceAll('-', '')

async function newPath(_context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-index-'))
  removeAtExit(folder)
  return join(folder, 'catalog.sqlite')
}

async function openAt(context: TestContext, path: string, sizes = SMALL): Promise<Catalog> {
  const catalog = await openSqliteCatalog({ path, newId: ids, sizes })
  context.after(() => catalog.close())
  return catalog
}

/** Image sets in studies of their own, all of one patient; every `every`-th has study id 1. */
const filesOf = (
  name: number,
  { count, patientId = 'ANON', every = 2 }: { count: number; patientId?: string; every?: number },
) =>
  Array.from({ length: count }, (_, index) =>
    storedFile(`k${String(index).padStart(4, '0')}`, {
      study: `1.${name}.${index}`,
      patientId,
      accessionNumber: `A${name}.${index}`,
      studyId: index % every === 0 ? '1' : `S${name}.${index}`,
      studyDate: index % 7 === 0 ? null : `202601${String((index % 28) + 1).padStart(2, '0')}`,
      patientName: `Müller${'abcdefghijk'[index % 11]}^N${name}`,
    }),
  )

async function find(catalog: Catalog, datastoreId: string, filters: Search['filters']) {
  return catalog.imageSets.search({ datastoreId, search: { filters, sort: NEWEST_FIRST }, limit: 1_000 })
}

async function assertVerified(catalog: Catalog): Promise<void> {
  const verified = await collected(catalog.searchIndex.verify())
  assert.deepEqual(
    verified.flatMap(({ differences }) => differences),
    [],
  )
}

const ANON = { attribute: 'DICOMPatientId', equals: 'ANON' } as const

test('a text gets a partition when it becomes high-frequency, and loses it when few image sets are left', async (context) => {
  const path = await newPath(context)
  const catalog = await openAt(context, path)
  const datastoreId = await createDatastore(catalog)
  await importFiles(catalog, { datastoreId, files: filesOf(1, { count: 20 }) })
  assert.equal(checkIndex(path), 2)
  const scanned = await find(catalog, datastoreId, [ANON])
  const made = await importFiles(catalog, { datastoreId, files: filesOf(2, { count: 25 }), at: AT + 1 })
  assert.equal(checkIndex(path), 6, 'all, ANON and study id 1: primary image sets and others')
  const searched = await find(catalog, datastoreId, [ANON])
  assert.deepEqual([scanned.rows.length, searched.rows.length], [20, 45])
  assert.deepEqual(
    [searched.visited.strategy, scanned.visited.strategy],
    ['kd-tree leaves, best first', 'posting list'],
  )
  for (const { imageSetId } of [...made, ...searched.rows.slice(25, 36)]) {
    await catalog.imageSets.delete({ datastoreId, imageSetId, at: AT + 2 })
  }
  assert.equal(checkIndex(path), 2)
  assert.equal((await find(catalog, datastoreId, [ANON])).rows.length, 9)
})

test('two processes write one index in turns, and each sees at once what the other wrote', async (context) => {
  const path = await newPath(context)
  const [one, two] = [await openAt(context, path), await openAt(context, path)]
  const datastoreId = await createDatastore(one)
  for (let round = 0; round < 12; round++) {
    await importFiles(round % 2 === 0 ? one : two, { datastoreId, files: filesOf(round, { count: 9 }), at: AT + round })
    // An older study again: its entry moves to another leaf.
    await importFiles(round % 2 === 0 ? two : one, { datastoreId, files: filesOf(0, { count: 3 }), at: AT + round })
    for (const catalog of [one, two]) {
      assert.equal((await find(catalog, datastoreId, [])).rows.length, 9 * (round + 1))
      assert.equal((await find(catalog, datastoreId, [ANON])).rows.length, 9 * (round + 1))
    }
  }
  checkIndex(path)
  await assertVerified(one)
})

test('cached leaves and words of a transaction that was rolled back are dropped', async (context) => {
  const path = await newPath(context)
  const [one, two] = [await openAt(context, path), await openAt(context, path)]
  const datastoreId = await createDatastore(one)
  await importFiles(one, { datastoreId, files: filesOf(1, { count: 12 }) })
  // Publishes that share a transaction succeed, each on the leaves of the one before; then the commit fails.
  const outside = new Database(path)
  context.after(() => outside.close())
  outside.exec(`CREATE TABLE refused (job BIGINT REFERENCES import_jobs DEFERRABLE INITIALLY DEFERRED);
    CREATE TRIGGER refuse AFTER UPDATE OF row_id ON import_groups BEGIN INSERT INTO refused VALUES (-1); END`)
  const lease = await startJob(one, { datastoreId, name: 'rolled back' })
  await record(one, lease, filesOf(2, { count: 40 }))
  const groups = await one.importJobs.unpublishedGroups(lease.jobId, 100)
  const [documents] = await documentsOf(one, lease, groups)
  const rolledBack = await Promise.allSettled(
    groups.map((group) => one.importJobs.publish(lease, [group], AT + 1, documents!)),
  )
  assert.ok(rolledBack.length === 40 && rolledBack.every(({ status }) => status === 'rejected'))
  outside.exec('DROP TRIGGER refuse')
  // Both catalogs give the numbers that were rolled back again, to other leaves.
  for (const [round, catalog] of [two, one, two, one].entries()) {
    await importFiles(catalog, { datastoreId, files: filesOf(3 + round, { count: 15 }), at: AT + 2 + round })
    assert.equal((await find(one, datastoreId, [])).rows.length, 12 + 15 * (round + 1))
    checkIndex(path)
    await assertVerified(one)
  }
})

test('the index is rebuilt while image sets are imported, changed and deleted, and another process resumes the rebuild', async (context) => {
  const path = await newPath(context)
  const [one, two] = [await openAt(context, path), await openAt(context, path)]
  const datastoreId = await createDatastore(one)
  // Deletions leave leaves that are nearly empty.
  const first = await importFiles(one, { datastoreId, files: filesOf(1, { count: 260 }) })
  for (const { imageSetId } of first.slice(0, 90)) await two.imageSets.delete({ datastoreId, imageSetId, at: AT })
  const outside = new Database(path)
  context.after(() => outside.close())
  const leaves = outside.prepare<[], { first: number; last: number }>(
    'SELECT min(leaf) AS first, max(leaf) AS last FROM search_leaves',
  )
  const partitions = checkIndex(path)
  const { last } = leaves.get()!
  const meanwhile = async (round: number) => {
    await importFiles(two, { datastoreId, files: filesOf(10 + round, { count: 30 }), at: AT + round })
    // One that is rebuilt already, and one that is not.
    for (const each of [first[100 + round]!, first[250 - round]!]) {
      await one.imageSets.delete({ datastoreId, imageSetId: each.imageSetId, at: AT + round })
    }
    await importFiles(two, { datastoreId, files: filesOf(1, { count: 130 }).slice(125), at: AT + round })
    checkIndex(path)
    await assertVerified(two)
  }
  for await (const { done, of } of one.searchIndex.rebuild()) {
    assert.ok(done > 0 && done <= of)
    await meanwhile(1)
    break
  }
  await meanwhile(2)
  const reported: number[] = []
  for await (const { done } of two.searchIndex.rebuild()) {
    reported.push(done)
    await meanwhile(2 + reported.length)
  }
  assert.deepEqual(
    reported,
    reported.toSorted((a, b) => a - b),
  )
  assert.equal(checkIndex(path), partitions)
  for (const table of ['search_partitions', 'search_dictionaries']) {
    assert.deepEqual(outside.prepare(`SELECT * FROM ${table} WHERE state <> 'live'`).all(), [])
  }
  for (const table of ['search_tokens', 'search_postings', 'search_tail']) {
    const stray = `SELECT * FROM ${table} WHERE dictionary NOT IN (SELECT dictionary FROM search_dictionaries)`
    assert.deepEqual(outside.prepare(stray).all(), [])
  }
  assert.ok(leaves.get()!.first > last, 'every leaf is a new one')
  const rows = outside.prepare<[], { count: number }>(
    'SELECT count(*) AS count FROM image_sets WHERE deleted_at IS NULL',
  )
  const { total } = await one.imageSets.search({
    datastoreId,
    search: { filters: [], sort: NEWEST_FIRST },
    limit: 1,
    count: 'exact',
  })
  assert.equal(total, rows.get()!.count)
})

test('a rebuild restores a lost index', async (context) => {
  const path = await newPath(context)
  const catalog = await openAt(context, path)
  const datastoreId = await createDatastore(catalog)
  await importFiles(catalog, { datastoreId, files: filesOf(1, { count: 60 }) })
  const outside = new Database(path)
  context.after(() => outside.close())
  const partitions = checkIndex(path)
  outside.exec(`DELETE FROM search_entries; DELETE FROM search_leaves; DELETE FROM search_partitions; DELETE FROM search_postings;
    DELETE FROM search_tail; DELETE FROM search_tokens; DELETE FROM search_dictionaries`)
  assert.throws(() => checkIndex(path))
  for await (const _ of catalog.searchIndex.rebuild());
  assert.equal(checkIndex(path), partitions)
  await assertVerified(catalog)
})

test('a text that becomes high-frequency gets a token, and loses it when few are left', async (context) => {
  const path = await newPath(context)
  const catalog = await openAt(context, path)
  const datastoreId = await createDatastore(catalog)
  const outside = new Database(path)
  context.after(() => outside.close())
  const keys = () =>
    outside
      .prepare<[], { word_key: string }>(`SELECT word_key FROM search_tokens WHERE word_key < 'G' ORDER BY word_key`)
      .all()
      .map(({ word_key }) => word_key)
  const both = (patientId: string) =>
    catalog.imageSets.search({
      datastoreId,
      search: {
        filters: [
          { attribute: 'DICOMPatientId', equals: patientId },
          { attribute: 'DICOMStudyId', equals: '1' },
        ],
        sort: NEWEST_FIRST,
      },
      limit: 5,
      count: 'exact',
    })
  const made = await importFiles(catalog, { datastoreId, files: filesOf(1, { count: 24, patientId: 'A', every: 3 }) })
  await importFiles(catalog, { datastoreId, files: filesOf(2, { count: 36, patientId: 'B', every: 2 }), at: AT + 1 })
  assert.deepEqual(keys(), ['A=A', 'A=B', 'C=1'])
  for (const [patientId, total] of [
    ['A', 8],
    ['B', 18],
  ] as const) {
    const found = await both(patientId)
    assert.equal(found.total, total)
    assert.ok(found.visited.words !== undefined && found.rows.length === 5)
    assert.ok(found.rows.every(({ tags }) => JSON.parse(tags).DICOMPatientId === patientId))
  }
  await assertVerified(catalog)
  for (const { imageSetId } of made.slice(0, 16)) await catalog.imageSets.delete({ datastoreId, imageSetId, at: AT })
  assert.deepEqual(keys(), ['A=B', 'C=1'])
  assert.equal((await both('A')).visited.strategy, 'posting list')
  await assertVerified(catalog)
})
