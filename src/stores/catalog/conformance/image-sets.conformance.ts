/** Conformance of a catalog: image sets: instances, deletion, and searches whose pages are read while image sets change. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { positionOf, type Search } from '../../../imaging/search/search.ts'
import type { Catalog } from '../catalog.ts'
import type { SnapshotVersion } from '../search-repository.ts'
import type { OpenCatalog } from './catalog.conformance.ts'
import { AT, createDatastore, type FileValues, importFiles, storedFile, TOGETHER } from './catalog.fixture.ts'

const NEWEST_FIRST = { sortField: 'updatedAt', sortOrder: 'DESC' } as const
const DAY_MS = 24 * 3_600_000

/** Imports one image set in a new study and returns its id. */
async function imageSet(
  catalog: Catalog,
  datastoreId: string,
  { at = AT, ...values }: FileValues & { study: string; at?: number },
) {
  const [made] = await importFiles(catalog, { datastoreId, files: [storedFile('a', values)], at })
  return made!.imageSetId
}

export function testImageSets(open: OpenCatalog): void {
  const found = async (catalog: Catalog, datastoreId: string, search: Partial<Search>) => {
    const whole = { filters: [], sort: NEWEST_FIRST, ...search }
    const { rows } = await catalog.imageSets.search({ datastoreId, search: whole, limit: 100 })
    return rows.map((row) => row.imageSetId)
  }

  test('instances are sorted by SOPInstanceUID and have the ranges of their files', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const files = [
      { ...storedFile('a', { sop: '1.3', blobKey: 'x', sizeBytes: 5 * 1024 ** 3 }), offsetBytes: 7 },
      storedFile('b', { sop: '1.20' }),
    ]
    const [made] = await importFiles(catalog, { datastoreId, files })
    const place = { datastoreId, imageSetId: made!.imageSetId }
    assert.deepEqual(await catalog.imageSets.instances(place), [
      {
        sopInstanceUID: '1.20',
        sopClassUID: '1.2.840.10008.5.1.4.1.1.2',
        transferSyntaxUID: '1.2.840.10008.1.2.1',
        blobKey: 'blob',
        offsetBytes: 0,
        sizeBytes: 1_000,
      },
      {
        sopInstanceUID: '1.3',
        sopClassUID: '1.2.840.10008.5.1.4.1.1.2',
        transferSyntaxUID: '1.2.840.10008.1.2.1',
        blobKey: 'x',
        offsetBytes: 7,
        sizeBytes: 5 * 1024 ** 3,
      },
    ])
  })

  test('an id that is not an image set of the data store has no instances and cannot be deleted', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const other = await createDatastore(catalog, 'other')
    const imageSetId = await imageSet(catalog, datastoreId, { study: '1.1' })
    const lastDigitChanged = imageSetId.slice(0, -1) + (imageSetId.endsWith('0') ? '1' : '0')
    for (const place of [
      { datastoreId: other, imageSetId },
      { datastoreId: '0'.repeat(32), imageSetId },
      { datastoreId, imageSetId: lastDigitChanged },
      { datastoreId, imageSetId: 'z'.repeat(32) },
      { datastoreId, imageSetId: 'f'.repeat(32) },
    ]) {
      assert.deepEqual(await catalog.imageSets.instances(place), [])
      assert.equal(await catalog.imageSets.delete({ ...place, at: AT }), 'absent')
    }
    assert.deepEqual(await found(catalog, datastoreId, {}), [imageSetId])
  })

  test('a deleted image set is not found', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const imageSetId = await imageSet(catalog, datastoreId, { study: '1.1' })
    const kept = await imageSet(catalog, datastoreId, { study: '1.2' })
    assert.equal(await catalog.imageSets.delete({ datastoreId, imageSetId, at: AT }), 'deleted')
    assert.deepEqual(await found(catalog, datastoreId, {}), [kept])
    assert.deepEqual(await catalog.imageSets.instances({ datastoreId, imageSetId }), [])
    assert.equal(await catalog.imageSets.delete({ datastoreId, imageSetId, at: AT }), 'absent')
  })

  test('every attribute finds exactly its image set', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const wanted = await imageSet(catalog, datastoreId, {
      study: '1.1',
      series: '1.1.7',
      patientId: 'Pät %',
      accessionNumber: "O'1",
      studyId: 'S_',
    })
    await imageSet(catalog, datastoreId, {
      study: '1.2',
      patientId: 'pät %',
      accessionNumber: 'O1',
      studyId: 'SX',
      at: AT + 1,
    })
    for (const filter of [
      { attribute: 'DICOMPatientId', equals: 'Pät %' },
      { attribute: 'DICOMAccessionNumber', equals: "O'1" },
      { attribute: 'DICOMStudyId', equals: 'S_' },
      { attribute: 'DICOMStudyInstanceUID', equals: '1.1' },
      { attribute: 'DICOMSeriesInstanceUID', equals: '1.1.7' },
      { attribute: 'createdAt', from: AT, to: AT },
      { attribute: 'updatedAt', from: AT - 1, to: AT },
    ] as const) {
      assert.deepEqual(await found(catalog, datastoreId, { filters: [filter] }), [wanted], filter.attribute)
    }
  })

  test('two ranges of one attribute both apply, in either order, with any sort', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const ids: string[] = []
    for (const index of [0, 1, 2])
      ids.push(await imageSet(catalog, datastoreId, { study: `1.${index}`, at: AT + index }))
    const low = { attribute: 'createdAt', from: AT, to: AT + 1 } as const
    const high = { attribute: 'createdAt', from: AT + 1, to: AT + 2 } as const
    for (const sortField of ['createdAt', 'updatedAt'] as const) {
      for (const filters of [
        [low, high],
        [high, low],
      ]) {
        assert.deepEqual(await found(catalog, datastoreId, { filters, sort: { sortField, sortOrder: 'ASC' } }), [
          ids[1],
        ])
      }
    }
  })

  test('an empty text finds nothing, not even an absent value', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    await imageSet(catalog, datastoreId, { study: '1.1', patientId: null })
    assert.deepEqual(await found(catalog, datastoreId, { filters: [{ attribute: 'DICOMPatientId', equals: '' }] }), [])
  })

  test('study timestamps are exact, also at the ends of the calendar', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const ids = new Map<string, string>()
    for (const [index, date] of ['00010101', '19691231', '20260401', '99991231'].entries()) {
      ids.set(
        date,
        await imageSet(catalog, datastoreId, { study: `1.${index}`, studyDate: date, studyTime: '235959.999999' }),
      )
    }
    const sort = { sortField: 'DICOMStudyDateAndTime', sortOrder: 'DESC' } as const
    const search = { filters: [], sort }
    const { rows } = await catalog.imageSets.search({ datastoreId, search, limit: 10 })
    assert.deepEqual(
      rows.map((row) => row.imageSetId),
      [...ids.values()].reverse(),
    )
    for (const { imageSetId, DICOMStudyDateAndTime } of rows) {
      const exactly = {
        attribute: 'DICOMStudyDateAndTime',
        from: DICOMStudyDateAndTime!,
        to: DICOMStudyDateAndTime!,
      } as const
      assert.deepEqual(await found(catalog, datastoreId, { filters: [exactly] }), [imageSetId])
    }
    const studyTimestamp = rows[1]!.DICOMStudyDateAndTime!
    const micro = { attribute: 'DICOMStudyDateAndTime', from: studyTimestamp + 1, to: studyTimestamp + 1 } as const
    assert.deepEqual(await found(catalog, datastoreId, { filters: [micro] }), [])
  })

  test('a search in another or an unknown data store finds nothing', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    await imageSet(catalog, datastoreId, { study: '1.1' })
    assert.deepEqual(await found(catalog, await createDatastore(catalog, 'other'), {}), [])
    assert.deepEqual(await found(catalog, '0'.repeat(32), {}), [])
  })

  test('a search returns the status of the data store, and undefined if it does not exist', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const search = { filters: [], sort: NEWEST_FIRST }
    const datastoreOf = async (id: string) =>
      (await catalog.imageSets.search({ datastoreId: id, search, limit: 10 })).datastore
    assert.equal((await datastoreOf(datastoreId))?.datastoreStatus, 'ACTIVE')
    assert.equal(await datastoreOf('0'.repeat(32)), undefined)
    await catalog.datastores.beginDelete(datastoreId, AT + 1)
    const { datastoreStatus, updatedAt } = (await datastoreOf(datastoreId))!
    assert.deepEqual([datastoreStatus, updatedAt], ['DELETING', AT + 1])
  })

  test('later pages read the snapshot of the first page while image sets are added, changed and deleted', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const ids: string[] = []
    for (const index of [1, 2, 3, 4, 5, 6])
      ids.push(await imageSet(catalog, datastoreId, { study: `1.${index}`, at: AT + index }))
    const request = { datastoreId, search: { filters: [], sort: NEWEST_FIRST }, limit: 2 }
    const first = await catalog.imageSets.search(request)
    await imageSet(catalog, datastoreId, { study: '1.7', at: AT + 7 })
    await imageSet(catalog, datastoreId, { study: '1.2', at: AT + 8 })
    await imageSet(catalog, datastoreId, { study: '1.6', at: AT + 9 })
    await catalog.imageSets.delete({ datastoreId, imageSetId: ids[2]!, at: AT + 10 })
    const second = await catalog.imageSets.search({
      ...request,
      after: positionOf(request.search, first.rows[1]!),
      snapshotVersion: first.snapshotVersion,
    })
    const third = await catalog.imageSets.search({
      ...request,
      after: positionOf(request.search, second.rows[1]!),
      snapshotVersion: second.snapshotVersion,
    })
    const seen = [...first.rows, ...second.rows, ...third.rows].map((row) => [row.imageSetId, row.version])
    assert.deepEqual(
      seen,
      [ids[5], ids[4], ids[3], ids[1], ids[0]].map((id) => [id, 1]),
    )
  })

  test('a search that continues after more than a day reads the oldest snapshot that is kept', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const old = await imageSet(catalog, datastoreId, { study: TOGETHER[0], at: AT })
    await imageSet(catalog, datastoreId, { study: TOGETHER[1], at: AT + 1 })
    const request = { datastoreId, search: { filters: [], sort: NEWEST_FIRST }, limit: 1 }
    const first = await catalog.imageSets.search(request)
    await imageSet(catalog, datastoreId, { study: TOGETHER[0], at: AT + 2 })
    await imageSet(catalog, datastoreId, { study: TOGETHER[1], at: AT + 2 + DAY_MS + 1 })
    const second = await catalog.imageSets.search({
      ...request,
      after: positionOf(request.search, first.rows[0]!),
      snapshotVersion: first.snapshotVersion,
    })
    assert.deepEqual(second.rows, [])
    assert.notDeepEqual(second.snapshotVersion, first.snapshotVersion)
    const everything = await catalog.imageSets.search({ ...request, limit: 10, snapshotVersion: first.snapshotVersion })
    assert.ok(everything.rows.some((row) => row.imageSetId === old && row.version === 2))
  })

  test('later searches return the access time, which is recorded once an hour; pages of earlier snapshots do not', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const read = await imageSet(catalog, datastoreId, { study: '1.1', at: AT })
    const other = await imageSet(catalog, datastoreId, { study: '1.2', at: AT + 1 })
    const request = { datastoreId, search: { filters: [], sort: NEWEST_FIRST }, limit: 10 }
    const accessesOf = async (snapshotVersion?: SnapshotVersion) => {
      const { rows } = await catalog.imageSets.search({
        ...request,
        ...(snapshotVersion === undefined ? {} : { snapshotVersion }),
      })
      return Object.fromEntries(rows.map((row) => [row.imageSetId, row.lastAccessedAt]))
    }
    const { snapshotVersion } = await catalog.imageSets.search(request)
    const access = (at: number) => [{ datastoreId, imageSetId: read, at }]
    const hour = { unlessWithinMs: 3_600_000 }
    await catalog.imageSets.recordAccesses(access(AT + 3_599_999), hour)
    assert.deepEqual(await accessesOf(), { [read]: AT, [other]: AT + 1 })
    await catalog.imageSets.recordAccesses(
      [...access(AT + DAY_MS), { datastoreId, imageSetId: 'f'.repeat(32), at: 0 }],
      hour,
    )
    assert.deepEqual(await accessesOf(), { [read]: AT + DAY_MS, [other]: AT + 1 })
    assert.deepEqual(await accessesOf(snapshotVersion), { [read]: AT, [other]: AT + 1 })
    await catalog.imageSets.recordAccesses(access(AT + DAY_MS + 1_000), hour)
    assert.deepEqual(await accessesOf(), { [read]: AT + DAY_MS, [other]: AT + 1 })
    for await (const { differences } of catalog.searchIndex.verify()) assert.deepEqual(differences, [])
  })
}
