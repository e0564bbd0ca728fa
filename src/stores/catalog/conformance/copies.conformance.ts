/** Conformance of a catalog: copies: when they are visible, that they share bytes, and which can be primary. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenCatalog } from './catalog.conformance.ts'
import { AT, createDatastore, type FileValues, importFiles } from './catalog.fixture.ts'
import {
  begin,
  claim,
  copyOf,
  describedFile,
  ELEMENTS,
  endOf,
  get,
  instanceUIDsOf,
  search,
  statusOf,
  update,
  versionOf,
  withImageSet,
} from './workflow.fixture.ts'

export function testCopies(open: OpenCatalog): void {
  test('only GetImageSet finds a copy before it is complete; the copy shares all bytes', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    const [created, source] = await begin(catalog, datastoreId, copyOf(imageSetId, 1))
    assert.deepEqual(
      [...statusOf(created)!, created!.role, created!.isPrimary],
      [1, 'LOCKED', 'COPYING', 'created', false],
    )
    assert.deepEqual(
      [source!.imageSetId, ...statusOf(source)!, source!.role],
      [imageSetId, 1, 'LOCKED', 'COPYING_WITH_READ_ONLY_ACCESS', 'source'],
    )
    const copy = { datastoreId, imageSetId: created!.imageSetId }
    assert.deepEqual(statusOf(await get(catalog, copy)), [1, 'LOCKED', 'COPYING'])
    assert.equal((await search(catalog, datastoreId)).length, 1)
    assert.equal(await catalog.imageSets.document(copy), 'copying')

    const { lease, imageSets } = await claim(catalog)
    assert.deepEqual(imageSets, [created, source])
    const from = { imageSetId, version: 1 }
    const version = versionOf(copy.imageSetId, {
      attributes: { sharedWith: from },
      instances: { kind: 'added', from, sopInstanceUIDs: undefined },
    })
    assert.equal(await catalog.workflows.complete(lease, endOf([version], AT + 9_000)), 'completed')
    assert.deepEqual(statusOf(await get(catalog, copy)), [1, 'ACTIVE', 'COPIED'])
    assert.deepEqual(statusOf(await get(catalog, { datastoreId, imageSetId })), [1, 'ACTIVE', 'COPIED'])
    assert.deepEqual(
      (await search(catalog, datastoreId)).map((row) => [row.imageSetId, row.isPrimary, row.createdAt, row.updatedAt]),
      [
        [copy.imageSetId, false, AT + 1_000, AT + 9_000],
        [imageSetId, true, AT, AT],
      ],
    )
    assert.deepEqual(
      await catalog.imageSets.instanceRecords({ ...copy, version: 1 }),
      await catalog.imageSets.instanceRecords({ datastoreId, imageSetId, version: 1 }),
    )
    for await (const { differences } of catalog.searchIndex.verify()) assert.deepEqual(differences, [])
  })

  test('a copy into an image set is its next version, with the requested instances', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    const files = [
      describedFile('y', { seriesNumber: '7', sop: '1.8' }),
      describedFile('z', { seriesNumber: '7', sop: '1.9' }),
    ]
    const [conflicting] = await importFiles(catalog, { datastoreId, files })
    assert.equal(conflicting!.isPrimary, false)
    const source = { imageSetId: conflicting!.imageSetId, version: 1 }
    const destination = { imageSetId, version: 1 }
    await begin(catalog, datastoreId, copyOf(source.imageSetId, 1, { destination, sopInstanceUIDs: ['1.9'] }))
    assert.deepEqual(statusOf(await get(catalog, { datastoreId, imageSetId })), [2, 'LOCKED', 'COPYING'])
    const { lease } = await claim(catalog)
    const instances = { kind: 'added', from: source, sopInstanceUIDs: ['1.9'] } as const
    await catalog.workflows.complete(lease, endOf([versionOf(imageSetId, { instances })], AT + 2_000))
    assert.deepEqual(await instanceUIDsOf(catalog, { datastoreId, imageSetId }, 2), ['1.1', '1.2', '1.3', '1.9'])
    assert.deepEqual(await instanceUIDsOf(catalog, { datastoreId, imageSetId }, 1), ['1.1', '1.2', '1.3'])
    assert.deepEqual(statusOf(await get(catalog, { datastoreId, imageSetId })), [2, 'ACTIVE', 'COPIED'])
  })

  test('a failed copy does not change its source, and searches do not find the copy', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    const [created] = await begin(catalog, datastoreId, copyOf(imageSetId, 1))
    const { lease } = await claim(catalog)
    await catalog.workflows.fail(lease, { message: 'Too large', at: AT })
    assert.deepEqual(statusOf(await get(catalog, { datastoreId, imageSetId })), [1, 'ACTIVE', 'CREATED'])
    const failed = await get(catalog, { datastoreId, imageSetId: created!.imageSetId })
    assert.deepEqual([...statusOf(failed)!, failed!.message], [1, 'ACTIVE', 'COPY_FAILED', 'Too large'])
    assert.equal((await search(catalog, datastoreId)).length, 1)
    await begin(catalog, datastoreId, { operation: 'DeleteImageSet', imageSetId: created!.imageSetId })
    await catalog.workflows.completeDeletion((await claim(catalog)).lease, AT + 1)
    assert.deepEqual(statusOf(await get(catalog, { datastoreId, imageSetId: created!.imageSetId })), [
      ...[1, 'DELETED', 'DELETED'],
    ])
  })

  test('a promotion creates a primary image set, unless its series has one or it conflicts with its study', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    const importOne = async (key: string, values: FileValues) =>
      (await importFiles(catalog, { datastoreId, files: [describedFile(key, values)] }))[0]!
    const ofPatient = await importOne('p', { series: '1.2.3.2', sop: '1.7', patientId: 'OTHER', studyId: 'S2' })
    assert.equal(ofPatient.isPrimary, false)
    const promote = (id: string) => copyOf(id, 1, { promoteToPrimary: true })
    const refused = await catalog.workflows.begin({ datastoreId, request: promote(ofPatient.imageSetId), at: AT })
    assert.deepEqual(refused, { outcome: 'conflicts', attributes: ['PatientID', 'StudyID'] })
    assert.deepEqual(await catalog.workflows.begin({ datastoreId, request: promote(imageSetId), at: AT }), {
      ...{ outcome: 'series-has-primary', imageSetId },
    })

    const grouping = { ...ELEMENTS, SeriesInstanceUID: '1.2.3.2' }
    await update(catalog, { datastoreId, imageSetId: ofPatient.imageSetId }, { from: 1, grouping })
    const source = { imageSetId: ofPatient.imageSetId, version: 2 }
    const request = { ...promote(source.imageSetId), source }
    const [created] = await begin(catalog, datastoreId, request)
    assert.equal(created!.isPrimary, true)
    const end = async () => {
      const { lease, imageSets } = await claim(catalog)
      const instances = { kind: 'added', from: source, sopInstanceUIDs: undefined } as const
      const versions = [versionOf(imageSets[0]!.imageSetId, { grouping, instances })]
      return { lease, outcome: await catalog.workflows.complete(lease, endOf(versions, AT + 3_000)) }
    }
    assert.equal((await end()).outcome, 'completed')
    const found = (await search(catalog, datastoreId)).find((row) => row.imageSetId === created!.imageSetId)
    assert.equal(found!.isPrimary, true)
  })

  test('a promotion has no effect if an import published a primary image set of the series first', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const [first] = await importFiles(catalog, { datastoreId, files: [describedFile('a', { sop: '1.1' })] })
    const [second] = await importFiles(catalog, {
      ...{ datastoreId, files: [describedFile('b', { series: '1.2.3.2', sop: '1.2', patientId: 'OTHER' })] },
    })
    const grouping = { ...ELEMENTS, SeriesInstanceUID: '1.2.3.2' }
    await update(catalog, { datastoreId, imageSetId: second!.imageSetId }, { from: 1, grouping })
    const source = { imageSetId: second!.imageSetId, version: 2 }
    const [created] = await begin(catalog, datastoreId, {
      ...copyOf(first!.imageSetId, 1),
      source,
      promoteToPrimary: true,
    })
    await importFiles(catalog, { datastoreId, files: [describedFile('c', { series: '1.2.3.2', sop: '1.3' })] })
    const { lease } = await claim(catalog)
    const instances = { kind: 'added', from: source, sopInstanceUIDs: undefined } as const
    const versions = [versionOf(created!.imageSetId, { grouping, instances })]
    assert.equal(await catalog.workflows.complete(lease, endOf(versions, AT)), 'conflicts')
    assert.deepEqual(statusOf(await get(catalog, { datastoreId, imageSetId: created!.imageSetId })), [
      ...[1, 'LOCKED', 'COPYING'],
    ])
    await catalog.workflows.fail(lease, { message: 'Too late', at: AT })
  })
}
