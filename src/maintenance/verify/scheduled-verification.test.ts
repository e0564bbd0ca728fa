/** The verification of a server's schedule: what it records, and how it is bounded and stopped. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { appIn, importInstances, newDataFolder } from '../../jobs/imported-instances.fixture.ts'
import { readAll } from '../../stores/blobs/blob-store.ts'
import { openMemoryBlobs } from '../../stores/blobs/memory/memory-blobs.ts'
import { verifyOnSchedule } from './scheduled-verification.ts'
import { throttledBlobs } from './throttled-blobs.ts'

async function opened(context: TestContext) {
  const alarms: string[] = []
  const app = await appIn(context, await newDataFolder(context))
  await importInstances(
    app,
    [1, 2].map((series) => ({ series, number: 1 })),
  )
  const log = { ...app.log, error: (_: object, message: string) => alarms.push(message) }
  return { app: { ...app, log }, alarms }
}

const never = new AbortController().signal

test('what was checked is recorded in the catalog, and is not checked again before it is due', async (context) => {
  const { app, alarms } = await opened(context)
  const before = Date.now()
  const result = await verifyOnSchedule(app, { notSince: before, signal: never })
  assert.ok('report' in result)
  assert.equal(result.report.differenceCount, 0)
  const last = await app.catalog.maintenance.lastSuccess('verification')
  assert.deepEqual(last?.report, JSON.parse(JSON.stringify(result.report)))
  const blobs = result.report.parts.find(({ part }) => part === 'blobs')!
  assert.ok(blobs.checked.blobs! >= 2)
  assert.deepEqual(await verifyOnSchedule(app, { notSince: before - 1, signal: never }), { refused: 'recent' })
  assert.ok('report' in (await verifyOnSchedule(app, { notSince: Date.now(), signal: never })))
  assert.deepEqual(alarms, [])
})

test('differences are counted by kind, without their texts, and logged as an alarm', async (context) => {
  const { app, alarms } = await opened(context)
  const [blob] = await app.catalog.blobs.list({ after: undefined, limit: 1 })
  const bytes = Uint8Array.from(await readAll((await app.blobs.open(blob!.blobKey))!))
  bytes[1]! ^= 1
  await app.blobs.remove([blob!.blobKey])
  await app.blobs.put(blob!.blobKey, bytes)
  const result = await verifyOnSchedule(app, { notSince: 0, signal: never })
  assert.ok('report' in result)
  const blobs = result.report.parts.find(({ part }) => part === 'blobs')!
  assert.deepEqual(blobs.differences, { 'blob-bytes-differ': 1 })
  assert.ok(!JSON.stringify(result.report).includes(blob!.blobKey))
  assert.equal(alarms.length, 1)
  assert.match(alarms[0]!, /^ALARM: the scheduled verification has found differences; run hilum verify/)
})

test('a verification that is stopped ends at once and is recorded as failed', async (context) => {
  const { app } = await opened(context)
  const stopping = new AbortController()
  const slow = { ...app, limits: { ...app.limits, verifyBytesPerSecond: 1 } }
  const verified = verifyOnSchedule(
    {
      ...slow,
      blobs: {
        ...app.blobs,
        open(key, range) {
          stopping.abort()
          return app.blobs.open(key, range)
        },
      },
    },
    { notSince: 0, signal: stopping.signal },
  )
  await assert.rejects(verified, { name: 'AbortError' })
  const [run] = await app.catalog.maintenance.list({ kind: 'verification', now: Date.now(), limit: 1 })
  assert.equal(run?.outcome, 'failed')
})

test('bytes are read unchanged, no faster than the limit', async () => {
  const blobs = openMemoryBlobs()
  const bytes = Buffer.alloc(50_000, 'abc')
  await blobs.put('a', bytes)
  const startedAt = performance.now()
  const throttled = throttledBlobs(blobs, { bytesPerSecond: 1_000_000, signal: never })
  assert.deepEqual(Buffer.from(await readAll((await throttled.open('a'))!)), bytes)
  assert.ok(performance.now() - startedAt >= 45)
  assert.equal(await throttled.open('b'), undefined)
})
