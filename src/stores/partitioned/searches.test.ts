/** Which partitions searches and look-ups ask, and what they return if one of these fails. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Criterion } from '../../imaging/dicomweb-search/criteria.ts'
import type { Search } from '../../imaging/search/search.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { AT, createDatastore, importFiles, storedFile } from '../catalog/conformance/catalog.fixture.ts'
import type { SearchPosition } from '../catalog/series-repository.ts'
import type { StudyPosition } from '../catalog/study-repository.ts'
import { StoreUnavailable } from '../store-unavailable.ts'
import { failingCalls } from './failing-calls.fixture.ts'
import { partitionedCatalog } from './partitioned-catalog.ts'
import { inMemory, openServer, studyOf } from './partitions.fixture.ts'

const PARTITIONS = 3
const NEWEST_FIRST = { sortField: 'updatedAt', sortOrder: 'DESC' } as const
const EVERYTHING: Search = { filters: [], sort: NEWEST_FIRST }

async function opened(context: TestContext) {
  const { parts } = await openServer(context, { open: inMemory(), partitions: PARTITIONS })
  const calls = failingCalls(parts)
  const catalog = partitionedCatalog({
    control: calls.parts[0]!,
    open: async (number) => calls.parts[number]!,
    spread: PARTITIONS,
  })
  const datastoreId = await createDatastore(catalog)
  return { catalog, datastoreId, calls }
}

type Opened = Awaited<ReturnType<typeof opened>>

/** The partitions that the work asks; 0 is the control catalog. */
async function askedBy({ calls }: Opened, work: () => Promise<unknown>): Promise<readonly number[]> {
  calls.failAt(undefined, { failing: 'before the call', isLasting: false })
  await work()
  return [...new Set(calls.calls.map((call) => Number(call.split('.')[0])))].toSorted()
}

const study = (partition: number, name: number) => studyOf(partition, { of: PARTITIONS, name })

describe('what is asked for one study', () => {
  it('is its partition alone, on every page of SearchImageSets', async (context) => {
    const own = await opened(context)
    const { catalog, datastoreId } = own
    const uid = study(3, 1)
    const files = ['1', '2', '3'].map((key) => storedFile(key, { study: uid, series: `${uid}.${key}` }))
    await importFiles(catalog, { datastoreId, files: [storedFile('0', { study: study(1, 2) }), ...files] })
    const search: Search = { filters: [{ attribute: 'DICOMStudyInstanceUID', equals: uid }], sort: NEWEST_FIRST }
    let page: Awaited<ReturnType<Catalog['imageSets']['search']>> | undefined
    for (let found = 0; found < files.length; found++) {
      const last = page?.rows[0]
      const after = last && {
        after: { key: last.updatedAt, rowId: last.rowId },
        snapshotVersion: page!.snapshotVersion,
      }
      const asked = await askedBy(own, async () => {
        page = await catalog.imageSets.search({ datastoreId, search, limit: 1, ...after })
      })
      assert.deepEqual([asked, page?.rows.length, page?.visited.datastorePartitions], [[3], 1, [3]])
    }
    assert.deepEqual(
      await askedBy(own, () => catalog.imageSets.search({ datastoreId, search: EVERYTHING, limit: 9 })),
      [...[1, 2, 3]],
    )
  })

  it('is its partition alone, by DICOMweb', async (context) => {
    const own = await opened(context)
    const { catalog, datastoreId } = own
    const uid = study(2, 1)
    await importFiles(catalog, { datastoreId, files: [storedFile('1', { study: uid })] })
    const of = { datastoreId, studyInstanceUID: uid }
    const criteria: readonly Criterion[] = [{ keyword: 'StudyInstanceUID', match: { kind: 'equal', values: [uid] } }]
    const page = { datastoreId, order: [], offset: 0, limit: 10 }
    const asks: Readonly<Record<string, () => Promise<unknown>>> = {
      ofStudy: () => catalog.imageSets.ofStudy(of),
      idsOfStudy: () => catalog.imageSets.idsOfStudy({ ...of, max: 9 }),
      instancesOfSeries: () => catalog.imageSets.instancesOfSeries({ ...of, seriesInstanceUID: `${uid}.1` }),
      classesOfStudy: () => catalog.series.classesOfStudy(of),
      totals: () => catalog.series.totalsOfStudies({ datastoreId, studyInstanceUIDs: [uid] }),
      studies: () => catalog.studies.search({ ...page, criteria, isCounted: true }),
      series: () => catalog.series.searchSeries({ ...page, studyInstanceUIDs: [uid], criteria: [], rowsMax: 9 }),
    }
    for (const [name, ask] of Object.entries(asks)) assert.deepEqual(await askedBy(own, ask), [2], name)
  })
})

