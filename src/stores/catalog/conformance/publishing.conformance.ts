/** Conformance of a catalog: publishing groups of files: to which image set, as which version, with which instances. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import type { Catalog } from '../catalog.ts'
import type { FramesRange } from '../image-set-records.ts'
import type { ImageSetSummary } from '../search-repository.ts'
import type { OpenCatalog } from './catalog.conformance.ts'
import {
  AT,
  createDatastore,
  documentsOf,
  importFiles,
  publishAll,
  record,
  startJob,
  storedFile,
} from './catalog.fixture.ts'

/** All image sets of the data store, oldest first. */
async function imageSetsOf(catalog: Catalog, datastoreId: string): Promise<readonly ImageSetSummary[]> {
  const search = { filters: [], sort: { sortField: 'createdAt', sortOrder: 'ASC' } } as const
  const { rows } = await catalog.imageSets.search({ datastoreId, search, limit: 1_000 })
  return rows
}

async function blobsOf(catalog: Catalog, datastoreId: string, imageSetId: string): Promise<Record<string, string>> {
  const instances = await catalog.imageSets.instances({ datastoreId, imageSetId })
  return Object.fromEntries(instances.map(({ sopInstanceUID, blobKey }) => [sopInstanceUID, blobKey]))
}

export function testPublishing(open: OpenCatalog): void {
  test('a new series becomes a primary image set of version 1', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const files = [storedFile('a'), storedFile('b')]
    const [made] = await importFiles(catalog, { datastoreId, files, at: AT + 7 })
    assert.match(made!.imageSetId, /^[0-9a-f]{32}$/)
    assert.deepEqual([made!.imageSetVersion, made!.isPrimary, made!.numberOfMatchedSOPInstances], [1, true, 2])
    const [row] = await imageSetsOf(catalog, datastoreId)
    assert.equal(row!.imageSetId, made!.imageSetId)
    assert.deepEqual(
      [row!.version, row!.isPrimary, row!.createdAt, row!.updatedAt, row!.lastAccessedAt],
      [1, true, AT + 7, AT + 7, AT + 7],
    )
  })

  test('frames are found by their key, in every version of their image set and in no other image set', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const framesOf = (digit: string): FramesRange => ({
      ...{ framesKey: digit.repeat(24), frameCount: 3, storedTransferSyntaxUID: '1.2.840.10008.1.2.4.202' },
      ...{ blobKey: `frames-${digit}`, offsetBytes: 70, sizeBytes: 60, holds: 'table' },
    })
    const first = [
      storedFile('a', { sop: '1.1', blobKey: 'old', frames: framesOf('a') }),
      storedFile('b', { sop: '1.2' }),
    ]
    const again = [storedFile('a', { sop: '1.1', blobKey: 'new', frames: framesOf('b') })]
    const other = [storedFile('a', { study: '7.1', frames: framesOf('c') })]
    const [made] = await importFiles(catalog, { datastoreId, files: first })
    await importFiles(catalog, { datastoreId, files: again })
    const [another] = await importFiles(catalog, { datastoreId, files: other })
    const { imageSetId } = made!
    const find = (digit: string, place = { datastoreId, imageSetId }) =>
      catalog.imageSets.frames({ ...place, framesKey: digit.repeat(24) })
    for (const [digit, blobKey] of [
      ['a', 'old'],
      ['b', 'new'],
    ] as const) {
      const found = await find(digit)
      assert.deepEqual(found?.frames, framesOf(digit))
      assert.deepEqual([found?.file.sopInstanceUID, found?.file.blobKey], ['1.1', blobKey])
    }
    const parts = await catalog.imageSets.instanceRecords({ datastoreId, imageSetId, version: 2 })
    assert.deepEqual(parts.map(({ sopInstanceUID, frames }) => [sopInstanceUID, frames]).sort(), [
      ['1.1', framesOf('b')],
      ['1.2', undefined],
    ])
    assert.equal(await find('c'), undefined)
    assert.ok(await find('c', { datastoreId, imageSetId: another!.imageSetId }))
    assert.equal(await find('a', { datastoreId: await createDatastore(catalog, 'other'), imageSetId }), undefined)
  })

  test('nothing is visible before it is published', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const lease = await startJob(catalog, { datastoreId })
    await record(catalog, lease, [storedFile('a')])
    assert.deepEqual(await imageSetsOf(catalog, datastoreId), [])
  })

  test('importing a series again creates the next version: new instances are added, existing ones are replaced', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const first = [storedFile('a', { sop: '1.1', blobKey: 'old' }), storedFile('b', { sop: '1.2', blobKey: 'old' })]
    const again = [storedFile('a', { sop: '1.2', blobKey: 'new' }), storedFile('b', { sop: '1.3', blobKey: 'new' })]
    const [made] = await importFiles(catalog, { datastoreId, files: first })
    const [extended] = await importFiles(catalog, { datastoreId, files: again, at: AT + 50 })
    assert.deepEqual(extended, { ...made, imageSetVersion: 2, numberOfMatchedSOPInstances: 2 })
    assert.deepEqual(await blobsOf(catalog, datastoreId, made!.imageSetId), {
      '1.1': 'old',
      '1.2': 'new',
      '1.3': 'new',
    })
    const [row, ...others] = await imageSetsOf(catalog, datastoreId)
    assert.deepEqual(others, [])
    assert.deepEqual([row!.version, row!.createdAt, row!.updatedAt], [2, AT, AT + 50])
    assert.equal(JSON.parse(row!.tags).DICOMNumberOfStudyRelatedInstances, 3)
  })

  test('importing identical bytes again creates a new version with the same number of instances', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    for (const version of [1, 2, 3, 4]) {
      const [made] = await importFiles(catalog, { datastoreId, files: [storedFile('a'), storedFile('b')] })
      assert.deepEqual([made!.imageSetVersion, made!.numberOfMatchedSOPInstances], [version, 2])
    }
    const [row, ...others] = await imageSetsOf(catalog, datastoreId)
    assert.deepEqual(others, [])
    assert.equal(JSON.parse(row!.tags).DICOMNumberOfStudyRelatedInstances, 2)
    assert.equal((await catalog.imageSets.instances({ datastoreId, imageSetId: row!.imageSetId })).length, 2)
  })

  test('of files with the same SOPInstanceUID the last key counts, within a batch and across batches', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const lease = await startJob(catalog, { datastoreId })
    const file = (key: string) => storedFile(key, { sop: '1.1', blobKey: `blob of ${key}` })
    await record(catalog, lease, [file('a'), file('b')])
    await record(catalog, lease, [file('c'), storedFile('d', { sop: '1.2' })])
    const [made] = await publishAll(catalog, lease, AT)
    assert.equal(made!.numberOfMatchedSOPInstances, 2)
    assert.deepEqual(await blobsOf(catalog, datastoreId, made!.imageSetId), { '1.1': 'blob of c', '1.2': 'blob' })
  })

  test('the tags are those of the last file, with the two counts inserted', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const files = [storedFile('a', { patientName: 'OLD' }), storedFile('b', { patientName: 'NEW' })]
    await importFiles(catalog, { datastoreId, files })
    const [row] = await imageSetsOf(catalog, datastoreId)
    assert.equal(
      row!.tags,
      '{"DICOMPatientId":"PAT1","DICOMPatientName":"NEW","DICOMNumberOfStudyRelatedSeries":1,' +
        '"DICOMNumberOfStudyRelatedInstances":2,"DICOMAccessionNumber":"ACC1"}',
    )
  })

  test('a value that is absent stays absent and one that is null stays null', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const file = { ...storedFile('a'), tags: '{"DICOMPatientSex":null,"DICOMStudyTime":"101500"}' }
    await importFiles(catalog, { datastoreId, files: [file] })
    const [row] = await imageSetsOf(catalog, datastoreId)
    assert.equal(
      row!.tags,
      '{"DICOMPatientSex":null,"DICOMNumberOfStudyRelatedSeries":1,"DICOMNumberOfStudyRelatedInstances":1,"DICOMStudyTime":"101500"}',
    )
  })

  test('another study or another series with equal values becomes another image set', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const files = [
      storedFile('a', { study: '1.1' }),
      storedFile('b', { study: '1.2' }),
      storedFile('c', { study: '1.2', series: '1.2.9' }),
    ]
    const made = await importFiles(catalog, { datastoreId, files })
    assert.deepEqual(
      made.map((each) => each.isPrimary),
      [true, true, true],
    )
    assert.equal(new Set(made.map((each) => each.imageSetId)).size, 3)
  })

  test('a group that conflicts with the primary image sets of its study becomes one non-primary image set for each job', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const [primary] = await importFiles(catalog, { datastoreId, files: [storedFile('a')] })
    const conflicting = storedFile('a', { patientId: 'PAT2' })
    const [once] = await importFiles(catalog, { datastoreId, files: [conflicting] })
    const [twice] = await importFiles(catalog, { datastoreId, files: [conflicting] })
    assert.deepEqual([once!.isPrimary, once!.imageSetVersion], [false, 1])
    assert.deepEqual([twice!.isPrimary, twice!.imageSetVersion], [false, 1])
    assert.equal(new Set([primary, once, twice].map((each) => each!.imageSetId)).size, 3)
    const [matching] = await importFiles(catalog, { datastoreId, files: [storedFile('z')] })
    assert.deepEqual([matching!.imageSetId, matching!.imageSetVersion], [primary!.imageSetId, 2])
  })

  test('of two conflicting groups in one job the one with the first key is primary', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const files = ['a', 'b', 'c', 'd'].map((key, index) => storedFile(key, { patientId: `PAT${index % 2}` }))
    const made = await importFiles(catalog, { datastoreId, files })
    assert.deepEqual(
      made.map((each) => [each.isPrimary, each.numberOfMatchedSOPInstances]),
      [
        [true, 2],
        [false, 2],
      ],
    )
  })

  test('an absent value equals only an absent value', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const none = { patientId: null, accessionNumber: null, studyId: null, studyDate: null, seriesNumber: null }
    await importFiles(catalog, { datastoreId, files: [storedFile('a', none)] })
    const [again] = await importFiles(catalog, { datastoreId, files: [storedFile('b', none)] })
    assert.deepEqual([again!.isPrimary, again!.imageSetVersion], [true, 2])
    const [other] = await importFiles(catalog, { datastoreId, files: [storedFile('c', { ...none, studyId: '0' })] })
    assert.equal(other!.isPrimary, false)
  })

  test('texts of the maximum length are stored, distinguished and found', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    // Three bytes of UTF-8 each, random so that a database cannot compress them.
    const long = (name: string) =>
      Array.from({ length: 256 }, (_, at) => {
        const digest = createHash('sha256').update(`${name} ${at}`).digest()
        return String.fromCodePoint(0x4e00 + (digest.readUInt16BE(0) % 0x5000))
      }).join('')
    const values = {
      study: long('study'),
      series: long('series'),
      sop: long('sop'),
      patientId: long('patient'),
      accessionNumber: long('accession'),
      studyId: long('study id'),
      seriesNumber: long('series number'),
    }
    const [made] = await importFiles(catalog, { datastoreId, files: [storedFile('a', values)] })
    const [again] = await importFiles(catalog, { datastoreId, files: [storedFile('b', values)] })
    assert.deepEqual([again!.imageSetId, again!.imageSetVersion], [made!.imageSetId, 2])
    const nearly = { ...values, seriesNumber: `${values.seriesNumber.slice(0, -1)}1` }
    const [other] = await importFiles(catalog, { datastoreId, files: [storedFile('c', nearly)] })
    assert.equal(other!.isPrimary, false)
    for (const [attribute, equals] of [
      ['DICOMPatientId', values.patientId],
      ['DICOMAccessionNumber', values.accessionNumber],
      ['DICOMStudyId', values.studyId],
      ['DICOMStudyInstanceUID', values.study],
      ['DICOMSeriesInstanceUID', values.series],
    ] as const) {
      const sort = { sortField: 'createdAt', sortOrder: 'ASC' } as const
      const search = { filters: [{ attribute, equals }], sort }
      const { rows } = await catalog.imageSets.search({ datastoreId, search, limit: 10 })
      assert.deepEqual(
        rows.map(({ imageSetId }) => imageSetId),
        [made!.imageSetId, other!.imageSetId],
      )
    }
  })

  test('other data stores and deleted image sets have no effect on grouping', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const [first] = await importFiles(catalog, { datastoreId, files: [storedFile('a', { patientId: 'WRONG' })] })
    await catalog.imageSets.delete({ datastoreId, imageSetId: first!.imageSetId, at: AT })
    for (const store of [datastoreId, await createDatastore(catalog, 'other')]) {
      const [made] = await importFiles(catalog, { datastoreId: store, files: [storedFile('a')] })
      assert.deepEqual([made!.isPrimary, made!.imageSetVersion], [true, 1])
      assert.notEqual(made!.imageSetId, first!.imageSetId)
    }
  })

  test('publishing a group twice creates one image set with one version', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const lease = await startJob(catalog, { datastoreId })
    await record(catalog, lease, [storedFile('a')])
    const [group] = await catalog.importJobs.unpublishedGroups(lease.jobId, 1)
    const [documents] = await documentsOf(catalog, lease, [group!])
    const publish = (at: number) => catalog.importJobs.publish(lease, [group!], at, documents!)
    const once = await publish(AT)
    const [twice, thrice] = await Promise.all([publish(AT + 1), publish(AT + 2)])
    assert.deepEqual(twice, once)
    assert.deepEqual(thrice, once)
    const [row] = await imageSetsOf(catalog, datastoreId)
    assert.deepEqual([row!.version, row!.updatedAt], [1, AT])
  })

  test('files that are recorded after their group was published extend the image set', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const lease = await startJob(catalog, { datastoreId })
    await record(catalog, lease, [storedFile('a')])
    const [made] = await publishAll(catalog, lease, AT)
    await record(catalog, lease, [storedFile('b')])
    const [extended] = await publishAll(catalog, lease, AT)
    assert.deepEqual(extended, { ...made, imageSetVersion: 2 })
    assert.equal((await catalog.imageSets.instances({ datastoreId, imageSetId: made!.imageSetId })).length, 2)
  })

  test('updatedAt does not decrease when the clock is set back', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    await importFiles(catalog, { datastoreId, files: [storedFile('a')], at: AT + 1_000 })
    await importFiles(catalog, { datastoreId, files: [storedFile('b')], at: AT })
    const [row] = await imageSetsOf(catalog, datastoreId)
    assert.deepEqual([row!.version, row!.createdAt, row!.updatedAt], [2, AT + 1_000, AT + 1_000])
  })

  test('many groups published together get increasing ids', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const files = Array.from({ length: 400 }, (_, index) =>
      storedFile(`k${String(index).padStart(4, '0')}`, {
        study: `1.2.${index}`,
        series: `1.2.${index}.1`,
        sop: `1.2.${index}.1.1`,
      }),
    )
    const made = await importFiles(catalog, { datastoreId, files })
    const ids = made.map((each) => each.imageSetId)
    assert.deepEqual(ids, [...new Set(ids)].sort())
    assert.deepEqual(
      (await imageSetsOf(catalog, datastoreId)).map((row) => row.imageSetId),
      ids,
    )
  })
}
