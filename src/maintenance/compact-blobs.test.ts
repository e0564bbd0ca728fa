/** Who is deleted is gone from blobs that others use too, and these never notice: whoever reads, changes or deletes them meanwhile. */
import assert from 'node:assert/strict'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import fc from 'fast-check'
import { openPostgres, openS3 } from '../fixtures/shared-servers.ts'
import { appIn, newDataFolder } from '../jobs/imported-instances.fixture.ts'
import { appOver, begin, type ImageSet, perform, type WholeApp } from '../jobs/workflows.fixture.ts'
import { newId } from '../server/new-id.ts'
import type { BlobStore } from '../stores/blobs/blob-store.ts'
import { pathsOf } from '../stores/blobs/disk/disk-paths.ts'
import { openMemoryBlobs } from '../stores/blobs/memory/memory-blobs.ts'
import { openMemoryLocations } from '../stores/blobs/memory/memory-locations.ts'
import { S3_TEST_LIMITS, s3IsMissing } from '../stores/blobs/s3/s3.fixture.ts'
import { openS3Blobs } from '../stores/blobs/s3/s3-locations.ts'
import { POSTGRES_TEST_LIMITS, postgresIsMissing } from '../stores/sql/engine/postgres/postgres.fixture.ts'
import { openPostgresCatalog } from '../stores/sql/open-postgres.ts'
import { openSqliteCatalog } from '../stores/sql/open-sqlite.ts'
import { collectGarbage, keepCollectingGarbage } from './collect-garbage.ts'
import { compactBlobs } from './compact-blobs.ts'
import { deleteImageSet, everythingOf, importPatients, later, rangeOf, tracesOf } from './compaction.fixture.ts'
import { differencesIn } from './verify/verify.fixture.ts'

const NAMES = ['KEPT^ONE', 'GONE^PATIENT', 'KEPT^TWO']

async function inMemory(context: TestContext): Promise<WholeApp> {
  const catalog = await openSqliteCatalog({ path: ':memory:', newId })
  context.after(() => catalog.close())
  return appOver({ catalog, blobs: openMemoryBlobs(), locations: openMemoryLocations() })
}

async function onDisk(context: TestContext) {
  const folder = await newDataFolder(context)
  return { folder, app: appOver(await appIn(context, folder)) }
}

const withBlobs = (app: WholeApp, blobs: Partial<BlobStore>): WholeApp => ({
  ...app,
  blobs: { ...app.blobs, ...blobs },
})

/** Ten minutes after the deletion, and once readers of the old blobs are gone. */
async function rewriteAndSweep(app: WholeApp): Promise<number> {
  const rewritten = await compactBlobs(later(app, 1))
  await collectGarbage(later(app, 3))
  return rewritten
}

async function goesWithoutATrace(app: WholeApp): Promise<void> {
  const [one, gone, two] = await importPatients(app, NAMES)
  // Another image set shares the bytes of the first, versions share them too.
  const [, copy] = await perform(app, { name: 'copy', of: one! })
  await perform(app, { name: 'update', of: two!, put: { Patient: { DICOM: { PatientName: 'KEPT^RENAMED' } } } })
  const ofGone = await everythingOf(app, gone!)
  const kept = [one!, two!, copy!]
  const before = await Promise.all(kept.map((each) => everythingOf(app, each)))
  assert.equal((await tracesOf(app, ofGone)).length, ofGone.size - 1, 'all but the inflated document')
  await deleteImageSet(app, gone!)
  await collectGarbage(later(app, 3))
  assert.equal(await compactBlobs(app), 0, 'deletions that follow share one rewriting')
  // Three of files and one of documents.
  assert.equal(await compactBlobs(later(app, 1)), 4)
  assert.equal(await compactBlobs(later(app, 2)), 0)
  await collectGarbage(later(app, 3))
  assert.deepEqual(await tracesOf(app, ofGone), [])
  assert.deepEqual(await Promise.all(kept.map((each) => everythingOf(app, each))), before)
  assert.deepEqual(await differencesIn(app), [])
  for await (const { key } of app.blobs.list('')) assert.equal((await app.catalog.blobs.get([key])).length, 1, key)
}

test('nothing of a deleted image set remains in the blobs that it shared: files and SQLite', async (context) => {
  await goesWithoutATrace((await onDisk(context)).app)
})

test('nothing of a deleted image set remains in the blobs that it shared: memory', async (context) => {
  await goesWithoutATrace(await inMemory(context))
})

