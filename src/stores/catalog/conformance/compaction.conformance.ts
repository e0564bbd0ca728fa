/** Conformance of a catalog: compaction of partly unreferenced blobs: when one is claimed, its used ranges, and the move to a new blob. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { movedRanges } from '../../blobs/moved-ranges.ts'
import type { BlobToCompact } from '../blob-repository.ts'
import type { Catalog } from '../catalog.ts'
import type { StoredFile } from '../import-job-repository.ts'
import type { OpenCatalog } from './catalog.conformance.ts'
import {
  AT,
  createDatastore,
  documentsOf,
  publishAll,
  record,
  startJob,
  storedFile,
  TOGETHER,
} from './catalog.fixture.ts'
import { begin, claim, copyOf, endOf, type ImageSet, update, updateOf, versionOf } from './workflow.fixture.ts'

const LATER = AT + 3_600_000
const DIGEST = { sizeBytes: 10_000, sha256: 'ab'.repeat(32) }
const NEW_DIGEST = { sizeBytes: 6_000, sha256: 'cd'.repeat(32) }

/** In one blob, in this order: the file, a frame, its frame table and the metadata. */
const fileAt = (key: string, study: string, offsetBytes: number): StoredFile => ({
  ...storedFile(key, { study, sop: `${study}.${key}`, blobKey: 'store/shared', sizeBytes: 30 }),
  offsetBytes,
  metadata: {
    blobKey: 'store/shared',
    offsetBytes: offsetBytes + 60,
    instanceMetadataBytes: 20,
    imageSetAttributesBytes: 10,
  },
  frames: {
    ...{ framesKey: key.padStart(24, '0'), frameCount: 1, storedTransferSyntaxUID: '1.2.840.10008.1.2.4.202' },
    ...{ blobKey: 'store/shared', offsetBytes: offsetBytes + 40, sizeBytes: 20, holds: 'table' },
  },
})

const BYTES_EACH = 90

/** Image sets of two studies, whose files alternate in one blob. */
async function imported(catalog: Catalog, { files = 2, isFinished = true } = {}) {
  const datastoreId = await createDatastore(catalog)
  const lease = await startJob(catalog, { datastoreId })
  const all = Array.from({ length: 2 * files }, (_, at) => fileAt(`${1_000 + at}`, `1.${at % 2}`, at * BYTES_EACH))
  await catalog.importJobs.record(lease, all, new Map([['store/shared', DIGEST]]))
  const made = await publishAll(catalog, lease, AT)
  const finish = () => catalog.importJobs.finish(lease, { jobStatus: 'COMPLETED', message: undefined, endedAt: AT })
  if (isFinished) await finish()
  const [kept, deleted] = made.map(({ imageSetId }) => ({ datastoreId, imageSetId }))
  return { kept: kept!, deleted: deleted!, finish }
}

async function deleteImageSet(catalog: Catalog, { datastoreId, imageSetId }: ImageSet, at = AT + 1_000) {
  await begin(catalog, datastoreId, { operation: 'DeleteImageSet', imageSetId })
  await catalog.workflows.completeDeletion((await claim(catalog)).lease, at)
}

const claimForCompaction = (catalog: Catalog, now = LATER, before = now) =>
  catalog.blobs.claimForCompaction({ before, now, leaseUntil: now + 1_000 })

const rangesOf = async (catalog: Catalog, toCompact: BlobToCompact) =>
  movedRanges([
    ...(await catalog.blobs.usedRanges(toCompact)),
    ...(await catalog.blobs.usedRanges(toCompact)).flatMap(({ offsetBytes, framesInTable }) =>
      framesInTable === undefined ? [] : [{ offsetBytes: offsetBytes - 10, sizeBytes: 10 }],
    ),
  ])

