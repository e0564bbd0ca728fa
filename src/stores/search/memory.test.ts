/**
 * The caches of searches while another process writes: every page equals that of a catalog that was just opened, with empty caches. Started
 * with a path as its argument, this file is the writing process.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { TEXT_ATTRIBUTES } from '../../contract/search-attributes.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import type { Search } from '../../imaging/search/search.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { AT, createDatastore, importFiles, storedFile, uniqueIds } from '../catalog/conformance/catalog.fixture.ts'
import type { ImageSetSummary, SearchPage } from '../catalog/search-repository.ts'
import { openSqliteCatalog } from '../sql/open-sqlite.ts'
import type { Texts } from '../sql/rows/search-columns.ts'
import { newCachedPages } from './cached-pages.ts'
import { INDEX_SIZES } from './kd-tree/sizes.ts'
import { CachedSummaries } from './summaries.ts'

const SIZES = { ...INDEX_SIZES, leafEntriesMax: 16, highFrequencyFrom: 24, highFrequencyUntil: 8 }
const STUDIES = 60
const ROUNDS = 25
const path = process.argv[2]

type WriteRequest = { readonly datastoreId: string; readonly round: number; readonly deleteImageSetId?: string }

const NEWEST = { sortField: 'updatedAt', sortOrder: 'DESC' } as const
const OLDEST_STUDY = { sortField: 'DICOMStudyDateAndTime', sortOrder: 'ASC' } as const
const SEARCHES: readonly Search[] = [
  { filters: [], sort: NEWEST },
  { filters: [{ attribute: 'DICOMPatientId', equals: 'ANON' }], sort: NEWEST },
  { filters: [{ attribute: 'DICOMPatientId', equals: 'P7' }], sort: OLDEST_STUDY },
  { filters: [{ attribute: 'updatedAt', from: AT - 10, to: AT + 2 * ROUNDS }], sort: OLDEST_STUDY },
]

if (path !== undefined) await serveWrites(path)
else {
  test('a search sees what another process committed before it', { timeout: 120_000 }, async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'hilum-memory-'))
    removeAtExit(folder)
    const at = join(folder, 'catalog.sqlite')
    const catalog = await openSqliteCatalog({ path: at, newId: uniqueIds(), sizes: SIZES })
    context.after(() => catalog.close())
    const datastoreId = await createDatastore(catalog)
    await importFiles(catalog, { datastoreId, files: studies(Array.from({ length: STUDIES }, (_, study) => study)) })
    const writer = fork(import.meta.filename, [at])
    context.after(() => writer.kill())

    let [last] = await pagesOf(catalog, datastoreId)
    for (let round = 0; round < ROUNDS; round++) {
      const deleteImageSetId = last!.rows.at(round % 7)!.imageSetId
      await requestWrite(writer, { datastoreId, round, ...(round % 3 === 0 ? { deleteImageSetId } : {}) })
      const fresh = await openSqliteCatalog({ path: at, newId: uniqueIds(), sizes: SIZES })
      const expected = await pagesOf(fresh, datastoreId)
      await fresh.close()
      const pages = await pagesOf(catalog, datastoreId)
      assert.deepEqual(pages, expected)
      // Again, from the caches.
      assert.deepEqual(await pagesOf(catalog, datastoreId), expected)
      assert.notDeepEqual(pages[0], last, 'the writer has committed something')
      last = pages[0]
    }
  })

  test('searches that are forgotten read the catalog again, and searches of other data stores do not', async (context) => {
    const catalog = await openSqliteCatalog({ path: ':memory:', newId: uniqueIds(), sizes: SIZES })
    context.after(() => catalog.close())
    const [datastoreId, other] = [await createDatastore(catalog), await createDatastore(catalog, 'other')]
    for (const each of [datastoreId, other]) {
      await importFiles(catalog, {
        datastoreId: each,
        files: studies(Array.from({ length: STUDIES }, (_, study) => study)),
      })
    }
    const before = { forgotten: await pagesOf(catalog, datastoreId), other: await pagesOf(catalog, other) }
    catalog.imageSets.forgetSearches(datastoreId)
    const after = { forgotten: await pagesOf(catalog, datastoreId), other: await pagesOf(catalog, other) }
    assert.deepEqual(after, before)
    // A summary that is in memory is the same object.
    assert.notEqual(after.forgotten[0]!.rows[0], before.forgotten[0]!.rows[0])
    assert.equal(after.other[0]!.rows[0], before.other[0]!.rows[0])
  })

  describe('cached pages', () => {
    const page = { rows: [] as ImageSetSummary[], visited: {} as SearchPage['visited'], snapshotVersion: 7 }
    const ofRows = (rows: number) => ({ ...page, rows: Array.from({ length: rows }, () => ({}) as ImageSetSummary) })

    test('are valid for the change they were found at and no other', () => {
      const pages = newCachedPages()
      pages.keep('worklist', { datastoreId: 'store', change: 7, answer: page })
      assert.equal(pages.get('worklist', 7), page)
      for (const change of [6, 8]) assert.equal(pages.get('worklist', change), undefined)
      assert.equal(pages.get('another', 7), undefined)
    })

    test('of a data store are forgotten, and those of others stay', () => {
      const pages = newCachedPages()
      for (const datastoreId of ['store', 'other']) pages.keep(datastoreId, { datastoreId, change: 7, answer: page })
      pages.forget('store')
      assert.equal(pages.get('store', 7), undefined)
      assert.equal(pages.get('other', 7), page)
    })

    for (const { what, answer, most } of [
      { what: 'pages', answer: page, most: 512 },
      { what: 'rows', answer: ofRows(64), most: 64 },
    ]) {
      test(`are limited by their ${what}, and those in use stay`, () => {
        const pages = newCachedPages()
        pages.keep('worklist', { datastoreId: 'store', change: 7, answer })
        for (let count = 0; count < 600; count++) {
          pages.keep(`search ${count}`, { datastoreId: 'store', change: 7, answer })
          assert.equal(pages.get('worklist', 7), answer)
        }
        const kept = Array.from({ length: 600 }, (_, count) => pages.get(`search ${count}`, 7)).filter(Boolean)
        assert.equal(kept.length, most - 1)
        // One that is kept again counts once, and those of a data store that is forgotten leave their room to others.
        for (let count = 0; count < 600; count++) pages.keep('worklist', { datastoreId: 'store', change: 8, answer })
        assert.equal(pages.get('search 599', 7), answer)
        pages.forget('store')
        for (let count = 0; count < most; count++)
          pages.keep(`other ${count}`, { datastoreId: 'other', change: 7, answer })
        assert.equal(pages.get('other 0', 7), answer)
      })
    }
  })

  describe('cached summaries', () => {
    const kept = (rowId: number, tags = '{}') => ({
      texts: Object.fromEntries(TEXT_ATTRIBUTES.map((attribute) => [attribute, null])) as Texts,
      answer: { rowId, tags } as ImageSetSummary,
      datastoreId: 'store',
      upTo: 0,
    })

    test('are limited by their bytes, and those in use stay', () => {
      const summaries = new CachedSummaries({ summaryBytesInMemory: 100_000 })
      const tags = JSON.stringify({ DICOMStudyDescription: 'x'.repeat(500) })
      summaries.keep(0, kept(0, tags))
      for (let rowId = 1; rowId < 1_000; rowId++) {
        summaries.keep(rowId, kept(rowId, tags))
        assert.ok(summaries.get(0), 'a summary in use stays')
      }
      const left = Array.from({ length: 1_000 }, (_, rowId) => rowId).filter(
        (rowId) => summaries.get(rowId) !== undefined,
      )
      assert.ok(left.length > 20 && left.length <= 51, `${left.length} of 2,000 bytes each`)
    })

    test('of a data store are forgotten in both generations, and those of others stay', () => {
      const summaries = new CachedSummaries({ summaryBytesInMemory: 10_000 })
      for (let rowId = 0; rowId < 12; rowId++) {
        summaries.keep(rowId, { ...kept(rowId), datastoreId: rowId % 2 === 0 ? 'store' : 'other' })
      }
      const before = Array.from({ length: 12 }, (_, rowId) => rowId).filter((rowId) => summaries.get(rowId))
      assert.ok(before.some((rowId) => rowId % 2 === 0))
      summaries.forget('store')
      for (const rowId of before) assert.equal(summaries.get(rowId) !== undefined, rowId % 2 === 1, `${rowId}`)
    })

    test('count once when they are replaced', () => {
      const summaries = new CachedSummaries({ summaryBytesInMemory: 10_000 })
      summaries.keep(1, kept(1))
      for (let times = 0; times < 100; times++) summaries.keep(2, kept(2))
      assert.ok(summaries.get(1))
    })
  })
}

function studies(numbers: readonly number[]) {
  return numbers.map((study) =>
    storedFile(`k${String(study).padStart(4, '0')}`, {
      study: `1.${study}`,
      series: `1.${study}.1`,
      patientId: study % 2 === 0 ? 'ANON' : `P${study % 9}`,
      studyDate: `202601${String((study % 28) + 1).padStart(2, '0')}`,
    }),
  )
}

const pagesOf = (catalog: Catalog, datastoreId: string): Promise<SearchPage[]> =>
  Promise.all(SEARCHES.map((search) => catalog.imageSets.search({ datastoreId, search, limit: 51 })))

async function requestWrite(writer: ChildProcess, request: WriteRequest): Promise<void> {
  writer.send(request)
  await once(writer, 'message')
}

/** Each round extends some studies, imports new ones, or deletes an image set. */
async function serveWrites(at: string): Promise<void> {
  const catalog = await openSqliteCatalog({ path: at, newId: uniqueIds(), sizes: SIZES })
  process.on('message', async ({ datastoreId, round, deleteImageSetId }: WriteRequest) => {
    if (deleteImageSetId === undefined) {
      const files = studies([(round * 7) % STUDIES, (round * 11 + 1) % STUDIES, STUDIES + round])
      await importFiles(catalog, { datastoreId, files, at: AT + 1 + round })
    } else await catalog.imageSets.delete({ datastoreId, imageSetId: deleteImageSetId, at: AT + 1 + round })
    process.send!('committed')
  })
}
