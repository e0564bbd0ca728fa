/** Conformance of a catalog: metadata documents: what the next version consists of, and that each document belongs to one version. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog } from '../catalog.ts'
import { type GroupDocument, type GroupDocuments, ImageSetChanged, type NextVersion } from '../image-set-records.ts'
import type { StoredFile } from '../import-job-repository.ts'
import type { OpenCatalog } from './catalog.conformance.ts'
import {
  AT,
  createDatastore,
  DIGEST,
  type FileValues,
  record,
  startJob,
  storedFile,
  TOGETHER,
} from './catalog.fixture.ts'

const describedFile = (key: string, values: FileValues = {}): StoredFile => ({
  ...storedFile(key, values),
  metadata: { blobKey: `metadata of ${key}`, offsetBytes: 10, instanceMetadataBytes: 200, imageSetAttributesBytes: 30 },
})

const BODY = { contentBytes: 5 * 1024 ** 3, crc32: 0xffffffff, bodyChecksum: 0xfffffffe }

/** Documents for the versions, each with its own range. */
const documentsFor = (versions: readonly NextVersion[], blobKey: string): GroupDocuments => ({
  ...{ blobKey, digest: DIGEST, revision: 0 },
  byGroup: new Map(
    versions.map(({ groupId, base }, index): [number, GroupDocument] => [
      groupId,
      { base, offsetBytes: index * 100, sizeBytes: 100, ...BODY, declaredTexts: new Map() },
    ]),
  ),
})

/** An import with documents, from submission to completion. */
async function importDescribed(
  catalog: Catalog,
  { datastoreId, name, files }: { datastoreId: string; name: string; files: readonly StoredFile[] },
) {
  const lease = await startJob(catalog, { datastoreId, name })
  await record(catalog, lease, files)
  const groups = await catalog.importJobs.unpublishedGroups(lease.jobId, 100)
  const versions = await catalog.importJobs.nextVersions(lease.jobId, groups)
  const generated = await catalog.importJobs.publish(lease, groups, AT, documentsFor(versions, `documents of ${name}`))
  await catalog.importJobs.finish(lease, { jobStatus: 'COMPLETED', message: undefined, endedAt: AT })
  return { versions, generated }
}

const keysOf = ({ added }: NextVersion) => added.map(({ metadata }) => metadata.blobKey)