const missing = s3IsMissing ?? postgresIsMissing ?? false
test('nothing of a deleted image set remains in the blobs that it shared: S3 and PostgreSQL', {
  skip: missing,
}, async (context) => {
  const s3 = await openS3()
  context.after(() => s3.stop())
  const postgres = await openPostgres()
  context.after(() => postgres.remove())
  const catalog = await openPostgresCatalog({ url: await postgres.newDatabase(), newId, limits: POSTGRES_TEST_LIMITS })
  const blobs = await openS3Blobs(s3.place, S3_TEST_LIMITS, { bucket: await s3.newBucket(), prefix: 'hilum/' })
  assert.ok(!('closed' in blobs))
  try {
    await goesWithoutATrace(appOver({ catalog, blobs, locations: openMemoryLocations() }))
  } finally {
    await catalog.close()
  }
})

test('the ranges are the same however a store cuts the bytes that it hands out', async (context) => {
  for (const chunkBytes of [1, 13, 1_000]) {
    const app = await inMemory(context)
    const [one, gone] = await importPatients(app, NAMES)
    const [ofGone, before] = [await everythingOf(app, gone!), await everythingOf(app, one!)]
    await deleteImageSet(app, gone!)
    const cutting = withBlobs(later(app, 1), {
      async open(key, range) {
        const blob = await app.blobs.open(key, range)
        return blob && { ...blob, bytes: inChunks(blob.bytes, chunkBytes) }
      },
    })
    assert.equal(await compactBlobs(cutting), 4)
    await collectGarbage(later(app, 3))
    assert.deepEqual(await tracesOf(app, ofGone), [])
    assert.deepEqual(await everythingOf(app, one!), before)
    assert.deepEqual(await differencesIn(app), [])
  }
})

async function* inChunks(bytes: AsyncIterable<Uint8Array>, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; at += chunkBytes) yield chunk.subarray(at, at + chunkBytes)
  }
}

test('whoever reads meanwhile reads the same bytes, also from where they lay before', async (context) => {
  const { app } = await onDisk(context)
  const [one, gone] = await importPatients(app, NAMES)
  const before = await everythingOf(app, one!)
  const parts = await app.catalog.imageSets.instanceRecords({ ...one!, version: 1 })
  const files = await Promise.all(parts.map((part) => rangeOf(app, part)))
  await deleteImageSet(app, gone!)
  let isOver = false
  let reads = 0
  const reading = Promise.all(
    [1, 2].map(async () => {
      for (; !isOver; reads++) assert.deepEqual(await everythingOf(app, one!), before)
    }),
  )
  const untilReadAnew = async () => {
    for (const seen = reads; reads < seen + 3; ) await Promise.race([reading, setTimeout(1)])
  }
  // Slowly, so that everything is read before, while and after each blob is moved.
  const slow = withBlobs(later(app, 1), {
    async put(key, bytes) {
      await untilReadAnew()
      const digest = await app.blobs.put(key, bytes)
      await untilReadAnew()
      return digest
    },
  })
  assert.equal(await compactBlobs(slow), 4)
  await untilReadAnew()
  isOver = true
  await reading
  await collectGarbage(later(app, 1.5))
  assert.deepEqual(await Promise.all(parts.map((part) => rangeOf(app, part))), files)
  await collectGarbage(later(app, 3))
  assert.equal(await app.blobs.open(parts[0]!.blobKey), undefined)
})

/** Does something between the bytes of the first blob that is written anew and the transaction that moves to it. */
async function rewriteWhile(app: WholeApp, act: () => Promise<unknown>): Promise<number> {
  let isFirst = true
  const acting = withBlobs(app, {
    async put(key, bytes) {
      const digest = await app.blobs.put(key, bytes)
      if (isFirst) {
        isFirst = false
        await act()
      }
      return digest
    },
  })
  return compactBlobs(acting)
}

test('a copy that is made meanwhile has the bytes that move', async (context) => {
  const app = await inMemory(context)
  const [one, gone] = await importPatients(app, NAMES)
  await deleteImageSet(app, gone!)
  let copied: Awaited<ReturnType<typeof perform>> = []
  let before: unknown
  const copy = async () => {
    copied = await perform(app, { name: 'copy', of: one! })
    before = await everythingOf(app, copied[1]!)
  }
  assert.equal(await rewriteWhile(later(app, 1), copy), 4)
  await collectGarbage(later(app, 3))
  assert.deepEqual(await everythingOf(app, copied[1]!), before)
  assert.deepEqual(await differencesIn(app), [])
})

