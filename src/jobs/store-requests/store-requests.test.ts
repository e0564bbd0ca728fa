/** Store requests over stores that fail at any call: what was answered is there, the rest is whole or absent, and no bytes are left over. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { ImportApp } from '../../app.ts'
import { TemporarilyUnavailable } from '../../contract/errors.ts'
import type { StoreOutcome, StoreRequest } from '../../contract/store-requests.ts'
import { submitJob, testApp } from '../../ingest/import-job.fixture.ts'
import { newId } from '../../server/new-id.ts'
import { openMemoryBlobs } from '../../stores/blobs/memory/memory-blobs.ts'
import { openMemoryLocations } from '../../stores/blobs/memory/memory-locations.ts'
import { openSqliteCatalog } from '../../stores/sql/open-sqlite.ts'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import { startImportWorker } from '../import-worker.ts'
import { imageSetIdsOf, instanceOf } from '../imported-instances.fixture.ts'
import { openRoom } from './room.ts'
import { startStoreRequests } from './store-requests.ts'

async function* inChunks(bytes: Uint8Array, size = 300): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** Fails the call with this number, counted over the methods of blobs and of import jobs. */
function failing<Stores extends Pick<ImportApp, 'catalog' | 'blobs'>>(stores: Stores) {
  let left = Infinity
  const counted = <Store extends object>(store: Store): Store =>
    new Proxy(store, {
      get(target, name, receiver) {
        const method = Reflect.get(target, name, receiver)
        if (typeof method !== 'function') return method
        return (...args: unknown[]) => {
          left -= 1
          const error = new StoreUnavailable({ store: 'a store', reason: 'away', code: 'TEST' })
          if (left === 0 && name !== 'list') return Promise.reject(error)
          return method.apply(target, args)
        }
      },
    })
  const catalog = { ...stores.catalog, importJobs: counted(stores.catalog.importJobs) }
  return {
    stores: { ...stores, catalog, blobs: counted(stores.blobs) },
    failAt: (call: number) => {
      left = call
    },
    hasFailed: () => left <= 0,
  }
}

async function openStores(context: TestContext) {
  const catalog = await openSqliteCatalog({ path: ':memory:', newId })
  context.after(() => catalog.close())
  const stores = { catalog, blobs: openMemoryBlobs(), locations: openMemoryLocations() }
  const { datastoreId } = await submitJob(catalog)
  return { stores, datastoreId }
}

const optionsOf = (datastoreId: string, isHeld = false) => ({
  ...{ callerId: 'mary', datastoreId, studyInstanceUID: undefined, isHeld },
})

async function addAll(request: StoreRequest, files: readonly Uint8Array[]): Promise<readonly StoreOutcome[]> {
  for (const file of files) await request.add(inChunks(file))
  return request.finish()
}

const uidsOf = (outcomes: readonly StoreOutcome[]) =>
  outcomes.flatMap((each) => (each.outcome === 'stored' ? [each.sopInstanceUID] : []))

