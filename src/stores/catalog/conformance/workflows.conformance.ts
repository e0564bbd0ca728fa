/** Conformance of a catalog: updates and deletions: what is locked, what is visible meanwhile, and the result. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ImageSetLocked } from '../image-set-records.ts'
import { WorkflowLeaseLost, type WorkflowRequest } from '../workflow-repository.ts'
import type { OpenCatalog } from './catalog.conformance.ts'
import {
  AT,
  createDatastore,
  type FileValues,
  importFiles,
  publishAll,
  record,
  startJob,
  TOGETHER,
} from './catalog.fixture.ts'
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
  updateOf,
  versionOf,
  withImageSet,
} from './workflow.fixture.ts'

const DAY_MS = 24 * 3_600_000

export function testWorkflows(open: OpenCatalog): void {
  test('during an update an image set is locked, get returns the next version, and searches find the current one', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    const [begun] = await begin(catalog, datastoreId, updateOf(imageSetId, 1))
    assert.deepEqual(
      [begun!.imageSetId, ...statusOf(begun)!, begun!.role, begun!.createdAt, begun!.updatedAt],
      [imageSetId, 2, 'LOCKED', 'UPDATING', 'changed', AT, AT + 1_000],
    )
    assert.deepEqual(statusOf(await get(catalog, { datastoreId, imageSetId })), [2, 'LOCKED', 'UPDATING'])
    assert.deepEqual(statusOf(await get(catalog, { datastoreId, imageSetId, version: 2 })), [2, 'LOCKED', 'UPDATING'])
    assert.deepEqual(statusOf(await get(catalog, { datastoreId, imageSetId, version: 1 })), [1, 'LOCKED', 'UPDATING'])
    const [row] = await search(catalog, datastoreId)
    assert.deepEqual([row!.version, row!.updatedAt], [1, AT])
    const document = await catalog.imageSets.document({ datastoreId, imageSetId })
    assert.deepEqual(document, await catalog.imageSets.document({ datastoreId, imageSetId, version: 1 }))
    assert.equal(typeof document, 'object')
    assert.equal((await catalog.imageSets.instanceRecords({ datastoreId, imageSetId, version: 1 })).length, 3)
  })

  test('a completed update is the next version everywhere, and the version before does not change', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    const before = await catalog.imageSets.instanceRecords({ datastoreId, imageSetId, version: 1 })
    const metadata = { blobKey: 'new metadata', offsetBytes: 1, instanceMetadataBytes: 2, imageSetAttributesBytes: 3 }
    await update(
      catalog,
      { datastoreId, imageSetId },
      {
        from: 1,
        grouping: { ...ELEMENTS, PatientID: 'PAT2' },
        instances: {
          kind: 'changed',
          removed: ['1.1'],
          replaced: [{ sopInstanceUID: '1.2', by: { sopInstanceUID: '1.22', instanceNumber: 7, metadata } }],
        },
      },
    )
    assert.deepEqual(statusOf(await get(catalog, { datastoreId, imageSetId })), [2, 'ACTIVE', 'UPDATED'])
    assert.deepEqual(statusOf(await get(catalog, { datastoreId, imageSetId, version: 1 })), [1, 'ACTIVE', 'CREATED'])
    const [row] = await search(catalog, datastoreId)
    assert.deepEqual([row!.version, row!.updatedAt, row!.createdAt], [2, AT + 2_000, AT])
    assert.deepEqual(JSON.parse(row!.tags), {
      DICOMPatientName: 'NEW',
      DICOMNumberOfStudyRelatedSeries: 1,
      DICOMNumberOfStudyRelatedInstances: 2,
    })
    assert.deepEqual(await catalog.imageSets.instanceRecords({ datastoreId, imageSetId, version: 1 }), before)
    const after = await catalog.imageSets.instanceRecords({ datastoreId, imageSetId, version: 2 })
    assert.deepEqual(after, [{ ...before[1]!, sopInstanceUID: '1.22', metadata }, before[2]!])
    const { frames } = (await catalog.imageSets.frames({ datastoreId, imageSetId, framesKey: 'a'.padStart(24, '0') }))!
    assert.equal(frames.blobKey, 'frames a', 'the frames of a removed instance belong to an earlier version')
    assert.deepEqual(await catalog.imageSets.attributes({ datastoreId, imageSetId, version: 2 }), {
      ...{ blobKey: `image set attributes of ${imageSetId}`, offsetBytes: 0, sizeBytes: 30 },
    })
    assert.deepEqual(await catalog.imageSets.attributes({ datastoreId, imageSetId, version: 1 }), {
      ...{ blobKey: 'metadata c', offsetBytes: 210, sizeBytes: 30 },
    })
    const document = await catalog.imageSets.document({ datastoreId, imageSetId })
    assert.ok(typeof document === 'object' && document.blobKey === `document of ${imageSetId}`)
  })

  test('a search finds an updated image set by its new values and no longer by its old ones', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    await update(catalog, { datastoreId, imageSetId }, { from: 1, grouping: { ...ELEMENTS, PatientID: 'PAT2' } })
    const found = async (patient: string) => {
      const filters = [{ attribute: 'DICOMPatientId', equals: patient }] as const
      const byPatient = { filters, sort: { sortField: 'updatedAt', sortOrder: 'DESC' } } as const
      return (await catalog.imageSets.search({ datastoreId, search: byPatient, limit: 10 })).rows.length
    }
    assert.deepEqual([await found('PAT1'), await found('PAT2')], [0, 1])
    for await (const { differences } of catalog.searchIndex.verify()) assert.deepEqual(differences, [])
  })

  test('a failed update is a version with the content of the one before and a message', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    await begin(catalog, datastoreId, updateOf(imageSetId, 1))
    const { lease } = await claim(catalog)
    await catalog.workflows.fail(lease, { message: 'It did not fit', at: AT + 5_000 })
    const failed = await get(catalog, { datastoreId, imageSetId })
    assert.deepEqual([...statusOf(failed)!, failed!.message], [2, 'ACTIVE', 'UPDATE_FAILED', 'It did not fit'])
    assert.deepEqual(
      await catalog.imageSets.instanceRecords({ datastoreId, imageSetId, version: 2 }),
      await catalog.imageSets.instanceRecords({ datastoreId, imageSetId, version: 1 }),
    )
    assert.deepEqual(
      (await search(catalog, datastoreId)).map((row) => [row.version, row.updatedAt]),
      [[2, AT + 5_000]],
    )
    await begin(catalog, datastoreId, updateOf(imageSetId, 2))
  })

  test('the number of a workflow is never reused, because blob keys contain it', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    const numbers = new Set<number>()
    for (const version of [1, 2, 3]) {
      await begin(catalog, datastoreId, updateOf(imageSetId, version))
      const { lease } = await claim(catalog)
      numbers.add(lease.workflow)
      if (version === 2) await catalog.workflows.fail(lease, { message: 'It did not fit', at: AT + 5_000 })
      else await catalog.workflows.complete(lease, endOf([versionOf(imageSetId)], AT + 5_000))
    }
    assert.equal(numbers.size, 3)
  })

  test('the instances of a version are counted up to a maximum', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    await update(
      catalog,
      { datastoreId, imageSetId },
      { from: 1, instances: { kind: 'changed', removed: ['1.1'], replaced: [] } },
    )
    const count = (version: number, max: number) =>
      catalog.imageSets.countInstances({ datastoreId, imageSetId, version, max })
    assert.deepEqual([await count(1, 10), await count(1, 2), await count(2, 10), await count(2, 1)], [3, 2, 2, 1])
    assert.equal(
      await catalog.imageSets.countInstances({ datastoreId, imageSetId: 'f'.repeat(32), version: 1, max: 5 }),
      0,
    )
  })

  test('versions are listed newest first, in pages, including the next version', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    for (const from of [1, 2, 3]) await update(catalog, { datastoreId, imageSetId }, { from, at: AT + 1_000 * from })
    await begin(catalog, datastoreId, updateOf(imageSetId, 4, { forced: true }))
    const page = async (before: number | undefined, limit: number) =>
      (await catalog.imageSets.versions({ datastoreId, imageSetId, deletedSince: AT, before, limit }))!.map(statusOf)
    assert.deepEqual(await page(undefined, 2), [
      [5, 'LOCKED', 'UPDATING'],
      [4, 'LOCKED', 'UPDATING'],
    ])
    assert.deepEqual(await page(4, 2), [
      [3, 'ACTIVE', 'UPDATED'],
      [2, 'ACTIVE', 'UPDATED'],
    ])
    assert.deepEqual(await page(2, 2), [[1, 'ACTIVE', 'CREATED']])
    assert.deepEqual(await page(1, 2), [])
  })

  test('a revert restores the instances of a version, and can be reverted', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    const imageSet = { datastoreId, imageSetId }
    const metadata = { blobKey: 'new metadata', offsetBytes: 1, instanceMetadataBytes: 2, imageSetAttributesBytes: 3 }
    const replaced = [{ sopInstanceUID: '1.2', by: { sopInstanceUID: '1.22', instanceNumber: 7, metadata } }]
    await update(catalog, imageSet, { from: 1, instances: { kind: 'changed', removed: ['1.1'], replaced } })
    await importFiles(catalog, {
      datastoreId,
      files: [describedFile('d', { sop: '1.3' }), describedFile('e', { sop: '1.5' })],
    })
    const shared = (version: number) => ({
      attributes: { sharedWith: { imageSetId, version } },
      document: { sharedWith: { imageSetId, version } },
      instances: { kind: 'of-version', version } as const,
    })
    for (const [from, to] of [
      [3, 1],
      [4, 3],
      [5, 2],
      [6, 4],
    ]) {
      await update(catalog, imageSet, { from: from!, ...shared(to!) })
    }
    const parts = (version: number) => catalog.imageSets.instanceRecords({ ...imageSet, version })
    assert.deepEqual(await instanceUIDsOf(catalog, imageSet, 3), ['1.22', '1.3', '1.5'])
    assert.deepEqual(await parts(4), await parts(1))
    assert.deepEqual(await parts(5), await parts(3))
    assert.deepEqual(await parts(6), await parts(2))
    assert.deepEqual(await parts(7), await parts(1))
    assert.deepEqual(
      await catalog.imageSets.attributes({ ...imageSet, version: 7 }),
      await catalog.imageSets.attributes({ ...imageSet, version: 1 }),
    )
  })

  test('a workflow cannot begin on an image set that is locked, outdated, deleted or of another data store', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    const other = await createDatastore(catalog, 'other')
    const outcome = async (request: WorkflowRequest, at = datastoreId) =>
      (await catalog.workflows.begin({ datastoreId: at, request, at: AT })).outcome
    assert.equal(await outcome(updateOf(imageSetId, 2)), 'not-latest')
    assert.equal(await outcome(updateOf(imageSetId, 1), other), 'absent')
    assert.equal(await outcome(updateOf('f'.repeat(32), 1)), 'absent')
    assert.equal(await outcome(updateOf(imageSetId, 1), 'f'.repeat(32)), 'datastore-absent')
    await begin(catalog, datastoreId, updateOf(imageSetId, 1))
    for (const request of [
      updateOf(imageSetId, 1),
      copyOf(imageSetId, 1),
      { operation: 'DeleteImageSet', imageSetId } as const,
    ]) {
      assert.equal(await outcome(request), 'locked')
    }
    const { lease } = await claim(catalog)
    await catalog.workflows.fail(lease, { message: 'No', at: AT })
    assert.equal(await outcome(updateOf(imageSetId, 1)), 'not-latest')
  })

  test('of concurrent workflows on one version only one begins', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    const request = updateOf(imageSetId, 1)
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => catalog.workflows.begin({ datastoreId, request, at: AT })),
    )
    const count = (wanted: string) => outcomes.filter(({ outcome }) => outcome === wanted).length
    assert.deepEqual([count('begun'), count('locked')], [1, 7])
  })

  test('the quota of running workflows applies to each operation separately', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    const [second] = await importFiles(catalog, {
      datastoreId,
      files: [describedFile('z', { study: '1.9', sop: '1.9.1' })],
    })
    await begin(catalog, datastoreId, updateOf(imageSetId, 1))
    const quota = { datastoreId, at: AT, runningMax: 1 }
    const again = updateOf(second!.imageSetId, 1)
    assert.equal((await catalog.workflows.begin({ ...quota, request: again })).outcome, 'too-many')
    assert.equal((await catalog.workflows.begin({ ...quota, request: copyOf(second!.imageSetId, 1) })).outcome, 'begun')
  })

  test('an update of a study locks and changes all its primary image sets, or none', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    const importOne = async (key: string, values: FileValues) =>
      (await importFiles(catalog, { datastoreId, files: [describedFile(key, values)] }))[0]!.imageSetId
    const sibling = await importOne('s', { series: '1.2.3.2', sop: '1.7' })
    const notPrimary = await importOne('n', { series: '1.2.3.3', sop: '1.8', patientId: 'OTHER' })
    await importOne('o', { study: '1.9', sop: '1.9' })
    const request = updateOf(imageSetId, 1, { includeStudyImageSets: true })
    const refused = await catalog.workflows.begin({
      ...{ datastoreId, at: AT, request: { ...request, imageSet: { imageSetId: notPrimary, version: 1 } } },
    })
    assert.deepEqual(refused, { outcome: 'not-primary', imageSetId: notPrimary })
    const begun = await begin(catalog, datastoreId, request)
    assert.deepEqual(
      begun.map((each) => [each.imageSetId, ...statusOf(each)!, each.role]),
      [
        [imageSetId, 2, 'LOCKED', 'UPDATING', 'changed'],
        [sibling, 2, 'LOCKED', 'UPDATING_FOR_STUDY_CONSISTENCY', 'sibling'],
      ],
    )
    const { lease } = await claim(catalog)
    const versions = [
      versionOf(imageSetId),
      versionOf(sibling, { grouping: { ...ELEMENTS, SeriesInstanceUID: '1.2.3.2' } }),
    ]
    await assert.rejects(catalog.workflows.complete(lease, endOf(versions.slice(0, 1), AT)))
    assert.deepEqual(statusOf(await get(catalog, { datastoreId, imageSetId })), [2, 'LOCKED', 'UPDATING'])
    await catalog.workflows.complete(lease, endOf(versions, AT + 2_000))
    for (const id of [imageSetId, sibling]) {
      assert.deepEqual(statusOf(await get(catalog, { datastoreId, imageSetId: id })), [2, 'ACTIVE', 'UPDATED'])
    }
    await begin(catalog, datastoreId, updateOf(sibling, 2))
    const again = updateOf(imageSetId, 2, { includeStudyImageSets: true })
    assert.deepEqual(await catalog.workflows.begin({ datastoreId, request: again, at: AT }), {
      ...{ outcome: 'locked', imageSetId: sibling },
    })
  })

  test('get returns a deleted image set for a time, and searches do not find it', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    const [begun] = await begin(catalog, datastoreId, { operation: 'DeleteImageSet', imageSetId })
    assert.deepEqual(statusOf(begun), [1, 'LOCKED', 'DELETING'])
    assert.equal((await search(catalog, datastoreId)).length, 1)
    await catalog.workflows.completeDeletion((await claim(catalog)).lease, AT + 5_000)
    assert.deepEqual(await search(catalog, datastoreId), [])
    const deleted = await get(catalog, { datastoreId, imageSetId })
    assert.deepEqual([...statusOf(deleted)!, deleted!.deletedAt], [1, 'DELETED', 'DELETED', AT + 5_000])
    const request = { datastoreId, imageSetId, before: undefined, limit: 5 }
    assert.deepEqual((await catalog.imageSets.versions({ ...request, deletedSince: AT }))!.map(statusOf), [
      [1, 'DELETED', 'DELETED'],
    ])
    assert.equal(await get(catalog, { datastoreId, imageSetId }, AT + DAY_MS), undefined)
    assert.equal(await catalog.imageSets.versions({ ...request, deletedSince: AT + DAY_MS }), undefined)
    assert.equal(await catalog.imageSets.document({ datastoreId, imageSetId }), 'absent')
    assert.equal(await catalog.imageSets.attributes({ datastoreId, imageSetId, version: 1 }), 'absent')
    const again = { operation: 'DeleteImageSet', imageSetId } as const
    assert.equal((await catalog.workflows.begin({ datastoreId, request: again, at: AT })).outcome, 'absent')
  })

  test('an import cannot publish to a locked image set', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    const importing = await startJob(catalog, { datastoreId, name: 'more' })
    await record(catalog, importing, [describedFile('d', { sop: '1.4' })])
    await begin(catalog, datastoreId, updateOf(imageSetId, 1))
    await assert.rejects(publishAll(catalog, importing, AT), ImageSetLocked)
    await catalog.workflows.fail((await claim(catalog)).lease, { message: 'No', at: AT })
    const [published] = await publishAll(catalog, importing, AT + 1)
    assert.deepEqual([published!.imageSetId, published!.imageSetVersion], [imageSetId, 3])
  })

  test('another worker claims a workflow whose lease has expired, and the first worker can no longer end it', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    await begin(catalog, datastoreId, updateOf(imageSetId, 1))
    const slow = await claim(catalog, 'slow', AT)
    assert.equal(await catalog.workflows.claim({ owner: 'fast', now: AT + 1_000, leaseUntil: AT + 2_000 }), undefined)
    await catalog.workflows.renew(slow.lease, AT + 40_000)
    assert.equal(await catalog.workflows.claim({ owner: 'fast', now: AT + 35_000, leaseUntil: AT + 2_000 }), undefined)
    const fast = await claim(catalog, 'fast', AT + 50_000)
    assert.deepEqual([slow.attempt, fast.attempt], [1, 2])
    assert.deepEqual(fast.request, slow.request)
    const end = endOf([versionOf(imageSetId)], AT)
    await assert.rejects(catalog.workflows.complete(slow.lease, end), WorkflowLeaseLost)
    await assert.rejects(catalog.workflows.renew(slow.lease, AT), WorkflowLeaseLost)
    await assert.rejects(catalog.workflows.fail(slow.lease, { message: 'No', at: AT }), WorkflowLeaseLost)
    await catalog.workflows.release(fast.lease, AT)
    const again = await claim(catalog, 'slow', AT)
    assert.equal(again.attempt, 1)
    await catalog.workflows.complete(again.lease, end)
    await assert.rejects(catalog.workflows.complete(again.lease, end), WorkflowLeaseLost)
    assert.equal(await catalog.workflows.claim({ owner: 'fast', now: AT, leaseUntil: AT }), undefined)
  })

  test('a workflow that was never claimed is claimed before a released one', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    const [second] = await importFiles(catalog, {
      datastoreId,
      files: [describedFile('z', { study: TOGETHER[1], sop: '1.9.1' })],
    })
    await begin(catalog, datastoreId, updateOf(imageSetId, 1))
    await begin(catalog, datastoreId, updateOf(second!.imageSetId, 1))
    const first = await claim(catalog)
    await catalog.workflows.release(first.lease, AT + 1_000)
    const next = await claim(catalog)
    assert.notEqual(next.lease.workflow, first.lease.workflow)
    await catalog.workflows.release(next.lease, AT + 2_000)
    assert.equal((await claim(catalog, 'worker', AT + 2_000)).lease.workflow, first.lease.workflow)
  })

  test('later pages read the snapshot from before an update', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    await importFiles(catalog, { datastoreId, files: [describedFile('z', { study: '1.9', sop: '1.9' })], at: AT - 5 })
    const all = { filters: [], sort: { sortField: 'updatedAt', sortOrder: 'ASC' } } as const
    const first = await catalog.imageSets.search({ datastoreId, search: all, limit: 1 })
    await update(catalog, { datastoreId, imageSetId }, { from: 1 })
    const [row] = first.rows
    const after = { key: row!.updatedAt, rowId: row!.rowId }
    const second = await catalog.imageSets.search({
      datastoreId,
      search: all,
      limit: 5,
      snapshotVersion: first.snapshotVersion,
      after,
    })
    assert.deepEqual(
      second.rows.map((each) => [each.imageSetId, each.version]),
      [[imageSetId, 1]],
    )
  })
}