const moving = (from: BlobToCompact, ranges: ReturnType<typeof movedRanges>, at = LATER) => ({
  ...{ from, ranges, at, oldUnreferencedFrom: at + 5_000 },
  to: { blobKey: 'store/rewritten', digest: NEW_DIGEST },
})

const reserve = (catalog: Catalog, source: BlobToCompact, unreferencedFrom = LATER + 1) =>
  catalog.blobs.reserve({ source, blobKey: 'store/rewritten', unreferencedFrom })

const placeOf = async (catalog: Catalog, imageSet: ImageSet, version = 1) =>
  (await catalog.imageSets.instanceRecords({ ...imageSet, version })).map(
    ({ offsetBytes, blobKey, metadata, frames }) => [
      ...[blobKey, offsetBytes, metadata!.blobKey, metadata!.offsetBytes, frames!.blobKey, frames!.offsetBytes],
    ],
  )

const keysOf = async (catalog: Catalog) =>
  (await catalog.blobs.list({ after: undefined, limit: 100 })).map(
    ({ blobKey, isUnreferenced }) => `${blobKey} ${isUnreferenced}`,
  )

export function testCompaction(open: OpenCatalog): void {
  test('a partly unreferenced blob is claimed by one worker after the grace period', async (context) => {
    const catalog = await open(context)
    const { kept, deleted } = await imported(catalog)
    assert.equal(await claimForCompaction(catalog), undefined)
    await deleteImageSet(catalog, deleted)
    assert.equal(
      await claimForCompaction(catalog, LATER, AT + 1_000),
      undefined,
      'the deletion is not older than the grace period',
    )
    const toCompact = await claimForCompaction(catalog)
    assert.deepEqual([toCompact?.blobKey, toCompact?.digest], ['store/shared', DIGEST])
    assert.equal(await claimForCompaction(catalog), undefined, 'another worker has claimed it')
    assert.equal((await claimForCompaction(catalog, LATER + 1_000))?.blob, toCompact!.blob, 'the claim has expired')
    await deleteImageSet(catalog, kept)
    assert.equal(await claimForCompaction(catalog, LATER + 9_000), undefined, 'no image set uses it')
  })

  test('a blob is not claimed while its job is running or one of its image sets is locked', async (context) => {
    const catalog = await open(context)
    const { kept, deleted, finish } = await imported(catalog, { isFinished: false })
    await deleteImageSet(catalog, deleted)
    assert.equal(await claimForCompaction(catalog), undefined)
    await finish()
    await begin(catalog, kept.datastoreId, updateOf(kept.imageSetId, 1))
    assert.equal(await claimForCompaction(catalog), undefined)
    await catalog.workflows.fail((await claim(catalog)).lease, { message: 'failed', at: AT + 2_000 })
    assert.equal((await claimForCompaction(catalog))?.blobKey, 'store/shared')
  })

  test('after a skipped compaction a blob is claimed again only if more was deleted, even during the claim', async (context) => {
    const catalog = await open(context)
    const { kept, deleted } = await imported(catalog)
    const copy = await copyFor(catalog, kept)
    await deleteImageSet(catalog, deleted)
    await catalog.blobs.skipCompaction((await claimForCompaction(catalog))!)
    assert.equal(await claimForCompaction(catalog, LATER + 9_000), undefined)
    await deleteImageSet(catalog, await copyFor(catalog, kept))
    const toCompact = (await claimForCompaction(catalog))!
    await deleteImageSet(catalog, copy)
    await catalog.blobs.skipCompaction(toCompact)
    assert.equal((await claimForCompaction(catalog))?.blob, toCompact.blob)
  })

  test('all used ranges move, of every version and copy, and the old blob is unreferenced later', async (context) => {
    const catalog = await open(context)
    const { kept, deleted } = await imported(catalog, { files: 150 })
    await update(catalog, kept, { from: 1, instances: { kind: 'of-version', version: 1 } })
    await deleteImageSet(catalog, deleted)
    const toCompact = (await claimForCompaction(catalog))!
    const ranges = await rangesOf(catalog, toCompact)
    assert.equal(ranges.length, 150)
    await reserve(catalog, toCompact)
    assert.deepEqual(await keysOf(catalog), [
      `document of ${kept.imageSetId} false`,
      `image set attributes of ${kept.imageSetId} false`,
      ...['store/rewritten true', 'store/shared false'],
    ])
    const before = await catalog.imageSets.attributes({ ...kept, version: 1 })
    assert.ok(typeof before === 'object' && before.blobKey === 'store/shared')
    assert.equal(await catalog.blobs.move(moving(toCompact, ranges)), 'moved')
    const key = 'store/rewritten'
    const expected = Array.from({ length: 150 }, (_, at) => [
      ...[key, BYTES_EACH * at, key, BYTES_EACH * at + 60, key, BYTES_EACH * at + 40],
    ])
    for (const version of [1, 2]) assert.deepEqual(await placeOf(catalog, kept, version), expected)
    const attributes = await catalog.imageSets.attributes({ ...kept, version: 1 })
    assert.deepEqual(attributes, { blobKey: 'store/rewritten', offsetBytes: BYTES_EACH * 149 + 80, sizeBytes: 10 })
    const [known] = await catalog.blobs.get(['store/rewritten'])
    assert.deepEqual([known!.digest, known!.isUnreferenced], [NEW_DIGEST, false])
    assert.deepEqual(await catalog.blobs.listUnreferenced({ before: LATER + 5_000, now: 0, limit: 10 }), [])
    const free = await catalog.blobs.listUnreferenced({ before: LATER + 5_001, now: 0, limit: 10 })
    assert.deepEqual(
      free.map(({ blobKey }) => blobKey),
      ['store/shared'],
    )
    assert.equal(await claimForCompaction(catalog, LATER + 9_000), undefined)
    for (const { isRecorded, record, endBytes } of (await catalog.blobs.listUses({ after: 0, imageSets: 10 })).uses) {
      assert.ok(isRecorded && record?.isUnreferenced === false && endBytes !== undefined)
    }
  })

  test('a blob with imported files or documents that were never published is partly unreferenced', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const keyToCompact = async () => (await claimForCompaction(catalog))?.blobKey

    const twice = await startJob(catalog, { datastoreId, name: 'a file twice' })
    const files = ['first', 'second'].map((key) => storedFile(key, { sop: '1.1', blobKey: `blob of ${key}` }))
    const other = storedFile('third', { study: '1.9', blobKey: 'blob of first' })
    await record(catalog, twice, [...files, other])
    await publishAll(catalog, twice, AT)
    await catalog.importJobs.finish(twice, { jobStatus: 'COMPLETED', message: undefined, endedAt: AT })
    const found = [await keyToCompact(), await keyToCompact(), await keyToCompact()]
    assert.deepEqual(found.sort(), ['blob of first', 'blob of second', undefined])

    const failing = await startJob(catalog, { datastoreId, name: 'failing' })
    await record(catalog, failing, [
      ...TOGETHER.slice(0, 2).map((study) => storedFile(study, { study, blobKey: 'of a job that failed' })),
    ])
    const waiting = await catalog.importJobs.unpublishedGroups(failing.jobId, 1)
    const [documentOfFailing] = await documentsOf(catalog, failing, waiting)
    await catalog.importJobs.publish(failing, waiting, AT, documentOfFailing!)
    await catalog.importJobs.finish(failing, { jobStatus: 'FAILED', message: 'failed', endedAt: AT })
    assert.deepEqual([await keyToCompact(), await keyToCompact()], ['of a job that failed', undefined])

    const moved = await startJob(catalog, { datastoreId, name: 'documents' })
    const studies = ['1.7', '1.8'].map((study) => storedFile(study, { study, blobKey: `blob of ${study}` }))
    await record(catalog, moved, studies)
    const groups = await catalog.importJobs.unpublishedGroups(moved.jobId, 10)
    const document = {
      ...{ base: undefined, offsetBytes: 0, sizeBytes: 10, contentBytes: 30, crc32: 7, bodyChecksum: 8 },
      declaredTexts: new Map(),
    }
    const byGroup = new Map(groups.map(({ groupId }) => [groupId, document]))
    await catalog.importJobs.publish(moved, groups.slice(0, 1), AT, {
      ...{ blobKey: 'documents of both', digest: DIGEST, revision: 0 },
      byGroup,
    })
    const again = {
      ...{ blobKey: 'document of one', digest: DIGEST, revision: 0 },
      byGroup: new Map([[groups[1]!.groupId, document]]),
    }
    await catalog.importJobs.publish(moved, groups.slice(1), AT, again)
    await catalog.importJobs.finish(moved, { jobStatus: 'COMPLETED', message: undefined, endedAt: AT })
    assert.deepEqual([await keyToCompact(), await keyToCompact()], ['documents of both', undefined])
  })

  test('nothing moves if a used range was not copied, the reservation has expired, or another worker was first', async (context) => {
    const catalog = await open(context)
    const { kept, deleted } = await imported(catalog)
    await deleteImageSet(catalog, deleted)
    const toCompact = (await claimForCompaction(catalog))!
    const ranges = await rangesOf(catalog, toCompact)
    const before = await placeOf(catalog, kept)
    assert.equal(await catalog.blobs.move(moving(toCompact, ranges)), 'changed', 'no blob was reserved')
    await reserve(catalog, toCompact)
    assert.equal(await catalog.blobs.move(moving(toCompact, ranges.slice(1))), 'changed')
    assert.equal(
      await catalog.blobs.move(moving(toCompact, ranges, LATER + 1)),
      'changed',
      'the reservation has expired',
    )
    assert.deepEqual(await placeOf(catalog, kept), before)
    assert.equal(await catalog.blobs.move(moving(toCompact, ranges)), 'moved')
    await catalog.blobs.reserve({ source: toCompact, blobKey: 'store/late', unreferencedFrom: LATER + 1 })
    const late = { ...moving(toCompact, ranges), to: { blobKey: 'store/late', digest: NEW_DIGEST } }
    assert.equal(await catalog.blobs.move(late), 'changed')
    assert.deepEqual(await keysOf(catalog), ['store/late true', 'store/rewritten false', 'store/shared true'])
  })

  test('after a deletion between claim and move the new blob is partly unreferenced', async (context) => {
    const catalog = await open(context)
    const { kept, deleted } = await imported(catalog)
    const third = await copyFor(catalog, kept)
    await deleteImageSet(catalog, deleted)
    const toCompact = (await claimForCompaction(catalog))!
    const ranges = await rangesOf(catalog, toCompact)
    await reserve(catalog, toCompact)
    await deleteImageSet(catalog, third, AT + 5_000)
    assert.equal(await catalog.blobs.move(moving(toCompact, ranges)), 'moved')
    assert.equal(await claimForCompaction(catalog, LATER, AT + 5_000), undefined)
    assert.equal((await claimForCompaction(catalog))?.blobKey, 'store/rewritten')
  })
}

async function copyFor(catalog: Catalog, { datastoreId, imageSetId }: ImageSet): Promise<ImageSet> {
  const source = { imageSetId, version: 1 }
  const [created] = await begin(catalog, datastoreId, copyOf(imageSetId, 1))
  const shared = { attributes: { sharedWith: source }, document: { sharedWith: source } }
  const instances = { kind: 'added', from: source, sopInstanceUIDs: undefined } as const
  const copy = versionOf(created!.imageSetId, { ...shared, instances })
  await catalog.workflows.complete((await claim(catalog)).lease, endOf([copy], AT))
  return { datastoreId, imageSetId: created!.imageSetId }
}