test('what is updated, reverted and imported meanwhile and afterwards is as it would be anyway', async (context) => {
  const app = await inMemory(context)
  const [one, gone, two] = await importPatients(app, NAMES)
  await deleteImageSet(app, gone!)
  const change = async () => {
    await perform(app, { name: 'update', of: one!, put: { Patient: { DICOM: { PatientName: 'RENAMED' } } } })
    await importPatients(app, [NAMES[2]!], { into: two!.datastoreId, studies: 3, numbers: [2, 5] })
  }
  await rewriteWhile(later(app, 1), change)
  const before = [await everythingOf(app, one!), await everythingOf(app, two!)]
  await rewriteAndSweep(app)
  assert.deepEqual([await everythingOf(app, one!), await everythingOf(app, two!)], before)
  await perform(app, { name: 'revert', of: one!, to: 1 })
  await importPatients(app, [NAMES[2]!], { into: two!.datastoreId, studies: 3, numbers: [6] })
  const [ofOne, ofTwo] = [await everythingOf(app, one!), await everythingOf(app, two!)]
  assert.deepEqual(ofOne.get('metadata 3'), ofOne.get('metadata 1'))
  for (const [name, bytes] of before[1]!) assert.deepEqual(ofTwo.get(name), bytes, name)
  const latest = JSON.parse(String(ofTwo.get('metadata 3'))).Study.Series['2.25.3.1'].Instances
  assert.equal(Object.keys(latest).length, 6)
  assert.deepEqual(await differencesIn(app), [])
})

test('what is deleted while its blob is written anew goes with the next rewriting', async (context) => {
  const app = await inMemory(context)
  const [one, gone, two] = await importPatients(app, NAMES)
  const [ofTwo, before] = [await everythingOf(app, two!), await everythingOf(app, one!)]
  await deleteImageSet(app, gone!)
  // What is put is that of before the deletion, so the first blob is written anew once more.
  assert.equal(await rewriteWhile(later(app, 1), () => deleteImageSet(app, two!)), 5)
  await collectGarbage(later(app, 3))
  assert.deepEqual(await tracesOf(app, ofTwo), [])
  assert.deepEqual(await everythingOf(app, one!), before)
  assert.deepEqual(await differencesIn(app), [])
})

test('where the last image set goes meanwhile nothing is moved, and nothing remains', async (context) => {
  const app = await inMemory(context)
  const [one, gone, two] = await importPatients(app, NAMES)
  await deleteImageSet(app, gone!)
  const rewritten = await rewriteWhile(later(app, 1), async () => {
    await deleteImageSet(app, one!)
    await deleteImageSet(app, two!)
  })
  assert.equal(rewritten, 0)
  for await (const { key } of app.blobs.list('')) assert.doesNotMatch(key, /rewritten/)
  await collectGarbage(later(app, 3))
  for await (const { key } of app.blobs.list('')) assert.fail(key)
  assert.deepEqual(await app.catalog.blobs.list({ after: undefined, limit: 100 }), [])
})

test('of several that write one blob anew the first is moved to, and what the others put goes', async (context) => {
  const { app } = await onDisk(context)
  const [one, gone] = await importPatients(app, NAMES)
  const [ofGone, before] = [await everythingOf(app, gone!), await everythingOf(app, one!)]
  await deleteImageSet(app, gone!)
  // The first is so slow that another takes its blob for abandoned.
  let others = 0
  const rewritten = await rewriteWhile(later(app, 1), async () => {
    others = await compactBlobs(later(app, 1.2))
  })
  assert.deepEqual([rewritten, others], [0, 4])
  const several = await Promise.all([1, 2, 3].map(() => compactBlobs(later(app, 2))))
  assert.deepEqual(several, [0, 0, 0])
  await collectGarbage(later(app, 4))
  assert.deepEqual(await tracesOf(app, ofGone), [])
  assert.deepEqual(await everythingOf(app, one!), before)
  assert.deepEqual(await differencesIn(app), [])
})

test('several that look at once take different blobs', async (context) => {
  const { app } = await onDisk(context)
  const [, gone] = await importPatients(app, NAMES)
  await deleteImageSet(app, gone!)
  const rewritten = await Promise.all([1, 2, 3].map(() => compactBlobs(later(app, 1))))
  assert.equal(
    rewritten.reduce((sum, each) => sum + each),
    4,
  )
  assert.deepEqual(await differencesIn(app), [])
})

test('a blob of whose image sets one is locked waits', async (context) => {
  const app = await inMemory(context)
  const [one, gone] = await importPatients(app, NAMES)
  await deleteImageSet(app, gone!)
  await begin(app, { name: 'update', of: one!, put: { Patient: { DICOM: { PatientName: 'RENAMED' } } } })
  assert.equal(await compactBlobs(later(app, 1)), 0)
})

test('bytes that are not what was put are not written anew as if they were', async (context) => {
  const { app, folder } = await onDisk(context)
  const [one, gone] = await importPatients(app, NAMES)
  await deleteImageSet(app, gone!)
  const [part] = await app.catalog.imageSets.instanceRecords({ ...one!, version: 1 })
  const file = await open(join(folder, 'blobs', pathsOf(part!.blobKey, 'spread')[0]!), 'r+')
  await file.write('changed', part!.offsetBytes + 40)
  await file.close()
  await assert.rejects(compactBlobs(later(app, 1)), /are not those that were put/)
  await compactBlobs(later(app, 1))
  const kinds = (await differencesIn(app)).map(({ kind }) => kind)
  assert.deepEqual(kinds, ['blob-bytes-differ'], 'it is still told of, and the others are written anew')
})

