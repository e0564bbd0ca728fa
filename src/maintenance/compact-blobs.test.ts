/** Compaction: no byte of a deleted image set remains in shared blobs, and other image sets can be read, changed and deleted meanwhile. */
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

const NAMES = ['KEPT^ONE', 'DELETED^PATIENT', 'KEPT^TWO']

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

/** Compacts after the delay, and collects garbage after the grace period for readers of the old blobs. */
async function compactAndCollect(app: WholeApp): Promise<number> {
  const compacted = await compactBlobs(later(app, 1))
  await collectGarbage(later(app, 3))
  return compacted
}

async function leavesNoTrace(app: WholeApp): Promise<void> {
  const [one, deleted, two] = await importPatients(app, NAMES)
  // A copy and a second version share bytes.
  const [, copy] = await perform(app, { name: 'copy', of: one! })
  await perform(app, { name: 'update', of: two!, put: { Patient: { DICOM: { PatientName: 'KEPT^RENAMED' } } } })
  const ofDeleted = await everythingOf(app, deleted!)
  const kept = [one!, two!, copy!]
  const before = await Promise.all(kept.map((each) => everythingOf(app, each)))
  assert.equal((await tracesOf(app, ofDeleted)).length, ofDeleted.size - 1, 'all but the inflated document')
  await deleteImageSet(app, deleted!)
  await collectGarbage(later(app, 3))
  assert.equal(await compactBlobs(app), 0, 'compaction waits for further deletions')
  // Three blobs of files and one of documents.
  assert.equal(await compactBlobs(later(app, 1)), 4)
  assert.equal(await compactBlobs(later(app, 2)), 0)
  await collectGarbage(later(app, 3))
  assert.deepEqual(await tracesOf(app, ofDeleted), [])
  assert.deepEqual(await Promise.all(kept.map((each) => everythingOf(app, each))), before)
  assert.deepEqual(await differencesIn(app), [])
  for await (const { key } of app.blobs.list('')) assert.equal((await app.catalog.blobs.get([key])).length, 1, key)
}

test('no byte of a deleted image set remains in shared blobs: files and SQLite', async (context) => {
  await leavesNoTrace((await onDisk(context)).app)
})

test('no byte of a deleted image set remains in shared blobs: memory', async (context) => {
  await leavesNoTrace(await inMemory(context))
})

const missing = s3IsMissing ?? postgresIsMissing ?? false
test('no byte of a deleted image set remains in shared blobs: S3 and PostgreSQL', {
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
    await leavesNoTrace(appOver({ catalog, blobs, locations: openMemoryLocations() }))
  } finally {
    await catalog.close()
  }
})

test('the result does not depend on the size of the chunks that a store returns', async (context) => {
  for (const chunkBytes of [1, 13, 1_000]) {
    const app = await inMemory(context)
    const [one, deleted] = await importPatients(app, NAMES)
    const [ofDeleted, before] = [await everythingOf(app, deleted!), await everythingOf(app, one!)]
    await deleteImageSet(app, deleted!)
    const chunked = withBlobs(later(app, 1), {
      async open(key, range) {
        const blob = await app.blobs.open(key, range)
        return blob && { ...blob, bytes: inChunks(blob.bytes, chunkBytes) }
      },
    })
    assert.equal(await compactBlobs(chunked), 4)
    await collectGarbage(later(app, 3))
    assert.deepEqual(await tracesOf(app, ofDeleted), [])
    assert.deepEqual(await everythingOf(app, one!), before)
    assert.deepEqual(await differencesIn(app), [])
  }
})

async function* inChunks(bytes: AsyncIterable<Uint8Array>, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; at += chunkBytes) yield chunk.subarray(at, at + chunkBytes)
  }
}

test('readers get the same bytes during compaction, also from the old blobs during the grace period', async (context) => {
  const { app } = await onDisk(context)
  const [one, deleted] = await importPatients(app, NAMES)
  const before = await everythingOf(app, one!)
  const instances = await app.catalog.imageSets.instanceRecords({ ...one!, version: 1 })
  const files = await Promise.all(instances.map((instance) => rangeOf(app, instance)))
  await deleteImageSet(app, deleted!)
  let isFinished = false
  let reads = 0
  const reading = Promise.all(
    [1, 2].map(async () => {
      for (; !isFinished; reads++) assert.deepEqual(await everythingOf(app, one!), before)
    }),
  )
  const untilReadAgain = async () => {
    for (const seen = reads; reads < seen + 3; ) await Promise.race([reading, setTimeout(1)])
  }
  // Waits, so that everything is read before, during and after each move.
  const slow = withBlobs(later(app, 1), {
    async put(key, bytes) {
      await untilReadAgain()
      const digest = await app.blobs.put(key, bytes)
      await untilReadAgain()
      return digest
    },
  })
  assert.equal(await compactBlobs(slow), 4)
  await untilReadAgain()
  isFinished = true
  await reading
  await collectGarbage(later(app, 1.5))
  assert.deepEqual(await Promise.all(instances.map((instance) => rangeOf(app, instance))), files)
  await collectGarbage(later(app, 3))
  assert.equal(await app.blobs.open(instances[0]!.blobKey), undefined)
})