describe('a search of which a partition fails', () => {
  it('fails as a whole, whichever it is', async (context) => {
    const { catalog, datastoreId, calls } = await opened(context)
    const files = [1, 2, 3].map((partition) => storedFile(`${partition}`, { study: study(partition, 1) }))
    await importFiles(catalog, { datastoreId, files })
    const page = { datastoreId, criteria: [], order: [], offset: 0, limit: 10 }
    const first = await catalog.imageSets.search({ datastoreId, search: EVERYTHING, limit: 1 })
    const [{ updatedAt: key, rowId }] = first.rows as [(typeof first.rows)[number]]
    const { snapshotVersion } = first
    const searches = {
      'image sets': () => catalog.imageSets.search({ datastoreId, search: EVERYTHING, limit: 10 }),
      'a later page': () =>
        catalog.imageSets.search({
          datastoreId,
          search: EVERYTHING,
          limit: 10,
          after: { key, rowId },
          snapshotVersion,
        }),
      studies: () => catalog.studies.search({ ...page, isCounted: true }),
      series: () => catalog.series.searchSeries({ ...page, rowsMax: 10 }),
      instances: () => catalog.series.searchInstances({ ...page, rowsMax: 10 }),
    }
    for (const [name, search] of Object.entries(searches)) {
      for (const call of [0, 1, 2]) {
        calls.failAt(call, { failing: 'before the call', isLasting: false })
        await assert.rejects(search, StoreUnavailable, `${name}, call ${call}`)
        assert.equal((await search()).rows.length > 0, true)
      }
    }
  })
})

describe('a search for series or instances of which there are too many to sort', () => {
  for (const level of ['searchSeries', 'searchInstances'] as const) {
    it(`returns each once, page by page (${level})`, async (context) => {
      const { catalog, datastoreId } = await opened(context)
      // Each sixth matches, and most of these are in one partition.
      const files = Array.from({ length: 48 }, (_, at) => {
        const uid = study(at % 6 === 0 ? 1 + Number(at % 30 === 0) : 1 + (at % PARTITIONS), at)
        const modality = at % 6 === 0 ? 'MR' : 'CT'
        return storedFile(String(at).padStart(3, '0'), { study: uid, sop: `1.${at}`, modality })
      })
      const made: string[] = []
      for (const file of files) {
        const [each] = await importFiles(catalog, { datastoreId, files: [file], at: Number(file.key) })
        made.push(each!.imageSetId)
      }
      const criteria: readonly Criterion[] = [{ keyword: 'Modality', match: { kind: 'equal', values: ['MR'] } }]
      for (const [offset, limit] of [
        [0, 2],
        [3, 4],
      ] as const) {
        const found: string[] = []
        let after: SearchPosition | undefined
        do {
          const page: Awaited<ReturnType<Catalog['series']['searchSeries' | 'searchInstances']>> = await catalog.series[
            level
          ]({
            ...{ datastoreId, criteria, order: [], offset: after === undefined ? offset : 0, limit, rowsMax: 4 },
            ...(after !== undefined && { after }),
          })
          for (const row of page.rows) found.push(('series' in row ? row.series : row).imageSet.imageSetId)
          after = page.next
        } while (after !== undefined)
        const expected = made.filter((_, at) => at % 6 === 0)
        assert.deepEqual(found, expected.slice(offset))
      }
    })
  }
})