test('whoever sweeps writes them anew as well', async (context) => {
  const app = await inMemory(context)
  const [one, gone] = await importPatients(app, NAMES)
  const [ofGone, before] = [await everythingOf(app, gone!), await everythingOf(app, one!)]
  await deleteImageSet(app, gone!)
  for (const hours of [1, 3]) {
    const stopping = new AbortController()
    const log = { ...app.log, info: () => stopping.abort() }
    await keepCollectingGarbage({ ...later(app, hours), log }, stopping.signal)
  }
  assert.deepEqual(await tracesOf(app, ofGone), [])
  assert.deepEqual(await everythingOf(app, one!), before)
})

test('stopping puts down the blob in hand, and the next start writes it anew', async (context) => {
  const app = await inMemory(context)
  const [one, gone] = await importPatients(app, NAMES)
  const [ofGone, before] = [await everythingOf(app, gone!), await everythingOf(app, one!)]
  await deleteImageSet(app, gone!)
  const stopping = new AbortController()
  const stopped = withBlobs(later(app, 1), {
    put(key, bytes) {
      stopping.abort()
      return app.blobs.put(key, bytes)
    },
  })
  await assert.rejects(compactBlobs(stopped, stopping.signal), { name: 'AbortError' })
  assert.deepEqual(await differencesIn(app), [])
  assert.equal(await compactBlobs(later(app, 2)), 4)
  await collectGarbage(later(app, 4))
  assert.deepEqual(await tracesOf(app, ofGone), [])
  assert.deepEqual(await everythingOf(app, one!), before)
})

test('whatever happens, and whatever is written anew meanwhile, versions stay as they are and what was deleted goes', async (context) => {
  const step = fc.record({
    act: fc.constantFrom('import', 'update', 'revert', 'copy', 'delete', 'delete'),
    which: fc.nat(20),
    isMeanwhile: fc.boolean(),
  })
  const history = fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 9, size: 'max' }), async (steps) => {
    const app = await inMemory(context)
    const standing = new Map<ImageSet, ReadonlyMap<string, Buffer>>()
    const deleted: ReadonlyMap<string, Buffer>[] = []
    const keep = async (of: ImageSet) => standing.set(of, await everythingOf(app, of))
    for (const of of await importPatients(app, NAMES, { numbers: [1, 2] })) await keep(of)
    let studies = 10
    let days = 0
    for (const { act, which, isMeanwhile } of steps) {
      const of = [...standing.keys()][which % Math.max(standing.size, 1)]
      let isPlayed = false
      const play = async () => {
        isPlayed = true
        if (act === 'import' || of === undefined) {
          for (const made of await importPatients(app, NAMES, { studies, numbers: [1] })) await keep(made)
          studies += NAMES.length
        } else if (act === 'delete') {
          await deleteImageSet(app, of)
          deleted.push(standing.get(of)!)
          standing.delete(of)
        } else if (act === 'copy') {
          const [, copy] = await perform(app, { name: 'copy', of })
          await keep(copy!)
          await keep(of)
        } else {
          const renamed = { Patient: { DICOM: { PatientName: `RENAMED^${days}` } } }
          await perform(app, act === 'update' ? { name: 'update', of, put: renamed } : { name: 'revert', of, to: 1 })
          const now = await everythingOf(app, of)
          for (const [name, bytes] of standing.get(of)!) assert.deepEqual(now.get(name), bytes, name)
          standing.set(of, now)
        }
      }
      days += 1
      if (isMeanwhile) await rewriteWhile(later(app, 24 * days), play)
      if (!isPlayed) await play()
      for (const [of, before] of standing) assert.deepEqual(await everythingOf(app, of), before)
    }
    await compactBlobs(later(app, 24 * (days + 1)))
    await collectGarbage(later(app, 24 * (days + 2)))
    for (const [of, before] of standing) assert.deepEqual(await everythingOf(app, of), before)
    assert.deepEqual(await differencesIn(app), [])
    const held = [...standing.values()].flatMap((everything) => [...everything.values()])
    for (const everything of deleted) {
      const onlyOfIt = [...everything].filter(([, bytes]) => !held.some((each) => each.includes(bytes)))
      assert.deepEqual(await tracesOf(app, new Map(onlyOfIt)), [])
    }
  })
  await fc.assert(history, { numRuns: 12, seed: 20261125, endOnFailure: true })
})