/** Compacts, and acts after the first new blob was written, before the transaction that moves to it. */
async function compactWhile(app: WholeApp, act: () => Promise<unknown>): Promise<number> {
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

test('a copy that is made during compaction shares the moved bytes', async (context) => {
  const app = await inMemory(context)
  const [one, deleted] = await importPatients(app, NAMES)
  await deleteImageSet(app, deleted!)
  let copied: Awaited<ReturnType<typeof perform>> = []
  let before: unknown
  const copy = async () => {
    copied = await perform(app, { name: 'copy', of: one! })
    before = await everythingOf(app, copied[1]!)
  }
  assert.equal(await compactWhile(later(app, 1), copy), 4)
  await collectGarbage(later(app, 3))
  assert.deepEqual(await everythingOf(app, copied[1]!), before)
  assert.deepEqual(await differencesIn(app), [])
})

test('updates, reverts and imports during and after compaction have the same result as without it', async (context) => {
  const app = await inMemory(context)
  const [one, deleted, two] = await importPatients(app, NAMES)
  await deleteImageSet(app, deleted!)
  const change = async () => {
    await perform(app, { name: 'update', of: one!, put: { Patient: { DICOM: { PatientName: 'RENAMED' } } } })
    await importPatients(app, [NAMES[2]!], { into: two!.datastoreId, studies: 3, numbers: [2, 5] })
  }
  await compactWhile(later(app, 1), change)
  const before = [await everythingOf(app, one!), await everythingOf(app, two!)]
  await compactAndCollect(app)
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

test('what is deleted during compaction is removed by the next compaction', async (context) => {
  const app = await inMemory(context)
  const [one, deleted, two] = await importPatients(app, NAMES)
  const [ofTwo, before] = [await everythingOf(app, two!), await everythingOf(app, one!)]
  await deleteImageSet(app, deleted!)
  // The first new blob still contains the bytes deleted meanwhile, so it is compacted again.
  assert.equal(await compactWhile(later(app, 1), () => deleteImageSet(app, two!)), 5)
  await collectGarbage(later(app, 3))
  assert.deepEqual(await tracesOf(app, ofTwo), [])
  assert.deepEqual(await everythingOf(app, one!), before)
  assert.deepEqual(await differencesIn(app), [])
})

test('if the last image set is deleted during compaction, nothing is moved and nothing remains', async (context) => {
  const app = await inMemory(context)
  const [one, deleted, two] = await importPatients(app, NAMES)
  await deleteImageSet(app, deleted!)
  const compacted = await compactWhile(later(app, 1), async () => {
    await deleteImageSet(app, one!)
    await deleteImageSet(app, two!)
  })
  assert.equal(compacted, 0)
  for await (const { key } of app.blobs.list('')) assert.doesNotMatch(key, /rewritten/)
  await collectGarbage(later(app, 3))
  for await (const { key } of app.blobs.list('')) assert.fail(key)
  assert.deepEqual(await app.catalog.blobs.list({ after: undefined, limit: 100 }), [])
})

test('of several workers that compact one blob the first wins, and the blobs of the others are removed', async (context) => {
  const { app } = await onDisk(context)
  const [one, deleted] = await importPatients(app, NAMES)
  const [ofDeleted, before] = [await everythingOf(app, deleted!), await everythingOf(app, one!)]
  await deleteImageSet(app, deleted!)
  // The first worker is so slow that its claims expire.
  let others = 0
  const compacted = await compactWhile(later(app, 1), async () => {
    others = await compactBlobs(later(app, 1.2))
  })
  assert.deepEqual([compacted, others], [0, 4])
  const several = await Promise.all([1, 2, 3].map(() => compactBlobs(later(app, 2))))
  assert.deepEqual(several, [0, 0, 0])
  await collectGarbage(later(app, 4))
  assert.deepEqual(await tracesOf(app, ofDeleted), [])
  assert.deepEqual(await everythingOf(app, one!), before)
  assert.deepEqual(await differencesIn(app), [])
})

test('concurrent workers claim different blobs', async (context) => {
  const { app } = await onDisk(context)
  const [, deleted] = await importPatients(app, NAMES)
  await deleteImageSet(app, deleted!)
  const compacted = await Promise.all([1, 2, 3].map(() => compactBlobs(later(app, 1))))
  assert.equal(
    compacted.reduce((sum, each) => sum + each),
    4,
  )
  assert.deepEqual(await differencesIn(app), [])
})

test('a blob is not compacted while one of its image sets is locked', async (context) => {
  const app = await inMemory(context)
  const [one, deleted] = await importPatients(app, NAMES)
  await deleteImageSet(app, deleted!)
  await begin(app, { name: 'update', of: one!, put: { Patient: { DICOM: { PatientName: 'RENAMED' } } } })
  assert.equal(await compactBlobs(later(app, 1)), 0)
})

test('a blob with damaged bytes is not compacted', async (context) => {
  const { app, folder } = await onDisk(context)
  const [one, deleted] = await importPatients(app, NAMES)
  await deleteImageSet(app, deleted!)
  const [instance] = await app.catalog.imageSets.instanceRecords({ ...one!, version: 1 })
  const file = await open(join(folder, 'blobs', pathsOf(instance!.blobKey, 'spread')[0]!), 'r+')
  await file.write('changed', instance!.offsetBytes + 40)
  await file.close()
  await assert.rejects(compactBlobs(later(app, 1)), /differ from those that were stored/)
  await compactBlobs(later(app, 1))
  const kinds = (await differencesIn(app)).map(({ kind }) => kind)
  assert.deepEqual(kinds, ['blob-bytes-differ'], 'verify still reports it, and the other blobs are compacted')
})

test('the loop of garbage collection compacts blobs as well', async (context) => {
  const app = await inMemory(context)
  const [one, deleted] = await importPatients(app, NAMES)
  const [ofDeleted, before] = [await everythingOf(app, deleted!), await everythingOf(app, one!)]
  await deleteImageSet(app, deleted!)
  for (const hours of [1, 3]) {
    const stopping = new AbortController()
    const log = { ...app.log, info: () => stopping.abort() }
    await keepCollectingGarbage({ ...later(app, hours), log }, stopping.signal)
  }
  assert.deepEqual(await tracesOf(app, ofDeleted), [])
  assert.deepEqual(await everythingOf(app, one!), before)
})

test('an abort interrupts the compaction of a blob, and the next start compacts it', async (context) => {
  const app = await inMemory(context)
  const [one, deleted] = await importPatients(app, NAMES)
  const [ofDeleted, before] = [await everythingOf(app, deleted!), await everythingOf(app, one!)]
  await deleteImageSet(app, deleted!)
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
  assert.deepEqual(await tracesOf(app, ofDeleted), [])
  assert.deepEqual(await everythingOf(app, one!), before)
})

test('after any history of changes and compactions, versions are unchanged and deleted bytes are removed', async (context) => {
  const step = fc.record({
    act: fc.constantFrom('import', 'update', 'revert', 'copy', 'delete', 'delete'),
    which: fc.nat(20),
    isMeanwhile: fc.boolean(),
  })
  const history = fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 9, size: 'max' }), async (steps) => {
    const app = await inMemory(context)
    const expected = new Map<ImageSet, ReadonlyMap<string, Buffer>>()
    const deleted: ReadonlyMap<string, Buffer>[] = []
    const keep = async (of: ImageSet) => expected.set(of, await everythingOf(app, of))
    for (const of of await importPatients(app, NAMES, { numbers: [1, 2] })) await keep(of)
    let studies = 10
    let days = 0
    for (const { act, which, isMeanwhile } of steps) {
      const of = [...expected.keys()][which % Math.max(expected.size, 1)]
      let isPlayed = false
      const play = async () => {
        isPlayed = true
        if (act === 'import' || of === undefined) {
          for (const made of await importPatients(app, NAMES, { studies, numbers: [1] })) await keep(made)
          studies += NAMES.length
        } else if (act === 'delete') {
          await deleteImageSet(app, of)
          deleted.push(expected.get(of)!)
          expected.delete(of)
        } else if (act === 'copy') {
          const [, copy] = await perform(app, { name: 'copy', of })
          await keep(copy!)
          await keep(of)
        } else {
          const renamed = { Patient: { DICOM: { PatientName: `RENAMED^${days}` } } }
          await perform(app, act === 'update' ? { name: 'update', of, put: renamed } : { name: 'revert', of, to: 1 })
          const now = await everythingOf(app, of)
          for (const [name, bytes] of expected.get(of)!) assert.deepEqual(now.get(name), bytes, name)
          expected.set(of, now)
        }
      }
      days += 1
      if (isMeanwhile) await compactWhile(later(app, 24 * days), play)
      if (!isPlayed) await play()
      for (const [of, before] of expected) assert.deepEqual(await everythingOf(app, of), before)
    }
    await compactBlobs(later(app, 24 * (days + 1)))
    await collectGarbage(later(app, 24 * (days + 2)))
    for (const [of, before] of expected) assert.deepEqual(await everythingOf(app, of), before)
    assert.deepEqual(await differencesIn(app), [])
    const held = [...expected.values()].flatMap((everything) => [...everything.values()])
    for (const everything of deleted) {
      const notShared = [...everything].filter(([, bytes]) => !held.some((each) => each.includes(bytes)))
      assert.deepEqual(await tracesOf(app, new Map(notShared)), [])
    }
  })
  await fc.assert(history, { numRuns: 12, seed: 20261125, endOnFailure: true })
})
