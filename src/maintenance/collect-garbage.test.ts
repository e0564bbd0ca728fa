/** What garbage collection removes and what it keeps, in blobs and in every table of the catalog. */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import Database from 'better-sqlite3-multiple-ciphers'
import type { ImportApp } from '../app.ts'
import { submitJob, untilEnded } from '../ingest/import-job.fixture.ts'
import { startImportWorker } from '../jobs/import-worker.ts'
import { appIn, imageSetIdsOf, importInstances, newDataFolder } from '../jobs/imported-instances.fixture.ts'
import { readAll } from '../stores/blobs/blob-store.ts'
import { collectGarbage, keepCollectingGarbage } from './collect-garbage.ts'
import { differencesIn } from './verify/verify.fixture.ts'

const HOUR_MS = 3_600_000
const later = (app: ImportApp): ImportApp => ({ ...app, clock: () => Date.now() + HOUR_MS })

async function deleteImageSet(app: ImportApp, datastoreId: string, imageSetId: string): Promise<void> {
  const request = { operation: 'DeleteImageSet', imageSetId } as const
  await app.catalog.workflows.begin({ datastoreId, request, at: Date.now() })
  const now = Date.now()
  const claimed = await app.catalog.workflows.claim({ owner: 'worker', now, leaseUntil: now + 1_000 })
  await app.catalog.workflows.completeDeletion(claimed!.lease, now)
}

async function keysIn({ blobs }: ImportApp): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of blobs.list('')) keys.push(key)
  return keys
}

test('after the last image set that uses them is deleted, blobs are removed, and no data of the patient remains', async (context) => {
  const folder = await newDataFolder(context)
  const app = await appIn(context, folder)
  const datastoreId = await importInstances(app, [{ study: 1, series: 1, number: 1, patientName: 'KEPT^PATIENT' }])
  const kept = await keysIn(app)
  await importInstances(app, [{ study: 2, series: 1, number: 1, patientName: 'DELETED^PATIENT' }], datastoreId)
  await importInstances(app, [{ study: 2, series: 1, number: 2, patientName: 'DELETED^PATIENT' }], datastoreId)
  assert.ok((await keysIn(app)).length > kept.length)
  const ids = await imageSetIdsOf(app, datastoreId)
  await deleteImageSet(app, datastoreId, ids.get('2.25.2.1')!)
  assert.equal(await collectGarbage(app), 0, 'kept for readers that already resolved the location')
  assert.equal(await collectGarbage(later(app)), 4)
  assert.deepEqual(await keysIn(app), kept)
  assert.deepEqual(await differencesIn(app), [])
  const traces = await tracesOf(app, folder, ['DELETED^PATIENT', 'P2', '2.25.2'])
  assert.deepEqual(traces, [])
  assert.ok(
    (await tracesOf(app, folder, ['KEPT^PATIENT'])).length >= 2,
    'the search for traces finds those of the other patient',
  )
})

test('no data of a deleted patient remains in the SQLite file, whose free pages are overwritten', async (context) => {
  const folder = await newDataFolder(context)
  const app = await appIn(context, folder)
  const some = (patientName: string, study: number) =>
    Array.from({ length: 60 }, (_, number) => ({ study, series: 1, number, patientName }))
  const datastoreId = await importInstances(app, [...some('KEPT^PATIENT', 1), ...some('DELETED^PATIENT', 2)])
  const ids = await imageSetIdsOf(app, datastoreId)
  await deleteImageSet(app, datastoreId, ids.get('2.25.2.1')!)
  await app.catalog.close()
  const file = await readFile(join(folder, 'catalog.sqlite'))
  assert.ok(file.includes('KEPT^PATIENT') && file.includes('2.25.1.1.59'))
  assert.ok(!file.includes('DELETED^PATIENT') && !file.includes('2.25.2.1'))
})

/** The tables and blobs that contain one of the words. */
async function tracesOf(app: ImportApp, folder: string, words: readonly string[]): Promise<string[]> {
  const found: string[] = []
  const search = (place: string, bytes: string) => {
    if (words.some((word) => bytes.includes(word))) found.push(place)
  }
  const database = new Database(join(folder, 'catalog.sqlite'), { readonly: true })
  const tables = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).pluck().all() as string[]
  for (const table of tables) {
    for (const row of database.prepare(`SELECT * FROM ${table}`).raw().iterate() as Iterable<unknown[]>) {
      search(
        table,
        row.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value)).join('\n'),
      )
    }
  }
  database.close()
  for (const key of await keysIn(app)) {
    search('blob', Buffer.from(await readAll((await app.blobs.open(key))!)).toString('latin1'))
  }
  return found
}

test('a failed job leaves no blobs, recorded or not', async (context) => {
  const app = await appIn(context, await newDataFolder(context))
  const job = await submitJob(app.catalog)
  const stray = `${job.datastoreId}/${job.jobId}/${app.newId()}`
  await app.blobs.put(stray, Buffer.from('stored, but never recorded'))
  const worker = startImportWorker(app)
  const ended = await untilEnded(app.catalog, job)
  await worker.stop()
  assert.equal(ended.jobStatus, 'FAILED')
  assert.deepEqual(await keysIn(app), [])
})

test('concurrent garbage collections do not remove blobs that are imported meanwhile', async (context) => {
  const app = await appIn(context, await newDataFolder(context))
  const datastoreId = await importInstances(app, [{ series: 1, number: 1 }])
  const [first] = (await imageSetIdsOf(app, datastoreId)).values()
  await deleteImageSet(app, datastoreId, first!)
  const others = importInstances(app, [{ series: 2, number: 1 }], datastoreId)
  await Promise.all([collectGarbage(later(app)), collectGarbage(later(app)), collectGarbage(later(app)), others])
  assert.deepEqual(await differencesIn(app), [])
  assert.equal((await keysIn(app)).length, 2)
})

test('an error of the store does not end the loop, and an abort does', async (context) => {
  const folder = await newDataFolder(context)
  const app = await appIn(context, folder)
  const stopping = new AbortController()
  const errors: unknown[] = []
  const blobs = { ...app.blobs, removeUnfinished: () => Promise.reject(new Error('away')) }
  const log = {
    ...app.log,
    error(fields: object) {
      errors.push(fields)
      stopping.abort()
    },
  }
  await keepCollectingGarbage({ ...app, blobs, log }, stopping.signal)
  assert.equal(errors.length, 1)
  assert.ok((await readdir(folder)).includes('blobs'))
})
