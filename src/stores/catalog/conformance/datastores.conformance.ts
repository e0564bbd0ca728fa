/** Conformance of a catalog: data stores. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog } from '../catalog.ts'
import type { OpenCatalog } from './catalog.conformance.ts'
import { AT, createDatastore, datastoreNamed, importFiles, startJob, storedFile, tokenOf } from './catalog.fixture.ts'

const always = { deletedSince: 0 }

async function listed(catalog: Catalog, request: Partial<Parameters<Catalog['datastores']['list']>[0]> = {}) {
  const rows = await catalog.datastores.list({
    status: undefined,
    deletedSince: 0,
    after: undefined,
    limit: 100,
    ...request,
  })
  return rows.map((row) => row.datastoreName)
}

export function testDatastores(open: OpenCatalog): void {
  test('get returns what was created, with and without optional values', async (context) => {
    const catalog = await open(context)
    const full = datastoreNamed('full', {
      kmsKeyArn: 'kms',
      lambdaAuthorizerArn: 'lambda',
      losslessStorageFormat: 'JPEG_2000_LOSSLESS',
    })
    const bare = datastoreNamed('bare', { datastoreName: undefined })
    for (const datastore of [full, bare]) {
      const created = await catalog.datastores.create({
        datastore,
        tags: { a: '1', b: '' },
        token: tokenOf(datastore.datastoreId),
      })
      assert.deepEqual(created, { outcome: 'created', datastore })
      assert.deepEqual(await catalog.datastores.get(datastore.datastoreId, always), datastore)
    }
    assert.equal(await catalog.datastores.get('0'.repeat(32), always), undefined)
  })

  test('the same token with the same request returns the existing data store', async (context) => {
    const catalog = await open(context)
    const first = datastoreNamed('first')
    await catalog.datastores.create({ datastore: first, tags: {}, token: tokenOf('t') })
    const again = await catalog.datastores.create({
      datastore: datastoreNamed('second'),
      tags: {},
      token: tokenOf('t'),
    })
    assert.deepEqual(again, { outcome: 'repeated', datastore: first })
    assert.deepEqual(await listed(catalog), ['first'])
  })

  test('the same token with another request is a conflict', async (context) => {
    const catalog = await open(context)
    await catalog.datastores.create({ datastore: datastoreNamed('first'), tags: {}, token: tokenOf('t') })
    const other = await catalog.datastores.create({
      datastore: datastoreNamed('second'),
      tags: {},
      token: tokenOf('t', { fingerprint: 'another request' }),
    })
    assert.deepEqual(other, { outcome: 'token-conflict' })
  })

  test('an expired token can be used for another request', async (context) => {
    const catalog = await open(context)
    await catalog.datastores.create({ datastore: datastoreNamed('first'), tags: {}, token: tokenOf('t') })
    const token = tokenOf('t', { fingerprint: 'another request', usedSince: AT + 1 })
    const second = datastoreNamed('second', { createdAt: AT + 2 })
    assert.equal((await catalog.datastores.create({ datastore: second, tags: {}, token })).outcome, 'created')
    assert.equal((await catalog.datastores.create({ datastore: second, tags: {}, token })).outcome, 'repeated')
  })

  test('the quota counts data stores that are not deleted', async (context) => {
    const catalog = await open(context)
    const create = (name: string) =>
      catalog.datastores.create({ datastore: datastoreNamed(name), tags: {}, token: tokenOf(name), activeMax: 1 })
    assert.equal((await create('first')).outcome, 'created')
    assert.equal((await create('second')).outcome, 'too-many')
    assert.equal((await create('first')).outcome, 'repeated')
    const { datastoreId } = datastoreNamed('first')
    await catalog.datastores.settle(datastoreId, AT)
    await catalog.datastores.beginDelete(datastoreId, AT)
    await catalog.datastores.settle(datastoreId, AT)
    assert.equal((await create('second')).outcome, 'created')
  })

  test('settle completes CREATING and DELETING and changes no other status', async (context) => {
    const catalog = await open(context)
    const { datastoreId } = datastoreNamed('store')
    await catalog.datastores.create({ datastore: datastoreNamed('store'), tags: {}, token: tokenOf('t') })
    assert.deepEqual(await catalog.datastores.unsettled(), [datastoreId])
    await catalog.datastores.settle(datastoreId, AT + 5)
    const active = await catalog.datastores.get(datastoreId, always)
    assert.equal(active?.datastoreStatus, 'ACTIVE')
    assert.equal(active?.updatedAt, active?.createdAt)
    await catalog.datastores.settle(datastoreId, AT + 6)
    assert.deepEqual(await catalog.datastores.get(datastoreId, always), active)
    assert.deepEqual(await catalog.datastores.unsettled(), [])

    assert.equal(await catalog.datastores.beginDelete(datastoreId, AT + 7), 'deleting')
    assert.equal((await catalog.datastores.get(datastoreId, always))?.datastoreStatus, 'DELETING')
    assert.deepEqual(await catalog.datastores.unsettled(), [datastoreId])
    await catalog.datastores.settle(datastoreId, AT + 8)
    const deleted = await catalog.datastores.get(datastoreId, always)
    assert.deepEqual([deleted?.datastoreStatus, deleted?.updatedAt], ['DELETED', AT + 8])
  })

  test('a deleted data store is visible for a time', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    await catalog.datastores.beginDelete(datastoreId, AT)
    await catalog.datastores.settle(datastoreId, AT)
    assert.ok(await catalog.datastores.get(datastoreId, { deletedSince: AT - 1 }))
    assert.deepEqual(await listed(catalog, { deletedSince: AT - 1 }), ['store'])
    assert.equal(await catalog.datastores.get(datastoreId, { deletedSince: AT }), undefined)
    assert.deepEqual(await listed(catalog, { deletedSince: AT }), [])
  })

  test('a list is newest first, in pages, also with equal times', async (context) => {
    const catalog = await open(context)
    const names = ['a', 'b', 'c', 'd', 'e']
    for (const [index, name] of names.entries()) {
      const createdAt = AT + Math.floor(index / 2)
      await catalog.datastores.create({
        datastore: datastoreNamed(name, { createdAt }),
        tags: {},
        token: tokenOf(name),
      })
    }
    const all = await listed(catalog)
    assert.deepEqual(all, ['e', 'd', 'c', 'b', 'a'])
    const paged: (string | undefined)[] = []
    let after: { createdAt: number; datastoreId: string } | undefined
    for (;;) {
      const page = await catalog.datastores.list({ status: undefined, deletedSince: 0, after, limit: 2 })
      paged.push(...page.map((row) => row.datastoreName))
      after = page.at(-1)
      if (page.length < 2) break
    }
    assert.deepEqual(paged, all)
  })

  test('a list can be filtered by status', async (context) => {
    const catalog = await open(context)
    await createDatastore(catalog, 'active')
    await catalog.datastores.create({ datastore: datastoreNamed('new'), tags: {}, token: tokenOf('new') })
    assert.deepEqual(await listed(catalog, { status: 'ACTIVE' }), ['active'])
    assert.deepEqual(await listed(catalog, { status: 'CREATING' }), ['new'])
    assert.deepEqual(await listed(catalog, { status: 'DELETED' }), [])
  })

  test('only an ACTIVE data store without image sets and running jobs can be deleted', async (context) => {
    const catalog = await open(context)
    assert.equal(await catalog.datastores.beginDelete('0'.repeat(32), AT), 'absent')
    await catalog.datastores.create({ datastore: datastoreNamed('new'), tags: {}, token: tokenOf('new') })
    assert.equal(await catalog.datastores.beginDelete(datastoreNamed('new').datastoreId, AT), 'not-active')

    const datastoreId = await createDatastore(catalog)
    const other = await createDatastore(catalog, 'other')
    const lease = await startJob(catalog, { datastoreId })
    assert.equal(await catalog.datastores.beginDelete(datastoreId, AT), 'import-running')
    await catalog.importJobs.finish(lease, { jobStatus: 'FAILED', message: 'x', endedAt: AT })
    const [made] = await importFiles(catalog, { datastoreId, files: [storedFile('a')] })
    assert.equal(await catalog.datastores.beginDelete(datastoreId, AT), 'holds-image-sets')
    assert.equal(await catalog.datastores.beginDelete(other, AT), 'deleting')
    await catalog.imageSets.delete({ datastoreId, imageSetId: made!.imageSetId, at: AT })
    assert.equal(await catalog.datastores.beginDelete(datastoreId, AT), 'deleting')
    assert.equal(await catalog.datastores.beginDelete(datastoreId, AT), 'not-active')
    await catalog.datastores.settle(datastoreId, AT)
    assert.equal(await catalog.datastores.beginDelete(datastoreId, AT), 'not-active', 'a deleted one')
  })
}
