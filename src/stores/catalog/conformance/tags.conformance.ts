/** Conformance of a catalog: tags. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog } from '../catalog.ts'
import type { TaggedResource } from '../tagged-resources.ts'
import type { OpenCatalog } from './catalog.conformance.ts'
import { AT, createDatastore, datastoreNamed, importFiles, storedFile, tokenOf } from './catalog.fixture.ts'
import { begin, claim, copyOf, type ImageSet } from './workflow.fixture.ts'

const add = (catalog: Catalog, resource: TaggedResource, tags: Record<string, string>, tagsMax = 50) =>
  catalog.tags.add(resource, { tags, tagsMax, at: AT })

const beginDeletion = (catalog: Catalog, { datastoreId, imageSetId }: ImageSet) =>
  catalog.workflows.begin({ datastoreId, request: { operation: 'DeleteImageSet', imageSetId }, at: AT + 1_000 })

/** A data store and its only image set, both without tags. */
async function resources(catalog: Catalog) {
  const datastoreId = await createDatastore(catalog)
  const [made] = await importFiles(catalog, { datastoreId, files: [storedFile('a')] })
  const { imageSetId } = made!
  return { datastore: { datastoreId, imageSetId: undefined }, imageSet: { datastoreId, imageSetId } }
}

export function testTags(open: OpenCatalog): void {
  test('a data store has the tags of its creation, sorted by key', async (context) => {
    const catalog = await open(context)
    const datastore = datastoreNamed('tagged')
    await catalog.datastores.create({ datastore, tags: { b: '2', B: '', a: '1' }, token: tokenOf('t') })
    const tags = await catalog.tags.list({ datastoreId: datastore.datastoreId, imageSetId: undefined })
    assert.deepEqual(Object.entries(tags!), [
      ['B', ''],
      ['a', '1'],
      ['b', '2'],
    ])
  })

  test('adding tags keeps other tags and replaces values of equal keys, on a data store and on an image set', async (context) => {
    const catalog = await open(context)
    for (const resource of Object.values(await resources(catalog))) {
      assert.deepEqual(await catalog.tags.list(resource), {})
      assert.equal(await add(catalog, resource, { a: '1', b: '2' }), 'added')
      assert.equal(await add(catalog, resource, { b: 'new', c: 'ü\0\n"' }), 'added')
      assert.equal(await add(catalog, resource, {}), 'added')
      assert.deepEqual(await catalog.tags.list(resource), { a: '1', b: 'new', c: 'ü\0\n"' })
      assert.equal(await catalog.tags.remove(resource, ['a', 'never', 'a']), 'removed')
      assert.equal(await catalog.tags.remove(resource, []), 'removed')
      assert.deepEqual(await catalog.tags.list(resource), { b: 'new', c: 'ü\0\n"' })
    }
  })

  test('if one tag exceeds the limit, none is added', async (context) => {
    const catalog = await open(context)
    const { imageSet } = await resources(catalog)
    assert.equal(await add(catalog, imageSet, { a: '1', b: '2' }, 3), 'added')
    assert.equal(await add(catalog, imageSet, { a: 'new', c: '3', d: '4' }, 3), 'too-many')
    assert.deepEqual(await catalog.tags.list(imageSet), { a: '1', b: '2' })
    assert.equal(await add(catalog, imageSet, { a: 'new', c: '3' }, 3), 'added')
    assert.deepEqual(await catalog.tags.list(imageSet), { a: 'new', b: '2', c: '3' })
  })

  test('concurrent additions together do not exceed the limit', async (context) => {
    const catalog = await open(context)
    for (const resource of Object.values(await resources(catalog))) {
      const keys = Array.from({ length: 8 }, (_, index) => `key${index}`)
      const outcomes = await Promise.all(keys.map((key) => add(catalog, resource, { [key]: 'x' }, 3)))
      assert.equal(outcomes.filter((outcome) => outcome === 'added').length, 3)
      assert.equal(Object.keys((await catalog.tags.list(resource))!).length, 3)
    }
  })

  test('an unknown resource, or one of another data store, has no tags and cannot be tagged', async (context) => {
    const catalog = await open(context)
    const { imageSet } = await resources(catalog)
    const other = await createDatastore(catalog, 'other')
    const absent: readonly TaggedResource[] = [
      { datastoreId: '0'.repeat(32), imageSetId: undefined },
      { ...imageSet, imageSetId: '0'.repeat(32) },
      { ...imageSet, imageSetId: 'z'.repeat(32) },
      { ...imageSet, imageSetId: `${imageSet.imageSetId.slice(0, -1)}x` },
      { ...imageSet, datastoreId: other },
      { ...imageSet, imageSetId: other },
    ]
    for (const resource of absent) {
      assert.equal(await add(catalog, resource, { a: '1' }), 'absent')
      assert.equal(await catalog.tags.remove(resource, ['a']), 'absent')
      assert.equal(await catalog.tags.list(resource), undefined)
    }
    assert.deepEqual(await catalog.tags.list(imageSet), {})
  })

  test('the image set of a copy can be tagged before the copy is complete', async (context) => {
    const catalog = await open(context)
    const { datastore, imageSet } = await resources(catalog)
    const [made] = await begin(catalog, datastore.datastoreId, copyOf(imageSet.imageSetId, 1))
    const copy = { ...imageSet, imageSetId: made!.imageSetId }
    assert.deepEqual(await catalog.tags.list(copy), {})
    assert.equal(await add(catalog, copy, { a: '1' }), 'added')
    const { lease } = await claim(catalog)
    await catalog.workflows.fail(lease, { message: 'It did not fit', at: AT + 5_000 })
    assert.deepEqual(await catalog.tags.list(copy), { a: '1' })
    await begin(catalog, datastore.datastoreId, { operation: 'DeleteImageSet', imageSetId: copy.imageSetId })
    await catalog.workflows.completeDeletion((await claim(catalog)).lease, AT + 6_000)
    assert.equal(await catalog.tags.list(copy), undefined)
  })

  test('a deleted resource has no tags', async (context) => {
    const catalog = await open(context)
    const { datastore, imageSet } = await resources(catalog)
    for (const resource of [imageSet, datastore]) await add(catalog, resource, { a: '1' })
    await catalog.imageSets.delete({ ...imageSet, at: AT })
    assert.equal(await catalog.tags.list(imageSet), undefined)
    assert.deepEqual(await catalog.tags.list(datastore), { a: '1' })

    const { datastoreId } = datastore
    await catalog.datastores.beginDelete(datastoreId, AT)
    assert.deepEqual(await catalog.tags.list(datastore), { a: '1' })
    await catalog.datastores.settle(datastoreId, AT)
    assert.equal(await catalog.tags.list(datastore), undefined)
    assert.equal(await add(catalog, datastore, { b: '2' }), 'absent')
  })

  test('a locked image set and a locked data store are not deleted, with the reason', async (context) => {
    const catalog = await open(context)
    const { datastore, imageSet } = await resources(catalog)
    const { datastoreId, imageSetId } = imageSet
    const remove = () => beginDeletion(catalog, { datastoreId, imageSetId })
    await add(catalog, imageSet, { 'hilum:retain-until': '2099-01-01' })
    const reason = `Image set ${imageSetId} is retained until 2099-01-01 (tag hilum:retain-until)`
    assert.deepEqual(await remove(), { outcome: 'retained', reason })
    await catalog.tags.remove(imageSet, ['hilum:retain-until'])
    await add(catalog, datastore, { 'hilum:legal-hold': 'on' })
    const ofStore = `Image set ${imageSetId} is in data store ${datastoreId}, which is under legal hold (tag hilum:legal-hold)`
    assert.deepEqual(await remove(), { outcome: 'retained', reason: ofStore })
    await catalog.imageSets.delete({ ...imageSet, at: AT })
    const lockedBy = `Data store ${datastoreId} is under legal hold (tag hilum:legal-hold)`
    assert.deepEqual(await catalog.datastores.beginDelete(datastoreId, AT), { lockedBy })
    await catalog.tags.remove(datastore, ['hilum:legal-hold'])
    assert.equal(await catalog.datastores.beginDelete(datastoreId, AT), 'deleting')
  })

  test('a retention is not shortened while it lasts', async (context) => {
    const catalog = await open(context)
    const { imageSet } = await resources(catalog)
    assert.equal(await add(catalog, imageSet, { 'hilum:retain-until': '2099-01-02' }), 'added')
    assert.equal(await add(catalog, imageSet, { 'hilum:retain-until': '2099-01-01', a: '1' }), 'shortened')
    assert.deepEqual(await catalog.tags.list(imageSet), { 'hilum:retain-until': '2099-01-02' })
    assert.equal(await add(catalog, imageSet, { 'hilum:retain-until': '2099-01-03' }), 'added')
  })

  test('a lock that comes after a deletion has begun is refused, and other tags are not', async (context) => {
    const catalog = await open(context)
    const { datastore, imageSet } = await resources(catalog)
    const { datastoreId, imageSetId } = imageSet
    await begin(catalog, datastoreId, { operation: 'DeleteImageSet', imageSetId })
    for (const resource of [imageSet, datastore]) {
      assert.equal(await add(catalog, resource, { 'hilum:legal-hold': 'on' }), 'deletion-begun')
      assert.equal(await add(catalog, resource, { 'hilum:retain-until': '2099-01-01' }), 'deletion-begun')
      assert.equal(
        await add(catalog, resource, { 'hilum:retain-until': '2001-01-01', ward: '7' }),
        'added',
        'it has ended',
      )
    }
    await catalog.workflows.completeDeletion((await claim(catalog)).lease, AT + 2_000)
    assert.equal(await add(catalog, datastore, { 'hilum:legal-hold': 'on' }), 'added')
  })

  test('of a lock and a deletion at the same time, one is first', async (context) => {
    for (const kind of ['datastore', 'imageSet'] as const) {
      const catalog = await open(context)
      const of = await resources(catalog)
      const { datastoreId, imageSetId } = of.imageSet
      const [locked, begun] = await Promise.all([
        add(catalog, of[kind], { 'hilum:legal-hold': 'on' }),
        beginDeletion(catalog, { datastoreId, imageSetId }),
      ])
      assert.ok(
        (locked === 'added' && begun.outcome === 'retained') ||
          (locked === 'deletion-begun' && begun.outcome === 'begun'),
        `${locked} and ${begun.outcome}`,
      )
    }
  })
}