export function testDocuments(open: OpenCatalog): void {
  test('publishing records the attributes of a version and the warnings of its files', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const lease = await startJob(catalog, { datastoreId })
    const warning = (message: string) => ({ warning_reason_code: 0xb000, type: 'CoercionOfDataElements', message })
    const known = { ...describedFile('b', { sop: '1.2' }), warnings: [warning('known before')] }
    await record(catalog, lease, [
      ...[
        describedFile('a', { sop: '1.1' }),
        known,
        describedFile('c', { sop: '1.1' }),
        describedFile('d', { sop: '1.3' }),
      ],
    ])
    const groups = await catalog.importJobs.unpublishedGroups(lease.jobId, 100)
    const documents = documentsFor(await catalog.importJobs.nextVersions(lease.jobId, groups), 'documents')
    const [[groupId, document]] = [...documents.byGroup] as [[number, GroupDocument]]
    const warnings = new Map(['1.1', '1.2'].map((uid) => [uid, warning(`of ${uid}`)]))
    const byGroup = new Map([[groupId, { ...document, attributes: { offsetBytes: 100, sizeBytes: 7 }, warnings }]])
    const [made] = await catalog.importJobs.publish(lease, groups, AT, { ...documents, byGroup })
    const version = { datastoreId, imageSetId: made!.imageSetId, version: 1 }
    assert.deepEqual(await catalog.imageSets.attributes(version), {
      blobKey: 'documents',
      offsetBytes: 100,
      sizeBytes: 7,
    })
    const found: [string, readonly string[]][] = []
    for await (const line of catalog.importJobs.reportLines(lease.jobId)) {
      if (line.outcome === 'stored') found.push([line.key, line.warnings.map(({ message }) => message)])
    }
    // Of two files with the same SOPInstanceUID the last counts.
    assert.deepEqual(found, [
      ['a', []],
      ['b', ['known before', 'of 1.2']],
      ['c', ['of 1.1']],
      ['d', []],
    ])
  })

  test('the next version for a new group has its files with their metadata, and of equal SOPInstanceUIDs the last', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const lease = await startJob(catalog, { datastoreId })
    const files = [
      describedFile('a', { sop: '1.1' }),
      describedFile('b', { sop: '1.2' }),
      describedFile('c', { sop: '1.1' }),
    ]
    await record(catalog, lease, [...files, storedFile('d', { study: TOGETHER[1], sop: '1.9.1' })])
    const groups = await catalog.importJobs.unpublishedGroups(lease.jobId, 100)
    assert.deepEqual(
      groups.map((group) => group.files),
      [3, 1],
    )
    const [first, second] = await catalog.importJobs.nextVersions(lease.jobId, groups)
    assert.equal(first!.base, undefined)
    assert.deepEqual(
      first!.added.map(({ sopInstanceUID, metadata }) => ({ sopInstanceUID, metadata })),
      [
        { sopInstanceUID: '1.2', metadata: files[1]!.metadata },
        { sopInstanceUID: '1.1', metadata: files[2]!.metadata },
      ],
    )
    assert.deepEqual(
      [second!.base, second!.added[0]!.metadata.blobKey, second!.added[0]!.blobKey],
      [undefined, 'blob', 'blob'],
    )
  })

  test('a published version keeps its document and instances when other versions follow', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const files = [describedFile('a', { sop: '1.1' }), describedFile('b', { sop: '1.2' })]
    const first = await importDescribed(catalog, { datastoreId, name: 'one', files })
    const again = [describedFile('c', { sop: '1.2' }), describedFile('d', { sop: '1.3' })]
    const second = await importDescribed(catalog, { datastoreId, name: 'two', files: again })
    const { imageSetId } = first.generated[0]!
    assert.deepEqual(second.versions[0]!.base, { imageSetId, version: 1 })
    assert.deepEqual(keysOf(second.versions[0]!), ['metadata of c', 'metadata of d'])

    const place = (blobKey: string) => ({ blobKey, offsetBytes: 0, sizeBytes: 100, ...BODY })
    const document = (version?: number) =>
      catalog.imageSets.document({ datastoreId, imageSetId, ...(version === undefined ? {} : { version }) })
    assert.deepEqual(await document(1), place('documents of one'))
    assert.deepEqual(await document(2), place('documents of two'))
    assert.deepEqual(await document(), place('documents of two'))
    for (const version of [0, 3, Number.MAX_SAFE_INTEGER]) assert.equal(await document(version), 'absent')

    const parts = async (version: number) =>
      (await catalog.imageSets.instanceRecords({ datastoreId, imageSetId, version })).map(
        ({ metadata }) => metadata.blobKey,
      )
    assert.deepEqual(await parts(1), ['metadata of a', 'metadata of b'])
    assert.deepEqual(await parts(2), ['metadata of a', 'metadata of c', 'metadata of d'])
  })

  test('a document that was joined from an outdated version is refused without effect, and a new one is accepted', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const slow = await startJob(catalog, { datastoreId, name: 'slow' })
    const files = [describedFile('a', { sop: '1' }), describedFile('b', { study: TOGETHER[1], sop: '2' })]
    await record(catalog, slow, files)
    const groups = await catalog.importJobs.unpublishedGroups(slow.jobId, 100)
    const early = documentsFor(await catalog.importJobs.nextVersions(slow.jobId, groups), 'early')
    const other = [describedFile('c', { sop: '3' })]
    const { generated } = await importDescribed(catalog, { datastoreId, name: 'fast', files: other })
    await assert.rejects(catalog.importJobs.publish(slow, groups, AT, early), ImageSetChanged)
    assert.deepEqual(await catalog.importJobs.unpublishedGroups(slow.jobId, 100), groups)
    assert.deepEqual(await catalog.blobs.get(['early']), [])

    const versions = await catalog.importJobs.nextVersions(slow.jobId, groups)
    const base = { imageSetId: generated[0]!.imageSetId, version: 1 }
    assert.deepEqual(
      versions.map((version) => version.base),
      [base, undefined],
    )
    const published = await catalog.importJobs.publish(slow, groups, AT, documentsFor(versions, 'late'))
    assert.deepEqual(
      published.map(({ imageSetVersion }) => imageSetVersion),
      [2, 1],
    )
    assert.equal((await catalog.blobs.get(['late'])).length, 1)
    const place = await catalog.imageSets.document({ datastoreId, imageSetId: published[1]!.imageSetId })
    assert.ok(typeof place === 'object' && place.blobKey === 'late' && place.offsetBytes === 100)
  })

  test('the document of an unknown or deleted image set is absent', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const other = await createDatastore(catalog, 'other')
    const { generated } = await importDescribed(catalog, { datastoreId, name: 'one', files: [describedFile('a')] })
    const { imageSetId } = generated[0]!
    assert.equal(typeof (await catalog.imageSets.document({ datastoreId, imageSetId })), 'object')
    for (const place of [
      { datastoreId: other, imageSetId },
      { datastoreId, imageSetId: 'f'.repeat(32) },
    ]) {
      assert.equal(await catalog.imageSets.document(place), 'absent')
      assert.deepEqual(await catalog.imageSets.instanceRecords({ ...place, version: 1 }), [])
    }
    await catalog.imageSets.delete({ datastoreId, imageSetId, at: AT })
    assert.equal(await catalog.imageSets.document({ datastoreId, imageSetId, version: 1 }), 'absent')
    assert.deepEqual(await catalog.imageSets.instanceRecords({ datastoreId, imageSetId, version: 1 }), [])
  })
}
