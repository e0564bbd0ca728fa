/** Conformance of a catalog: wrapped data keys. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenCatalog } from './catalog.conformance.ts'
import { AT, datastoreNamed, tokenOf } from './catalog.fixture.ts'

const [FIRST, SECOND] = [Uint8Array.of(1, 2, 0, 255), Uint8Array.of(9)]

export function testDataKeys(open: OpenCatalog): void {
  test('an owner without a data key has none, and nothing can be stored for it', async (context) => {
    const { dataKeys } = await open(context)
    assert.equal(await dataKeys.get('a'), undefined)
    assert.equal(await dataKeys.put({ ownerId: 'a', wrapped: FIRST, replaces: undefined }), undefined)
    assert.equal(await dataKeys.get('a'), undefined)
  })

  test('a data key is stored once, and replaced only by its last bytes', async (context) => {
    const { dataKeys } = await open(context)
    await dataKeys.add({ ownerId: 'a', keyArn: 'key 1' })
    await dataKeys.add({ ownerId: 'a', keyArn: 'key 2' })
    assert.deepEqual(await dataKeys.get('a'), { keyArn: 'key 1', wrapped: undefined, isDestroyed: false })
    const put = async (wrapped: Uint8Array, replaces: Uint8Array | undefined) =>
      Uint8Array.from((await dataKeys.put({ ownerId: 'a', wrapped, replaces }))!.wrapped!)
    assert.deepEqual(await put(FIRST, undefined), FIRST)
    assert.deepEqual(await put(SECOND, undefined), FIRST)
    assert.deepEqual(await put(SECOND, SECOND), FIRST)
    assert.deepEqual(await put(SECOND, FIRST), SECOND)
  })

  test('of several that are stored at once, one is kept', async (context) => {
    const { dataKeys } = await open(context)
    await dataKeys.add({ ownerId: 'a', keyArn: 'key' })
    const puts = [1, 2, 3, 4].map((byte) =>
      dataKeys.put({ ownerId: 'a', wrapped: Uint8Array.of(byte), replaces: undefined }),
    )
    const kept = new Set((await Promise.all(puts)).map((record) => record!.wrapped![0]))
    assert.equal(kept.size, 1)
  })

  test('the data keys of a key are listed', async (context) => {
    const { dataKeys } = await open(context)
    for (const ownerId of ['b', 'a', 'c']) {
      await dataKeys.add({ ownerId, keyArn: ownerId === 'c' ? 'other' : 'key' })
      await dataKeys.put({ ownerId, wrapped: FIRST, replaces: undefined })
    }
    await dataKeys.add({ ownerId: 'not yet', keyArn: 'key' })
    const listed = await dataKeys.list('key')
    assert.deepEqual(
      listed.map(({ ownerId, wrapped }) => [ownerId, Uint8Array.from(wrapped)]),
      [
        ['a', FIRST],
        ['b', FIRST],
      ],
    )
  })

  test('a data store is created with its data key, and its deletion destroys the key for ever', async (context) => {
    const { datastores, dataKeys } = await open(context)
    const datastore = datastoreNamed('store', { datastoreStatus: 'CREATING' })
    const { datastoreId: ownerId } = datastore
    await datastores.create({ datastore, tags: {}, token: tokenOf('t'), dataKeyArn: 'key' })
    await datastores.settle(ownerId, AT)
    await dataKeys.put({ ownerId, wrapped: FIRST, replaces: undefined })
    assert.equal(await datastores.beginDelete(ownerId, AT), 'deleting')
    const destroyed = { keyArn: 'key', wrapped: undefined, isDestroyed: true }
    assert.deepEqual(await dataKeys.get(ownerId), destroyed)
    assert.deepEqual(await dataKeys.put({ ownerId, wrapped: FIRST, replaces: undefined }), destroyed)
    assert.deepEqual(await dataKeys.list('key'), [])
  })
}
