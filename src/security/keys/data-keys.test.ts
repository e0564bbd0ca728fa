/** The cache of data keys: how long, how many, and what is left in memory. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { openSqliteCatalog } from '../../stores/sql/open-sqlite.ts'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import { DataKeys } from './data-keys.ts'
import { withServiceStatement } from './key-policy.ts'
import { openKeyRing } from './key-ring.ts'
import type { KeyService } from './key-service.ts'

let ids = 0
const newId = () => String(++ids).padStart(32, '0')

async function opened(context: TestContext, { dataKeyMs = 100 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-data-keys-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const place = { ringFile: join(folder, 'ring.json'), keyFile: join(folder, 'ring.key'), passphrase: undefined }
  const ring = await openKeyRing(place, { region: 'us-east-1', accountId: '000000000000' })
  const catalog = await openSqliteCatalog({ path: ':memory:', newId })
  context.after(() => catalog.close())
  const unwraps: string[] = []
  let isAway = false
  const kms: KeyService = {
    ...pick(ring),
    async unwrap(key) {
      unwraps.push(key.context['aws:medical-imaging:datastoreId']!)
      if (isAway) throw new StoreUnavailable({ store: 'the key service', reason: 'away', code: 'ECONNREFUSED' })
      return ring.unwrap(key)
    },
  }
  const keys = new DataKeys({ catalog, services: { ring, kms }, encryptsNew: true, dataKeyMs })
  context.after(() => keys.close())
  const { keyArn } = await ring.create(withServiceStatement({ Statement: [] }))
  const addOwner = async (wrappedBy = keyArn) => {
    const ownerId = newId()
    await catalog.dataKeys.add({ ownerId, keyArn: wrappedBy })
    return ownerId
  }
  return { keys, ring, keyArn, unwraps, addOwner, setAway: (away: boolean) => (isAway = away) }
}

/** The methods of the class, bound. */
const pick = (ring: KeyService): KeyService => ({
  describe: (...of) => ring.describe(...of),
  isGranted: (...of) => ring.isGranted(...of),
  createDataKey: (...of) => ring.createDataKey(...of),
  unwrap: (...of) => ring.unwrap(...of),
  rewrap: (...of) => ring.rewrap(...of),
  create: (...of) => ring.create(...of),
  list: () => ring.list(),
  policyOf: (...of) => ring.policyOf(...of),
  putPolicy: (...of) => ring.putPolicy(...of),
  rotate: (...of) => ring.rotate(...of),
  disable: (...of) => ring.disable(...of),
  enable: (...of) => ring.enable(...of),
  scheduleDeletion: (...of) => ring.scheduleDeletion(...of),
})

test('a data key is unwrapped once for many requests, and overwritten when it expires', async (context) => {
  const { keys, unwraps, addOwner } = await opened(context)
  const owner = await addOwner()
  const all = await Promise.all(Array.from({ length: 20 }, () => keys.dataKeyOf(owner)))
  assert.equal(unwraps.length, 1)
  assert.ok(all.every((bytes) => bytes === all[0]))
  const before = Buffer.from(all[0]!)
  assert.ok(before.some((byte) => byte !== 0))
  await setTimeout(150)
  assert.ok(all[0]!.every((byte) => byte === 0))
  assert.deepEqual(Buffer.from(await keys.dataKeyOf(owner)), before)
  assert.equal(unwraps.length, 2)
})

test('a data key is overwritten when its data store is deleted, and all are at the end', async (context) => {
  const { keys, addOwner } = await opened(context, { dataKeyMs: 60_000 })
  const [one, other] = [await keys.dataKeyOf(await addOwner()), await keys.dataKeyOf(await addOwner())]
  keys.forget(newId())
  keys.close()
  for (const bytes of [one, other]) assert.ok(bytes.every((byte) => byte === 0))
})

test('no more than a thousand data keys are cached', async (context) => {
  const { keys, addOwner } = await opened(context, { dataKeyMs: 60_000 })
  const first = await keys.dataKeyOf(await addOwner())
  for (let count = 0; count < 1_000; count++) await keys.dataKeyOf(await addOwner())
  assert.ok(first.every((byte) => byte === 0))
})

test('a check of a known data store answers without a promise, also of one that is not encrypted', async (context) => {
  const { keys, ring, addOwner } = await opened(context, { dataKeyMs: 60_000 })
  const [customers, own, plain] = [await addOwner(), await addOwner(await ring.ownKeyArn()), newId()]
  for (const id of [customers, own, plain]) {
    await keys.check(id)
    assert.equal(keys.check(id), undefined)
  }
  assert.equal(await keys.isEncrypted(plain), false)
  assert.equal(await keys.isEncrypted(own), true)
})

test('a key service that is away is unavailable after the cached time, and works again when it is back', async (context) => {
  const { keys, addOwner, setAway } = await opened(context)
  const owner = await addOwner()
  await keys.check(owner)
  setAway(true)
  assert.equal(keys.check(owner), undefined)
  await setTimeout(150)
  await assert.rejects(async () => keys.check(owner), StoreUnavailable)
  setAway(false)
  await keys.check(owner)
})

test('a longer time than a minute is not accepted', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const { keys, addOwner } = await opened(context, { dataKeyMs: 3_600_000 })
  const bytes = await keys.dataKeyOf(await addOwner())
  context.mock.timers.tick(60_000)
  assert.ok(bytes.every((byte) => byte === 0))
})

test('a data key that expires is reported, and whether the key of a customer wraps it', async (context) => {
  const { keys, ring, addOwner } = await opened(context, { dataKeyMs: 20 })
  const [customers, own] = [await addOwner(), await addOwner(await ring.ownKeyArn())]
  const expired = new Map<string, boolean>()
  const all = new Promise<void>((resolve) => {
    keys.onExpiry((ownerId, isCustomers) => {
      expired.set(ownerId, isCustomers)
      if (expired.size === 2) resolve()
    })
  })
  for (const ownerId of [customers, own]) {
    assert.ok(await keys.isEncrypted(ownerId))
    await keys.dataKeyOf(ownerId)
  }
  await all
  assert.deepEqual([expired.get(customers), expired.get(own)], [true, false])
})
