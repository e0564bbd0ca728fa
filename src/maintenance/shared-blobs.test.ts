/** Blobs with files of several partitions: garbage collection and compaction, interrupted at each call of a catalog, and sizes counted once. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import { DEFAULT_LIMITS } from '../default-limits.ts'
import { sample } from '../fixtures/soak.ts'
import { type BlobStore, readAll } from '../stores/blobs/blob-store.ts'
import { openMemoryBlobs } from '../stores/blobs/memory/memory-blobs.ts'
import type { Catalog } from '../stores/catalog/catalog.ts'
import { AT, createDatastore, startJob, storedFile, uniqueIds } from '../stores/catalog/conformance/catalog.fixture.ts'
import type { StoredFile } from '../stores/catalog/import-job-repository.ts'
import { type Failing, failingCalls } from '../stores/partitioned/failing-calls.fixture.ts'
import { partitionedCatalog } from '../stores/partitioned/partitioned-catalog.ts'
import { studyOf } from '../stores/partitioned/partitions.fixture.ts'
import { openSqliteCatalog } from '../stores/sql/open-sqlite.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { collectGarbage } from './collect-garbage.ts'
import { compactBlobs } from './compact-blobs.ts'

const PARTITIONS = 3
const HOUR_MS = 3_600_000
/** Of a file: its bytes, its metadata and its document. */
const [FILE, METADATA, ATTRIBUTES, DOCUMENT] = [60, 20, 10, 10]
const BYTES = FILE + METADATA + ATTRIBUTES + DOCUMENT
/** One in the first partition, two in the second, one in the third. */
const STUDIES = [1, 2, 2, 3].map((partition, name) => studyOf(partition, { of: PARTITIONS, name }))

const newId = uniqueIds()

const serverOf = (parts: readonly Catalog[]): Catalog =>
  partitionedCatalog({ control: parts[0]!, open: async (number) => parts[number]!, spread: PARTITIONS })

async function openParts(context: TestContext): Promise<readonly Catalog[]> {
  const parts: Catalog[] = []
  for (let partition = 0; partition <= PARTITIONS; partition++) {
    parts.push(await openSqliteCatalog({ path: ':memory:', newId, partition }))
  }
  context.after(() => Promise.all(parts.map((part) => part.close())))
  return parts
}

interface Imported {
  readonly datastoreId: string
  /** In the order of the studies. */
  readonly imageSetIds: readonly string[]
  readonly blobs: BlobStore
  /** Of each file in the blob. */
  readonly bytes: readonly Buffer[]
}

/** A file of each study, with its metadata and document, in one blob. */
async function importShared(catalog: Catalog, name: string): Promise<Imported> {
  const datastoreId = await createDatastore(catalog, name)
  const blobs = openMemoryBlobs()
  const blobKey = `${datastoreId}/jobs/blob`
  const bytes = STUDIES.map((_, at) => Buffer.alloc(BYTES, at + 1))
  const digest = await blobs.put(blobKey, Buffer.concat(bytes))
  const files = STUDIES.map((study, at): StoredFile => {
    const start = at * BYTES
    return {
      ...storedFile(`${at}`, { study, sop: `1.${at}`, blobKey, sizeBytes: FILE }),
      offsetBytes: start,
      metadata: {
        ...{ blobKey, offsetBytes: start + FILE },
        ...{ instanceMetadataBytes: METADATA, imageSetAttributesBytes: ATTRIBUTES },
      },
    }
  })
  const lease = await startJob(catalog, { datastoreId, name })
  const groups = files.map(({ grouping }, groupId) => ({ groupId, elements: grouping, files: 1 }))
  const byGroup = new Map(
    groups.map(({ groupId }) => [
      groupId,
      {
        ...{ base: undefined, offsetBytes: groupId * BYTES + BYTES - DOCUMENT, sizeBytes: DOCUMENT },
        ...{ contentBytes: 2, crc32: 0, bodyChecksum: 0, declaredTexts: new Map() },
      },
    ]),
  )
  const documents = { blobKey, digest, byGroup, revision: 0, groups }
  const digests = new Map([[blobKey, digest]])
  const made = await catalog.importJobs.recordAndPublish(lease, { files, digests, documents, at: AT })
  await catalog.importJobs.finish(lease, { jobStatus: 'COMPLETED', message: undefined, endedAt: AT })
  return { datastoreId, imageSetIds: made.map(({ imageSetId }) => imageSetId), blobs, bytes }
}

const storedBytes = async (catalog: Catalog, { datastoreId }: Imported) =>
  (await catalog.statistics()).datastores.find((each) => each.datastoreId === datastoreId)!.storedBytes

async function sizeOf({ blobs }: Imported): Promise<number> {
  let size = 0
  for await (const { sizeBytes } of blobs.list('')) size += sizeBytes
  return size
}

const silent = { info() {}, warn() {}, error() {} } as never

