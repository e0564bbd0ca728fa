/** Conformance of a catalog: files that are recorded and published in one transaction, or neither. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groupingKey } from '../../../imaging/grouping.ts'
import type { Catalog } from '../catalog.ts'
import { ImageSetChanged, type ImageSetVersion } from '../image-set-records.ts'
import { type Lease, LeaseLost, type StoredFile } from '../import-job-repository.ts'
import type { OpenCatalog } from './catalog.conformance.ts'
import {
  AT,
  createDatastore,
  DIGEST,
  digestsOf,
  failedFile,
  importFiles,
  record,
  startJob,
  storedFile,
  TOGETHER,
} from './catalog.fixture.ts'

const BODY = { contentBytes: 2, crc32: 7, bodyChecksum: 9 }

function batchOf(files: readonly StoredFile[], bases: readonly (ImageSetVersion | undefined)[]) {
  const groups = [...Map.groupBy(files, ({ grouping }) => groupingKey(grouping)).values()].map((some, groupId) => {
    return { groupId, elements: some[0]!.grouping, files: some.length }
  })
  const byGroup = new Map(
    groups.map(({ groupId }) => {
      const document = { base: bases[groupId], offsetBytes: 1_000 + groupId, sizeBytes: 1, ...BODY }
      return [groupId, { ...document, declaredTexts: new Map() }]
    }),
  )
  const { blobKey } = files[0]!
  return {
    ...{ files, digests: digestsOf([blobKey]), at: AT },
    documents: { blobKey, digest: DIGEST, byGroup, revision: 0, groups },
  }
}

async function recordAndPublish(
  catalog: Catalog,
  { lease, datastoreId, files }: { lease: Lease; datastoreId: string; files: readonly StoredFile[] },
) {
  const { documents } = batchOf(files, [])
  const elements = documents.groups.map((group) => group.elements)
  const bases = await catalog.importJobs.versionsToExtend(datastoreId, elements)
  return catalog.importJobs.recordAndPublish(lease, batchOf(files, bases))
}

export function testRecordAndPublish(open: OpenCatalog): void {
  test('files are recorded and published at once, and the next ones extend the image sets', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const lease = await startJob(catalog, { datastoreId })
    const first = [
      storedFile('1', { study: '1.1', sop: '1', blobKey: 'one' }),
      storedFile('2', { study: '1.2', sop: '2', blobKey: 'one' }),
      // The same instance again.
      storedFile('3', { study: '1.1', sop: '1', blobKey: 'one', sizeBytes: 500 }),
    ]
    const created = await recordAndPublish(catalog, { lease, datastoreId, files: first })
    assert.deepEqual(
      created.map(({ imageSetVersion, numberOfMatchedSOPInstances }) => [imageSetVersion, numberOfMatchedSOPInstances]),
      [
        [1, 1],
        [1, 1],
      ],
    )
    const second = [storedFile('4', { study: '1.1', sop: '3', blobKey: 'two' })]
    const [extended] = await recordAndPublish(catalog, { lease, datastoreId, files: second })
    const { imageSetId } = created[0]!
    assert.deepEqual([extended!.imageSetId, extended!.imageSetVersion], [imageSetId, 2])
    assert.deepEqual(await catalog.importJobs.unpublishedGroups(lease.jobId, 10), [])
    assert.equal(await catalog.importJobs.lastRecordedKey(lease.jobId), '4')
    const instances = await catalog.imageSets.instances({ datastoreId, imageSetId })
    assert.deepEqual(
      instances.map(({ sopInstanceUID, sizeBytes }) => [sopInstanceUID, sizeBytes]),
      [
        ['1', 500],
        ['3', 1_000],
      ],
    )
    const document = await catalog.imageSets.document({ datastoreId, imageSetId })
    assert.deepEqual(document, { blobKey: 'two', offsetBytes: 1_000, sizeBytes: 1, ...BODY })
  })

  test('files whose documents are outdated are neither recorded nor published', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const lease = await startJob(catalog, { datastoreId, name: 'slow' })
    const files = [
      storedFile('1', { study: TOGETHER[0], sop: '1', blobKey: 'late' }),
      storedFile('2', { study: TOGETHER[1], sop: '2', blobKey: 'late' }),
    ]
    const bases = await catalog.importJobs.versionsToExtend(
      datastoreId,
      files.map(({ grouping }) => grouping),
    )
    assert.deepEqual(bases, [undefined, undefined])
    const [other] = await importFiles(catalog, {
      datastoreId,
      files: [storedFile('a', { study: TOGETHER[1], sop: '9' })],
    })
    await assert.rejects(catalog.importJobs.recordAndPublish(lease, batchOf(files, bases)), ImageSetChanged)
    assert.equal(await catalog.importJobs.lastRecordedKey(lease.jobId), undefined)
    assert.deepEqual(await catalog.blobs.get(['late']), [])
    const published = await recordAndPublish(catalog, { lease, datastoreId, files })
    assert.deepEqual(
      published.map(({ imageSetVersion }) => imageSetVersion),
      [1, 2],
    )
    assert.equal(published[1]!.imageSetId, other!.imageSetId)
  })

  test('files are not published with a document that lacks a file recorded before', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const lease = await startJob(catalog, { datastoreId })
    await record(catalog, lease, [storedFile('1', { sop: '1' }), failedFile('2')])
    const files = [storedFile('3', { sop: '2', blobKey: 'next' })]
    await assert.rejects(catalog.importJobs.recordAndPublish(lease, batchOf(files, [undefined])), ImageSetChanged)
    assert.equal(await catalog.importJobs.lastRecordedKey(lease.jobId), '2')
    assert.equal((await catalog.importJobs.unpublishedGroups(lease.jobId, 10))[0]!.files, 1)
  })

  test('a worker that lost its lease records and publishes nothing', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const lease = await startJob(catalog, { datastoreId })
    const files = [storedFile('1')]
    const other = { ...lease, owner: 'f'.repeat(32) }
    await assert.rejects(catalog.importJobs.recordAndPublish(other, batchOf(files, [undefined])), LeaseLost)
    assert.equal(await catalog.importJobs.lastRecordedKey(lease.jobId), undefined)
  })
}
