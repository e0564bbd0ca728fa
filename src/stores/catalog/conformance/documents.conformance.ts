/** The promises of a catalog about metadata documents: what a version to be is made of, and that a document is of its own version only. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog } from '../catalog.ts'
import { type GroupDocument, type GroupDocuments, ImageSetChanged, type NextVersion } from '../image-set-records.ts'
import type { StoredFile } from '../import-job-repository.ts'
import type { OpenCatalog } from './catalog.conformance.ts'
import { AT, createDatastore, DIGEST, type FileValues, record, startJob, storedFile } from './catalog.fixture.ts'

const described = (key: string, values: FileValues = {}): StoredFile => ({
  ...storedFile(key, values),
  metadata: { blobKey: `metadata of ${key}`, offsetBytes: 10, instanceMetadataBytes: 200, imageSetAttributesBytes: 30 },
})

const BODY = { contentBytes: 5 * 1024 ** 3, crc32: 0xffffffff, bodyChecksum: 0xfffffffe }

/** As documents would be made of them, each of a place that tells which it is. */
const documentsFor = (versions: readonly NextVersion[], blobKey: string): GroupDocuments => ({
  ...{ blobKey, digest: DIGEST },
  byGroup: new Map(
    versions.map(({ groupId, base }, index): [number, GroupDocument] => [
      groupId,
      { base, offsetBytes: index * 100, sizeBytes: 100, ...BODY },
    ]),
  ),
})

/** A whole import whose image sets have documents. */
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
  test('a version has the levels that lie with its document, and files the warnings that come with it', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const lease = await startJob(catalog, { datastoreId })
    const warning = (message: string) => ({ warning_reason_code: 0xb000, type: 'CoercionOfDataElements', message })
    const known = { ...described('b', { sop: '1.2' }), warnings: [warning('known before')] }
    await record(catalog, lease, [
      ...[described('a', { sop: '1.1' }), known, described('c', { sop: '1.1' }), described('d', { sop: '1.3' })],
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
    // Of two files with one SOPInstanceUID the last is shown.
    assert.deepEqual(found, [
      ['a', []],
      ['b', ['known before', 'of 1.2']],
      ['c', ['of 1.1']],
      ['d', []],
    ])
  })

  test('the version that a new group will be has its files, of one SOPInstanceUID the last, and where their metadata lies', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const lease = await startJob(catalog, { datastoreId })
    const files = [described('a', { sop: '1.1' }), described('b', { sop: '1.2' }), described('c', { sop: '1.1' })]
    await record(catalog, lease, [...files, storedFile('d', { study: '1.9', sop: '1.9.1' })])
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

  test('a published version has its document and its instances, and keeps them when others follow', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const files = [described('a', { sop: '1.1' }), described('b', { sop: '1.2' })]
    const first = await importDescribed(catalog, { datastoreId, name: 'one', files })
    const again = [described('c', { sop: '1.2' }), described('d', { sop: '1.3' })]
    const second = await importDescribed(catalog, { datastoreId, name: 'two', files: again })
    const { imageSetId } = first.generated[0]!
    assert.deepEqual(second.versions[0]!.base, { imageSetId, version: 1 })
    assert.deepEqual(keysOf(second.versions[0]!), ['metadata of c', 'metadata of d'])

    const place = (blobKey: string) => ({
      ...{ blobKey, offsetBytes: 0, sizeBytes: 100, ...BODY },
    })
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

  test('a document of a version that was overtaken is refused, nothing has happened, and a new one goes through', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const slow = await startJob(catalog, { datastoreId, name: 'slow' })
    const files = [described('a', { study: '1.1', sop: '1' }), described('b', { study: '1.2', sop: '2' })]
    await record(catalog, slow, files)
    const groups = await catalog.importJobs.unpublishedGroups(slow.jobId, 100)
    const early = documentsFor(await catalog.importJobs.nextVersions(slow.jobId, groups), 'early')
    const other = [described('c', { study: '1.1', sop: '3' })]
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

  test('a document of no image set, or of one that was deleted, is absent', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const other = await createDatastore(catalog, 'other')
    const { generated } = await importDescribed(catalog, { datastoreId, name: 'one', files: [described('a')] })
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