/** Rounds of garbage collection and compaction, an hour after each other, until a round after all delays. */
async function collect(catalog: Catalog, { blobs }: Imported, clock: { now: number }): Promise<void> {
  const app = {
    ...{ blobs, catalog, limits: DEFAULT_LIMITS, log: silent },
    ...{ clock: () => clock.now, newId },
  }
  const end = clock.now + 4 * (DEFAULT_LIMITS.compactionDelayMs + DEFAULT_LIMITS.movedBlobGraceMs + HOUR_MS)
  for (; clock.now < end; clock.now += HOUR_MS) {
    await collectGarbage(app as never)
    await compactBlobs(app as never)
  }
}

/** What is left of the deleted files is nothing, and of the others all. */
async function assertOnlyKept(catalog: Catalog, imported: Imported, kept: readonly number[]): Promise<void> {
  const { datastoreId, imageSetIds, blobs, bytes } = imported
  for (const at of kept) {
    const [file] = await catalog.imageSets.instances({ datastoreId, imageSetId: imageSetIds[at]! })
    const range = { start: file!.offsetBytes, length: file!.sizeBytes }
    const read = await readAll((await blobs.open(file!.blobKey, range))!)
    assert.equal(Buffer.from(read).toString('hex'), bytes[at]!.subarray(0, FILE).toString('hex'))
  }
  assert.equal(await sizeOf(imported), kept.length * BYTES)
  assert.equal(await storedBytes(catalog, imported), kept.length * BYTES)
  assert.equal(
    (await catalog.blobs.list({ after: `${datastoreId}/`, limit: 100 })).filter((blob) =>
      blob.blobKey.startsWith(datastoreId),
    ).length > 0,
    kept.length > 0,
  )
}

/** Which image sets are deleted, and which are kept. */
const DELETIONS: Readonly<Record<string, readonly number[]>> = {
  'one of two image sets of a partition': [1],
  'the image set of the partition that counts the blob': [0],
  'the image sets of two partitions': [0, 3],
  'all image sets': [0, 1, 2, 3],
}

describe('a blob with files of three partitions', () => {
  it('is counted once', async (context) => {
    const catalog = serverOf(await openParts(context))
    const imported = await importShared(catalog, 'counted')
    assert.equal(await storedBytes(catalog, imported), STUDIES.length * BYTES)
    assert.equal((await catalog.blobs.totals()).sizeBytes, STUDIES.length * BYTES)
  })

  for (const [title, deleted] of Object.entries(DELETIONS)) {
    it(`has only what is left after the deletion of ${title}, whatever call of a catalog fails`, async (context) => {
      const parts = await openParts(context)
      const calls = failingCalls(parts)
      const kept = [...STUDIES.keys()].filter((at) => !deleted.includes(at))
      const run = async (name: string, call: number | undefined, failing: Failing) => {
        const catalog = serverOf(parts)
        const imported = await importShared(catalog, name)
        const { datastoreId, imageSetIds } = imported
        for (const at of deleted) {
          assert.equal(await catalog.imageSets.delete({ datastoreId, imageSetId: imageSetIds[at]!, at: AT }), 'deleted')
        }
        const clock = { now: AT }
        calls.failAt(call, { failing, isLasting: true })
        await collect(serverOf(calls.parts), imported, clock).catch((cause: unknown) => {
          assert.ok(cause instanceof StoreUnavailable, cause as Error)
        })
        const made = calls.calls.length
        await collect(catalog, imported, clock)
        await assertOnlyKept(catalog, imported, kept)
        return made
      }
      const made = await run(`${title} whole`, undefined, 'before the call')
      // Many calls only find that nothing is due.
      const interruptions = Array.from({ length: Math.ceil(made / 9) }, (_, at) =>
        (['before the call', 'after the call'] as const).map((failing, which) => ({ call: 9 * at + which, failing })),
      ).flat()
      for (const { call, failing } of sample(interruptions, 4)) await run(`${title} ${failing} ${call}`, call, failing)
    })
  }

  it('stays whole while a backup runs', async (context) => {
    const catalog = serverOf(await openParts(context))
    const imported = await importShared(catalog, 'backup')
    const { datastoreId, imageSetIds } = imported
    for (const imageSetId of imageSetIds) await catalog.imageSets.delete({ datastoreId, imageSetId, at: AT })
    const runId = createHash('md5').update('run').digest('hex')
    const clock = { now: AT }
    const leaseUntil = AT + 365 * 24 * HOUR_MS
    assert.equal(await catalog.maintenance.begin({ runId, kind: 'backup', at: AT, leaseUntil }), 'begun')
    await collect(catalog, imported, clock)
    assert.equal(await sizeOf(imported), STUDIES.length * BYTES)
    await catalog.maintenance.end(runId, { at: clock.now, outcome: 'succeeded', report: {} })
    await collect(catalog, imported, clock)
    assert.equal(await sizeOf(imported), 0)
  })
})
