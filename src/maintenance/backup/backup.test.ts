/** Backups of an archive with real stores, and what is restored from them. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { ImportApp } from '../../app.ts'
import { appIn, imageSetIdsOf, importInstances, newDataFolder } from '../../jobs/imported-instances.fixture.ts'
import { appOver, perform } from '../../jobs/workflows.fixture.ts'
import { readAll } from '../../stores/blobs/blob-store.ts'
import { MaintenanceLeaseLost } from '../../stores/catalog/maintenance-repository.ts'
import { collectGarbage } from '../collect-garbage.ts'
import { MaintenanceFailed } from '../maintenance-run.ts'
import { differencesIn } from '../verify/verify.fixture.ts'
import { backUp, bytesOf, newPlace, restored, rowsOf } from './backup.fixture.ts'
import { keysOf } from './backup-format.ts'
import { makeBackup } from './make-backup.ts'

const HOUR_MS = 3_600_000

const instances = (series: readonly number[]) =>
  series.flatMap((each) => [1, 2].map((number) => ({ series: each, number })))

async function imported(context: TestContext): Promise<{ readonly app: ImportApp; readonly datastoreId: string }> {
  const app = await appIn(context, await newDataFolder(context))
  return { app, datastoreId: await importInstances(app, instances([1, 2, 3])) }
}

async function deleteSeries(app: ImportApp, datastoreId: string, series: number): Promise<void> {
  const imageSetId = (await imageSetIdsOf(app, datastoreId)).get(`2.25.1.${series}`)!
  await perform(appOver(app), { name: 'delete', of: { datastoreId, imageSetId } })
}

const keysIn = async (blobs: ImportApp['blobs'], prefix: string): Promise<string[]> => {
  const keys: string[] = []
  for await (const { key } of blobs.list(prefix)) keys.push(key)
  return keys
}

test('a restored archive has the same rows and bytes, and verification finds no difference', async (context) => {
  const { app, datastoreId } = await imported(context)
  await deleteSeries(app, datastoreId, 2)
  const { place } = await newPlace()
  const report = await backUp(app, place)
  assert.deepEqual([report.faultCount, report.blobs], [0, report.copiedBlobs])
  const again = await restored(context, place)
  assert.deepEqual(await rowsOf(again), await rowsOf(app))
  assert.deepEqual(await bytesOf(again), await bytesOf(app))
  assert.deepEqual(await differencesIn(again), [])
})

test('the next backup copies only new blobs, and each backup can be restored', async (context) => {
  const { app, datastoreId } = await imported(context)
  const { place } = await newPlace()
  const first = await backUp(app, place)
  const before = await rowsOf(app)
  const nothingNew = await backUp(app, place)
  assert.deepEqual([nothingNew.copiedBlobs, nothingNew.blobs], [0, first.blobs])
  await importInstances(app, instances([4]), datastoreId)
  const second = await backUp(app, place)
  assert.equal(second.copiedBlobs, second.blobs - first.blobs)
  assert.ok(second.copiedBlobs > 0)
  assert.deepEqual(await rowsOf(await restored(context, place, first.backupId)), before)
  const latest = await restored(context, place)
  assert.deepEqual(await rowsOf(latest), await rowsOf(app))
  assert.deepEqual(await differencesIn(latest), [])
})

test('what is imported, deleted and collected while a backup runs changes nothing in it', async (context) => {
  const { app, datastoreId } = await imported(context)
  const { place } = await newPlace()
  const before = await rowsOf(app)
  let collected: number | undefined
  let deleted: Promise<void> | undefined
  // At its first blob, after the snapshot.
  const storedBlobs: ImportApp['blobs'] = {
    ...app.blobs,
    async open(key, range) {
      deleted ??= (async () => {
        await importInstances(app, instances([5]), datastoreId)
        for (const series of [1, 2, 3]) await deleteSeries(app, datastoreId, series)
        collected = await collectGarbage({ ...app, clock: () => Date.now() + HOUR_MS / 12 + 60_000 })
      })()
      await deleted
      return app.blobs.open(key, range)
    },
  }
  const report = await backUp({ ...app, blobs: storedBlobs }, place)
  assert.deepEqual([report.faultCount, collected], [0, 0])
  const again = await restored(context, place)
  assert.deepEqual(await rowsOf(again), before)
  assert.deepEqual(await differencesIn(again), [])
  assert.ok((await collectGarbage({ ...app, clock: () => Date.now() + HOUR_MS })) > 0, 'after the backup')
})

test('one backup runs at a time', async (context) => {
  const { app } = await imported(context)
  const { place } = await newPlace()
  await app.catalog.maintenance.begin({
    runId: 'other',
    kind: 'backup',
    at: Date.now(),
    leaseUntil: Date.now() + HOUR_MS,
  })
  const backupApp = { ...app, storedBlobs: app.blobs, place, encryptedSizeOf: (bytes: number) => bytes }
  const result = await makeBackup(backupApp, { placeName: 'place', files: {}, keep: undefined, onProgress() {} })
  assert.deepEqual(result, { refused: 'running' })
  assert.deepEqual(await keysIn(place, ''), [])
})

test('a backup that lost its lease is recorded as lost, and has no manifest', async (context) => {
  const { app } = await imported(context)
  const { place } = await newPlace()
  let now = Date.now()
  const clock = () => now
  const late = {
    ...app.blobs,
    open: (...given: Parameters<ImportApp['blobs']['open']>) => {
      now += HOUR_MS
      return app.blobs.open(...given)
    },
  }
  await assert.rejects(backUp({ ...app, clock, blobs: late }, place), MaintenanceLeaseLost)
  const [run] = await app.catalog.maintenance.list({ kind: 'backup', now, limit: 1 })
  assert.equal(run?.outcome, 'failed')
  await backUp(app, place)
})

test('a failed backup is recorded with the reason, and the next copies what it did not', async (context) => {
  const { app } = await imported(context)
  const { place } = await newPlace()
  const stopping = new AbortController()
  const stopped = backUp(app, place, {
    signal: stopping.signal,
    onProgress: () => stopping.abort(new MaintenanceFailed('stopped')),
  })
  await assert.rejects(stopped, /stopped/)
  const [run] = await app.catalog.maintenance.list({ kind: 'backup', now: Date.now(), limit: 1 })
  assert.deepEqual([run?.outcome, run?.report], ['failed', { reason: 'stopped' }])
  const held = (await keysIn(place, 'sealed/')).length
  assert.ok(held > 0)
  const report = await backUp(app, place)
  assert.deepEqual([report.copiedBlobs, report.faultCount], [report.blobs - held, 0])
  const folders = new Set((await keysIn(place, 'backups/')).map((key) => key.split('/')[1]))
  assert.deepEqual([...folders], [report.backupId], 'the rest of the first was removed')
  assert.deepEqual(await differencesIn(await restored(context, place)), [])
})

test('with a number of backups to keep, older ones are removed with the blobs that only they name', async (context) => {
  const { app, datastoreId } = await imported(context)
  const { place } = await newPlace()
  const first = await backUp(app, place)
  const ofFirst = await keysIn(place, 'sealed/')
  for (const series of [1, 2, 3]) await deleteSeries(app, datastoreId, series)
  await importInstances(app, instances([6]), datastoreId)
  const second = await backUp(app, place, { keep: 2 })
  assert.equal(second.removedBackups, 0)
  assert.deepEqual(await bytesOf(await restored(context, place, second.backupId)), await bytesOf(app))
  const third = await backUp(app, place, { keep: 1 })
  assert.equal(third.removedBackups, 2)
  assert.deepEqual(await keysIn(place, `backups/${first.backupId}`), [])
  assert.deepEqual(
    (await keysIn(place, 'sealed/')).filter((key) => ofFirst.includes(key)),
    [],
  )
  assert.deepEqual(await differencesIn(await restored(context, place)), [])
})

test('a missing or damaged blob is reported, the others are saved, and it is copied again when it is repaired', async (context) => {
  const { app } = await imported(context)
  const [damaged, missing] = (await app.catalog.blobs.list({ after: undefined, limit: 10 })).map(
    ({ blobKey }) => blobKey,
  )
  const bytes = new Map<string, Uint8Array>()
  for (const key of [damaged!, missing!]) bytes.set(key, await readAll((await app.blobs.open(key))!))
  const changed = Uint8Array.from(bytes.get(damaged!)!)
  changed[100]! ^= 1
  await app.blobs.remove([damaged!, missing!])
  await app.blobs.put(damaged!, changed)
  const { place } = await newPlace()
  const report = await backUp(app, place)
  const faults = [
    { blobKey: damaged, fault: 'damaged' },
    { blobKey: missing, fault: 'missing' },
  ]
  assert.deepEqual(report.faults, faults)
  assert.equal((await backUp(app, place)).faultCount, 2, 'as long as it is damaged')
  const kinds = (await differencesIn(await restored(context, place))).map(({ kind }) => kind)
  assert.ok(kinds.includes('blob-bytes-differ') && kinds.includes('blob-missing'), `${kinds}`)
  for (const [key, before] of bytes) {
    await app.blobs.remove([key])
    await app.blobs.put(key, before)
  }
  const repaired = await backUp(app, place)
  assert.deepEqual([repaired.faultCount, repaired.copiedBlobs], [0, 2])
  assert.deepEqual(await differencesIn(await restored(context, place)), [])
})

test('a changed byte of any file of a backup ends the restore', async (context) => {
  const { app } = await imported(context)
  const { place } = await newPlace()
  const { backupId } = await backUp(app, place)
  const keys = await keysIn(place, '')
  for (const key of keys.filter((each) => each !== keysOf(backupId).manifest)) {
    const before = await readAll((await place.open(key))!)
    const changed = Uint8Array.from(before)
    changed[Math.floor(changed.length / 2)]! ^= 1
    await place.put(key, changed)
    await assert.rejects(restored(context, place), key)
    await place.put(key, before)
  }
  assert.deepEqual(await differencesIn(await restored(context, place)), [])
})