test('a store that fails at any call costs only the requests that were not answered', async (context) => {
  let calls = 0
  for (let call = 1; calls === 0; call++) {
    if (call > 200) assert.fail('every call fails')
    const { stores, datastoreId } = await openStores(context)
    const faulty = failing(stores)
    // Files in memory, and in blobs of their own.
    const limits = { storeJobIdleMs: 10, importLeaseMs: 60_000, storeMemoryBytes: 4_000 }
    const requests = startStoreRequests(testApp(faulty.stores, { limits }))
    const answered = new Set<string>()
    faulty.failAt(call)
    for (const isHeld of [false, true]) {
      const numbers = isHeld ? [4, 5] : [1, 2, 3]
      try {
        const request = await requests.open(optionsOf(datastoreId, isHeld))
        const outcomes = await addAll(
          request,
          numbers.map((number) => instanceOf({ series: 1, number })),
        )
        for (const uid of uidsOf(outcomes)) answered.add(uid)
      } catch (error) {
        assert.ok(error instanceof TemporarilyUnavailable, String(error))
      }
    }
    if (!faulty.hasFailed()) calls = call
    faulty.failAt(Infinity)
    const request = await requests.open(optionsOf(datastoreId))
    for (const uid of uidsOf(await addAll(request, [instanceOf({ series: 2, number: 1 })]))) answered.add(uid)
    await requests.stop()

    // What the failed job has left is published by a worker.
    const worker = startImportWorker(testApp(stores))
    while (worker.idleMs() === undefined || worker.idleMs() === 0) await setTimeout(5)
    await worker.stop()
    const instances = new Set<string>()
    for (const imageSetId of (await imageSetIdsOf(testApp(stores), datastoreId)).values()) {
      const version = (await stores.catalog.imageSets.get({ datastoreId, imageSetId, deletedSince: 0 }))!.version
      const records = await stores.catalog.imageSets.instanceRecords({ datastoreId, imageSetId, version })
      for (const { sopInstanceUID } of records) instances.add(sopInstanceUID)
    }
    for (const uid of answered) assert.ok(instances.has(uid), `call ${call}: ${uid} was answered as stored`)
    const keys: string[] = []
    for await (const { key } of stores.blobs.list('')) keys.push(key)
    const recorded = new Set((await stores.catalog.blobs.get(keys)).map(({ blobKey }) => blobKey))
    const left = keys.filter((key) => !recorded.has(key))
    assert.ok(left.length === 0, `call ${call}: ${left.length} blobs are not recorded`)
  }
  context.diagnostic(`${calls} calls`)
})

test('a held request stores nothing before its end, and nothing if it is aborted', async (context) => {
  const { stores, datastoreId } = await openStores(context)
  for (const storeMemoryBytes of [1_000, 1_000_000]) {
    const requests = startStoreRequests(testApp(stores, { limits: { storeMemoryBytes } }))
    const held = await requests.open(optionsOf(datastoreId, true))
    await held.add(inChunks(instanceOf({ series: 7, number: 1 })))
    const other = await requests.open(optionsOf(datastoreId))
    assert.equal(uidsOf(await addAll(other, [instanceOf({ series: 8, number: 1 })])).length, 1)
    held.abort()
    await requests.stop()
    assert.deepEqual([...(await imageSetIdsOf(testApp(stores), datastoreId)).keys()], ['2.25.1.8'])
  }
})

test('a file whose bytes throw is dropped, and the request goes on', async (context) => {
  const { stores, datastoreId } = await openStores(context)
  async function* broken() {
    yield instanceOf({ series: 1, number: 1 })
    throw new Error('the part ends early')
  }
  for (const storeMemoryBytes of [100, 1_000_000]) {
    const requests = startStoreRequests(testApp(stores, { limits: { storeMemoryBytes } }))
    const request = await requests.open(optionsOf(datastoreId))
    await assert.rejects(request.add(broken()), /the part ends early/)
    const outcomes = await addAll(request, [instanceOf({ series: 1, number: 2 }), Buffer.from('not DICOM')])
    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome),
      ['stored', 'failed'],
    )
    await requests.stop()
  }
})

test('files wait for room in the order in which they came, and a large one is alone', async () => {
  const room = openRoom({ bytes: 10, files: 2 })
  const entered: string[] = []
  const enter = async (name: string, bytes: number) => {
    const leave = await room.enter(bytes)
    entered.push(name)
    return leave
  }
  const waiting = [enter('a', 4), enter('b', 4), enter('c', 1), enter('large', 50), enter('d', 1)]
  const settle = () => setTimeout(0)
  await settle()
  assert.deepEqual(entered, ['a', 'b'])
  ;(await waiting[0]!)()
  await settle()
  assert.deepEqual(entered, ['a', 'b', 'c'])
  ;(await waiting[1]!)()
  await settle()
  assert.deepEqual(entered, ['a', 'b', 'c'], 'the large file waits until it is alone, and keeps its place')
  ;(await waiting[2]!)()
  await settle()
  assert.deepEqual(entered, ['a', 'b', 'c', 'large'])
  ;(await waiting[3]!)()
  await settle()
  assert.deepEqual(entered, ['a', 'b', 'c', 'large', 'd'])
})
