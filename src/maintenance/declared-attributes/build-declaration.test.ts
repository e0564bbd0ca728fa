/** Declared attributes over real stores: image sets are found by what their metadata have, whatever happens to them, before and after the build. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appIn, importInstances, newDataFolder } from '../../jobs/imported-instances.fixture.ts'
import { appOver, importThree, perform, propertiesOf, SERIES } from '../../jobs/workflows.fixture.ts'
import { openMemoryLocations } from '../../stores/blobs/memory/memory-locations.ts'
import { AttributeNotSearchable } from '../../stores/catalog/search-repository.ts'
import { differencesIn } from '../verify/verify.fixture.ts'
import { buildDeclaration, removeDeclaration } from './build-declaration.ts'
import { declare, found, makeSearchable } from './declared-attributes.fixture.ts'

test('image sets are found by the values of series, of instances that differ, and of instances', async (context) => {
  const stores = await appIn(context, await newDataFolder(context))
  const locations = openMemoryLocations()
  for (const name of ['in-bucket', 'out-bucket']) locations.createBucket(name)
  const app = appOver({ ...stores, locations })
  const imageSets = await importThree(app)
  const [first, sibling, other] = imageSets
  const { datastoreId } = first
  const ids = (some: readonly { readonly imageSetId: string }[]) => some.map(({ imageSetId }) => imageSetId).sort()
  const before = await Promise.all(imageSets.map((each) => propertiesOf(app.catalog, each)))
  for (const keyword of ['StationName', 'SOPInstanceUID', 'Rows']) {
    assert.deepEqual(await makeSearchable(app, datastoreId, keyword), [])
  }
  assert.deepEqual(await Promise.all(imageSets.map((each) => propertiesOf(app.catalog, each))), before)
  // Only one of the three instances has the value of the series; the others differ from it.
  for (const station of ['s1', 's2', 's3']) {
    assert.deepEqual(await found(app.catalog, datastoreId, 'StationName', station), ids(imageSets))
  }
  assert.deepEqual(await found(app.catalog, datastoreId, 'SOPInstanceUID', `${SERIES}.2.3`), ids([other]))
  assert.deepEqual(await found(app.catalog, datastoreId, 'Rows', '2.0'), ids(imageSets))
  assert.deepEqual(await found(app.catalog, datastoreId, 'Rows', '3'), [])

  const put = { Study: { Series: { [SERIES]: { DICOM: { StationName: 'Zebra' } } } } }
  await perform(app, { name: 'update', of: first, put })
  assert.deepEqual(await found(app.catalog, datastoreId, 'StationName', 'zebra'), ids([first]))
  assert.deepEqual(await found(app.catalog, datastoreId, 'StationName', 's2'), ids([sibling, other]))
  await perform(app, { name: 'revert', of: first, to: 1 })
  assert.deepEqual(await found(app.catalog, datastoreId, 'StationName', 's2'), ids(imageSets))
  const [, whole] = await perform(app, { name: 'copy', of: sibling })
  const [, part] = await perform(app, {
    ...{ name: 'copy', of: sibling, instance: { series: '2.25.1.2', uid: '2.25.1.2.1.1' } },
  })
  assert.deepEqual(await found(app.catalog, datastoreId, 'StationName', 's2'), ids([...imageSets, whole!]))
  assert.deepEqual(
    await found(app.catalog, datastoreId, 'SOPInstanceUID', '2.25.1.2.1.1'),
    ids([sibling, whole!, part!]),
  )
  await perform(app, { name: 'delete', of: other })
  assert.deepEqual(await found(app.catalog, datastoreId, 'SOPInstanceUID', `${SERIES}.2.3`), [])
  assert.deepEqual(await differencesIn(app), [])
})

test('an image set that is imported or extended while the index is built is found by all its values', async (context) => {
  const app = await appIn(context, await newDataFolder(context))
  const datastoreId = await importInstances(app, [
    { series: 1, number: 1 },
    { series: 2, number: 1 },
  ])
  const declaration = await declare(app.catalog, datastoreId, 'StationName')
  await importInstances(
    app,
    [
      { series: 1, number: 7 },
      { series: 3, number: 7 },
    ],
    datastoreId,
  )
  await assert.rejects(found(app.catalog, datastoreId, 'StationName', 's7'), AttributeNotSearchable)
  for await (const { done, of } of buildDeclaration(app, { datastoreId, declaration })) assert.ok(done <= of)
  await importInstances(app, [{ series: 2, number: 7 }], datastoreId)
  assert.equal((await found(app.catalog, datastoreId, 'StationName', 's7')).length, 3)
  assert.equal((await found(app.catalog, datastoreId, 'StationName', 's1')).length, 2)
  assert.deepEqual(await differencesIn(app), [])
})

test('two builds at the same time, and one that stopped half-way, index each image set once', async (context) => {
  const app = await appIn(context, await newDataFolder(context))
  const instances = Array.from({ length: 300 }, (_, series) => ({ series, number: series % 3 }))
  const datastoreId = await importInstances(app, instances)
  const declaration = await declare(app.catalog, datastoreId, 'StationName')
  for await (const { done, of } of buildDeclaration(app, { datastoreId, declaration })) {
    assert.ok(done < of)
    break
  }
  const [standing] = (await app.catalog.declaredAttributes.list(datastoreId))!
  assert.ok(standing!.doneTo > 0 && standing!.state === 'building')
  const run = async () => {
    for await (const _ of buildDeclaration(app, { datastoreId, declaration }));
  }
  await Promise.all([run(), run()])
  for (const station of ['s0', 's1', 's2']) {
    assert.equal((await found(app.catalog, datastoreId, 'StationName', station)).length, 100)
  }
  assert.deepEqual(await differencesIn(app), [])
})

test('an image set whose metadata cannot be read is reported, and the others are found', async (context) => {
  const app = await appIn(context, await newDataFolder(context))
  const datastoreId = await importInstances(app, [{ series: 1, number: 1 }])
  await importInstances(app, [{ series: 2, number: 1 }], datastoreId)
  const everything = { filters: [], sort: { sortField: 'createdAt', sortOrder: 'ASC' } } as const
  const { rows } = await app.catalog.imageSets.search({ datastoreId, search: everything, limit: 10 })
  const place = await app.catalog.imageSets.attributes({ datastoreId, ...rows[0]! })
  assert.ok(typeof place === 'object')
  await app.blobs.remove([place.blobKey])
  assert.deepEqual(await makeSearchable(app, datastoreId, 'StationName'), [rows[0]!.imageSetId])
  assert.deepEqual(await found(app.catalog, datastoreId, 'StationName', 's1'), [rows[1]!.imageSetId])
})

test('after a removal nothing of the attribute is left, and it can be declared again', async (context) => {
  const app = await appIn(context, await newDataFolder(context))
  const instances = Array.from({ length: 300 }, (_, series) => ({ series, number: series % 3 }))
  const datastoreId = await importInstances(app, instances)
  await makeSearchable(app, datastoreId, 'StationName')
  await makeSearchable(app, datastoreId, 'SOPInstanceUID')
  const declaration = await app.catalog.declaredAttributes.beginRemoval(datastoreId, 'StationName')
  await assert.rejects(found(app.catalog, datastoreId, 'StationName', 's1'), AttributeNotSearchable)
  // Imported while it is removed: without texts.
  await importInstances(app, [{ series: 1_000, number: 1 }], datastoreId)
  for await (const _ of removeDeclaration(app, { datastoreId, declaration: declaration! })) {
    assert.deepEqual(await differencesIn(app), [])
  }
  assert.deepEqual(
    (await app.catalog.declaredAttributes.list(datastoreId))!.map(({ keyword }) => keyword),
    ['SOPInstanceUID'],
  )
  assert.deepEqual(await app.catalog.declaredAttributes.beginRemoval(datastoreId, 'StationName'), undefined)
  assert.equal((await found(app.catalog, datastoreId, 'SOPInstanceUID', '2.25.1.7.1')).length, 1)
  await makeSearchable(app, datastoreId, 'StationName')
  assert.equal((await found(app.catalog, datastoreId, 'StationName', 's1')).length, 101)
  assert.deepEqual(await differencesIn(app), [])
})
