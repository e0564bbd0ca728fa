/** Conformance of a catalog: records of blobs, which image sets use them, and when a blob is unreferenced. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { BlobRecord, BlobUse } from '../blob-repository.ts'
import type { Catalog } from '../catalog.ts'
import type { OpenCatalog } from './catalog.conformance.ts'
import {
  AT,
  createDatastore,
  DIGEST,
  failedFile,
  importFiles,
  publishAll,
  record,
  startJob,
  storedFile,
  TOGETHER,
  withCatalog,
} from './catalog.fixture.ts'
import {
  begin,
  claim,
  copyOf,
  describedFile,
  endOf,
  get,
  type ImageSet,
  update,
  updateOf,
  versionOf,
} from './workflow.fixture.ts'

const LATER = AT + 3_600_000

async function unreferencedKeys(catalog: Catalog, before = LATER): Promise<string[]> {
  return (await catalog.blobs.listUnreferenced({ before, now: 0, limit: 10_000 })).map(({ blobKey }) => blobKey).sort()
}

async function deleteImageSet(catalog: Catalog, { datastoreId, imageSetId }: ImageSet, at = AT + 1_000) {
  await begin(catalog, datastoreId, { operation: 'DeleteImageSet', imageSetId })
  await catalog.workflows.completeDeletion((await claim(catalog)).lease, at)
}

async function copyOfWhole(catalog: Catalog, { datastoreId, imageSetId }: ImageSet, version: number): Promise<string> {
  const [created] = await begin(catalog, datastoreId, copyOf(imageSetId, version))
  const { lease } = await claim(catalog)
  const sharedWith = { sharedWith: { imageSetId, version } }
  const instances = { kind: 'added', from: { imageSetId, version }, sopInstanceUIDs: undefined } as const
  const copy = versionOf(created!.imageSetId, { attributes: sharedWith, document: sharedWith, instances })
  assert.equal(await catalog.workflows.complete(lease, endOf([copy], AT + 2_000)), 'completed')
  return created!.imageSetId
}

async function allUses(catalog: Catalog): Promise<readonly BlobUse[]> {
  const found: BlobUse[] = []
  for (let after = 0; ; ) {
    const { last, uses } = await catalog.blobs.listUses({ after, imageSets: 2 })
    if (last === undefined) return found
    found.push(...uses)
    after = last
  }
}

async function allBlobs(catalog: Catalog): Promise<readonly BlobRecord[]> {
  const found: BlobRecord[] = []
  for (;;) {
    const some = await catalog.blobs.list({ after: found.at(-1)?.blobKey, limit: 3 })
    if (some.length === 0) return found
    found.push(...some)
  }
}

/** Recorded uses and needed ranges agree, and exactly the blobs without a use are unreferenced. */
async function assertUsesRight(catalog: Catalog): Promise<void> {
  const uses = await allUses(catalog)
  for (const { record, endBytes, isRecorded } of uses) {
    assert.ok(endBytes !== undefined, 'a recorded use without a needed range')
    assert.ok(isRecorded, 'a needed range without a recorded use')
    assert.equal(record?.isUnreferenced, false, 'a blob in use exists and is not unreferenced')
  }
  const used = new Set(uses.map(({ blob }) => blob))
  for (const { blob, blobKey, isUnreferenced } of await allBlobs(catalog))
    assert.equal(isUnreferenced, !used.has(blob), blobKey)
}