describe('a search for studies', () => {
  it('for named ones of several partitions asks these, on every page', async (context) => {
    const own = await opened(context)
    const { catalog, datastoreId } = own
    const named = [study(1, 1), study(3, 2)]
    const files = [...named, study(2, 3)].map((uid, at) => storedFile(`${at}`, { study: uid }))
    await importFiles(catalog, { datastoreId, files })
    const criteria: readonly Criterion[] = [{ keyword: 'StudyInstanceUID', match: { kind: 'equal', values: named } }]
    const found: string[] = []
    let after: { position: StudyPosition; snapshotVersion: number | readonly number[] } | undefined
    do {
      const asked = await askedBy(own, async () => {
        const { rows, next, snapshotVersion } = await catalog.studies.search({
          ...{ datastoreId, criteria, order: [], offset: 0, limit: 1, isCounted: after === undefined },
          ...(after !== undefined && { after }),
        })
        found.push(...rows.map(({ attributes }) => attributes.StudyInstanceUID))
        after = next && { position: next, snapshotVersion }
      })
      assert.deepEqual(asked, [1, 3])
    } while (after !== undefined)
    assert.deepEqual(found.toSorted(), named.toSorted())
  })
})

describe('a page of SearchImageSets', () => {
  const LIMIT = 51
  /** Image sets of each partition, a study of four after the other, published in turns. */
  const files = (shares: readonly number[], first = 0) =>
    shares.flatMap((share, at) =>
      Array.from({ length: share }, (_, number) => {
        const uid = study(at + 1, first + Math.floor(number / 4) * PARTITIONS + at)
        return storedFile(`${at} ${first + number}`, { study: uid, series: `${uid}.${number}` })
      }),
    )
  const idsOf = (page: Awaited<ReturnType<Catalog['imageSets']['search']>>) => page.rows.map((row) => row.imageSetId)

  for (const [shares, asked] of [
    [[80, 0, 0], '1123'],
    [[2, 60, 60], '123'],
    [[0, 0, 200], '1233'],
    [[20, 20, 20], '123'],
  ] as const) {
    it(`is whole where partitions have ${shares.join(', ')} image sets`, async (context) => {
      const own = await opened(context)
      const { catalog, datastoreId, calls } = own
      const all = files(shares)
      for (let turn = 0; turn < 5; turn++) {
        const some = all.filter((_, at) => at % 5 === turn)
        await importFiles(catalog, { datastoreId, files: some, at: AT + (turn % 3) })
      }
      const whole = await catalog.imageSets.search({ datastoreId, search: EVERYTHING, limit: 1_000 })
      const found: string[] = []
      let page: Awaited<ReturnType<Catalog['imageSets']['search']>> | undefined
      do {
        const last = page?.rows.at(-1)
        calls.failAt(undefined, { failing: 'before the call', isLasting: false })
        page = await catalog.imageSets.search({
          ...{ datastoreId, search: EVERYTHING, limit: LIMIT },
          ...(last !== undefined && {
            after: { key: last.updatedAt, rowId: last.rowId },
            snapshotVersion: page!.snapshotVersion,
          }),
        })
        if (last === undefined) {
          const searches = calls.calls.filter((call) => call.includes('imageSets.search')).map((call) => call[0])
          assert.equal(searches.toSorted().join(''), asked)
        }
        found.push(...idsOf(page))
      } while (page.rows.length === LIMIT)
      assert.equal(found.length, all.length)
      assert.deepEqual(found, idsOf(whole))
    })
  }

  it('is of one moment, whatever is published while a partition is asked for more', async (context) => {
    const { parts } = await openServer(context, { open: inMemory(), partitions: PARTITIONS })
    let publish: (() => Promise<unknown>) | undefined
    const first: Catalog = {
      ...parts[1]!,
      imageSets: {
        ...parts[1]!.imageSets,
        async search(request) {
          const page = await parts[1]!.imageSets.search(request)
          const publishOnce = publish
          publish = undefined
          await publishOnce?.()
          return page
        },
      },
    }
    const catalog = partitionedCatalog({
      control: parts[0]!,
      open: async (number) => (number === 1 ? first : parts[number]!),
      spread: PARTITIONS,
    })
    const datastoreId = await createDatastore(catalog)
    await importFiles(catalog, { datastoreId, files: files([60, 4, 4]) })
    const request = { datastoreId, search: EVERYTHING, limit: LIMIT }
    const before = idsOf(await catalog.imageSets.search(request))
    let isPublished = false
    publish = async () => {
      await importFiles(catalog, { datastoreId, files: files([8, 0, 0], 1_000), at: AT + 1_000 })
      isPublished = true
    }
    assert.deepEqual(idsOf(await catalog.imageSets.search(request)), before)
    assert.ok(isPublished)
    assert.notDeepEqual(idsOf(await catalog.imageSets.search(request)), before)
  })
})