export function testBlobs(open: OpenCatalog): void {
  test('blobs are listed in byte order of their keys, with their digests, in pages', async (context) => {
    const catalog = await open(context)
    const lease = await startJob(catalog, { datastoreId: await createDatastore(catalog) })
    const keys = ['b/1', 'b/10', 'b/2', 'B', 'b!', 'ä', '\uff61', '\u{1f600}']
    const files = keys.map((blobKey, at) => storedFile(`${at}`, { blobKey }))
    await record(catalog, lease, files)
    await record(catalog, lease, [storedFile('8', { blobKey: 'b/1' }), failedFile('9')])
    const blobs = await allBlobs(catalog)
    assert.deepEqual(
      blobs.map(({ blobKey }) => blobKey),
      ['B', 'b!', 'b/1', 'b/10', 'b/2', 'ä', '\uff61', '\u{1f600}'],
    )
    for (const { digest } of blobs) assert.deepEqual(digest, DIGEST)
    assert.deepEqual(
      (await catalog.blobs.get(['b/2', 'nowhere'])).map(({ blobKey }) => blobKey),
      ['b/2'],
    )
    assert.equal((await catalog.blobs.totals()).sizeBytes, 8 * DIGEST.sizeBytes)
  })

  test('the digests of blobs of documents and updates are recorded', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const lease = await startJob(catalog, { datastoreId })
    await record(catalog, lease, [describedFile('a', { sop: '1.1' })])
    const groups = await catalog.importJobs.unpublishedGroups(lease.jobId, 10)
    const document = {
      ...{ base: undefined, offsetBytes: 0, sizeBytes: 100, contentBytes: 300, crc32: 7, bodyChecksum: 8 },
      declaredTexts: new Map(),
    }
    const [made] = await catalog.importJobs.publish(lease, groups, AT, {
      ...{ blobKey: 'documents', digest: DIGEST, revision: 0 },
      byGroup: new Map([[groups[0]!.groupId, document]]),
    })
    await begin(catalog, datastoreId, updateOf(made!.imageSetId, 1))
    const versions = [versionOf(made!.imageSetId)]
    const { lease: workflow } = await claim(catalog)
    await catalog.workflows.complete(workflow, endOf(versions, AT))
    const known = await catalog.blobs.get(['documents', `document of ${made!.imageSetId}`])
    assert.deepEqual(
      known.map(({ digest }) => digest),
      [DIGEST, DIGEST],
    )
    const [first, second] = await catalog.blobs.listDocuments({ after: undefined, limit: 10 })
    assert.deepEqual([first!.version, second!.version], [1, 2])
    assert.deepEqual(first!.range, {
      ...{ blobKey: 'documents', offsetBytes: 0, sizeBytes: 100, contentBytes: 300, crc32: 7, bodyChecksum: 8 },
    })
    assert.deepEqual(await catalog.blobs.listDocuments({ after: first, limit: 10 }), [second])
    await assertUsesRight(catalog)
  })

  test('at the end of a job, blobs that none of its image sets uses are unreferenced, whether it failed or not', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    for (const jobStatus of ['COMPLETED', 'FAILED'] as const) {
      const lease = await startJob(catalog, { datastoreId, name: jobStatus })
      const key = `${jobStatus} `
      await record(catalog, lease, [storedFile(`${key}1`, { sop: '1.1', blobKey: `${key}old` })])
      await record(catalog, lease, [storedFile(`${key}2`, { sop: '1.1', blobKey: `${key}new` })])
      if (jobStatus === 'COMPLETED') await publishAll(catalog, lease, AT)
      assert.deepEqual(await unreferencedKeys(catalog), jobStatus === 'COMPLETED' ? [] : ['COMPLETED old'])
      await catalog.importJobs.finish(lease, { jobStatus, message: undefined, endedAt: AT })
    }
    assert.deepEqual(await unreferencedKeys(catalog), ['COMPLETED old', 'FAILED new', 'FAILED old'])
    assert.deepEqual(await unreferencedKeys(catalog, AT), [], 'not unreferenced before the end of the job')
    await assertUsesRight(catalog)
  })

  test('blobs that a copy shares stay in use when the source is deleted, and are unreferenced when the copy is deleted', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const [made] = await importFiles(catalog, { datastoreId, files: [describedFile('a', { sop: '1.1' })] })
    const imageSet = { datastoreId, imageSetId: made!.imageSetId }
    await update(catalog, imageSet, { from: 1 })
    const copy = { datastoreId, imageSetId: await copyOfWhole(catalog, imageSet, 2) }
    await deleteImageSet(catalog, imageSet)
    assert.deepEqual(await unreferencedKeys(catalog), [])
    await assertUsesRight(catalog)
    await deleteImageSet(catalog, copy, AT + 5_000)
    const all = [
      `document of ${imageSet.imageSetId}`,
      'file a',
      'frames a',
      `image set attributes of ${imageSet.imageSetId}`,
    ]
    assert.deepEqual(await unreferencedKeys(catalog), [...all, 'metadata a'].sort())
    assert.deepEqual(await unreferencedKeys(catalog, AT + 5_000), [])
    await assertUsesRight(catalog)
  })

  test('a purged blob is not listed, and a blob in use cannot be marked as purged', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const files = [describedFile('a', { sop: '1.1' }), describedFile('b', { study: TOGETHER[1], sop: '1.9.1' })]
    const [first] = await importFiles(catalog, { datastoreId, files })
    await deleteImageSet(catalog, { datastoreId, imageSetId: first!.imageSetId })
    await catalog.blobs.markPurged(await allBlobs(catalog), LATER)
    assert.deepEqual(
      (await allBlobs(catalog)).map(({ blobKey }) => blobKey),
      ['file b', 'frames b', 'metadata b'],
    )
    assert.deepEqual(await unreferencedKeys(catalog), [])
    assert.deepEqual(await catalog.blobs.get(['file a']), [])
    await assertUsesRight(catalog)
  })

  test('after any imports, updates, copies and deletions, exactly the blobs without a use are unreferenced', async () => {
    const step = fc.record({
      act: fc.constantFrom('import', 'update', 'revert', 'copy', 'delete', 'purge'),
      which: fc.nat(20),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 15 }), (steps) =>
        withCatalog(open, async (catalog) => {
          const datastoreId = await createDatastore(catalog)
          const imageSetIds: string[] = []
          for (const [number, { act, which }] of steps.entries()) {
            const imageSetId = imageSetIds[which % Math.max(imageSetIds.length, 1)]
            if (act === 'import' || imageSetId === undefined) {
              // Few series, so that some imports extend an image set and some instances are imported again.
              const series = `1.2.3.${which % 4}`
              const files = [which % 3, 4].map((at) =>
                describedFile(`${number} ${at}`, { series, sop: `${series}.${at}` }),
              )
              const [made] = await importFiles(catalog, { datastoreId, files })
              if (!imageSetIds.includes(made!.imageSetId)) imageSetIds.push(made!.imageSetId)
            } else if (act === 'purge') {
              await catalog.blobs.markPurged(
                await catalog.blobs.listUnreferenced({ before: LATER, now: 0, limit: 100 }),
                LATER,
              )
            } else if (act === 'delete') {
              await deleteImageSet(catalog, { datastoreId, imageSetId })
              imageSetIds.splice(imageSetIds.indexOf(imageSetId), 1)
            } else {
              const imageSet = { datastoreId, imageSetId }
              const { version } = (await get(catalog, imageSet))!
              if (act === 'copy') imageSetIds.push(await copyOfWhole(catalog, imageSet, version))
              else {
                const sharedWith = { sharedWith: { imageSetId, version: 1 } }
                const values =
                  act === 'revert'
                    ? { attributes: sharedWith, instances: { kind: 'of-version', version: 1 } as const }
                    : {}
                const blobKey = `document ${number}`
                const document = { blobKey, offsetBytes: 0, sizeBytes: 10, contentBytes: 20, crc32: 0, bodyChecksum: 0 }
                await update(catalog, imageSet, { from: version, document, ...values })
              }
            }
            await assertUsesRight(catalog)
          }
        }),
      ),
      { seed: 20261125, numRuns: 15 },
    )
  })
}
