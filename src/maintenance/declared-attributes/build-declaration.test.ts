/** Declared attributes over real stores: image sets are found by what their metadata have, whatever happens to them, before and after the build. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import Database from 'better-sqlite3-multiple-ciphers'
import type { ImportApp } from '../../app.ts'
import { appIn, importInstances, newDataFolder } from '../../jobs/imported-instances.fixture.ts'
import { appOver, importThree, perform, propertiesOf, SERIES } from '../../jobs/workflows.fixture.ts'
import { openMemoryLocations } from '../../stores/blobs/memory/memory-locations.ts'
import { AttributeNotSearchable } from '../../stores/catalog/search-repository.ts'
import { differencesIn } from '../verify/verify.fixture.ts'
import { buildDeclaration, removeDeclaration } from './build-declaration.ts'
import { declare, found, makeSearchable } from './declared-attributes.fixture.ts'

const EVERYTHING = { filters: [], sort: { sortField: 'createdAt', sortOrder: 'ASC' } } as const

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

/** The app, with something that happens once, before the first call of a method of one of its repositories. */
function before<App extends ImportApp>(
  app: App,
  call: { readonly of: 'importJobs' | 'workflows'; readonly name: string },
  happens: () => Promise<unknown>,
): App {
  let isDone = false
  const repository = new Proxy(app.catalog[call.of], {
    get(target, name, receiver) {
      const method = Reflect.get(target, name, receiver)
      if (name !== call.name || typeof method !== 'function') return method
      return async (...args: unknown[]) => {
        if (!isDone) {
          isDone = true
          await happens()
        }
        return method.apply(target, args)
      }
    },
  })
  return { ...app, catalog: { ...app.catalog, [call.of]: repository } }
}

test('a declaration between the documents of an import and its transaction makes the documents again', async (context) => {
  const app = await appIn(context, await newDataFolder(context))
  const datastoreId = await importInstances(app, [{ series: 1, number: 1 }])
  const racing = before(app, { of: 'importJobs', name: 'publish' }, () =>
    declare(app.catalog, datastoreId, 'StationName'),
  )
  await importInstances(
    racing,
    [
      { series: 1, number: 2 },
      { series: 2, number: 2 },
    ],
    datastoreId,
  )
  assert.deepEqual(await makeSearchable(app, datastoreId, 'StationName'), [])
  assert.equal((await found(app.catalog, datastoreId, 'StationName', 's2')).length, 2)
  const { rows } = await app.catalog.imageSets.search({ datastoreId, search: EVERYTHING, limit: 10 })
  assert.deepEqual(rows.map(({ version }) => version).sort(), [1, 2])
  assert.deepEqual(await differencesIn(app), [])
})

test('a declaration between the bytes of an update and its transaction makes the version again', async (context) => {
  const app = appOver(await appIn(context, await newDataFolder(context)))
  const datastoreId = await importInstances(app, [{ series: 1, number: 1 }])
  const { rows } = await app.catalog.imageSets.search({ datastoreId, search: EVERYTHING, limit: 10 })
  const of = { datastoreId, imageSetId: rows[0]!.imageSetId }
  const put = { Study: { Series: { '2.25.1.1': { DICOM: { StationName: 'Zebra' } } } } }
  const racing = before(app, { of: 'workflows', name: 'complete' }, () =>
    makeSearchable(app, datastoreId, 'StationName'),
  )
  await perform(racing, { name: 'update', of, put })
  assert.equal((await propertiesOf(app.catalog, of)).workflowStatus, 'UPDATED')
  assert.deepEqual(await found(app.catalog, datastoreId, 'StationName', 'zebra'), [of.imageSetId])
  assert.deepEqual(await found(app.catalog, datastoreId, 'StationName', 's1'), [])
  assert.deepEqual(await differencesIn(app), [])
})

const JOBS = 9

test('imports of another process beside declarations and removals lose nothing', async (context) => {
  const folder = await newDataFolder(context)
  const [importing, declaring] = [await appIn(context, folder), await appIn(context, folder)]
  const datastoreId = await importInstances(importing, [{ series: 0, number: 0 }])
  let jobs = 0
  const imports = async () => {
    // New image sets, and new instances of earlier ones.
    for (let job = 1; job <= JOBS; job++) {
      const instances = Array.from({ length: 20 }, (_, at) => ({ series: job * 10 + at, number: job }))
      await importInstances(importing, instances, datastoreId)
      jobs++
    }
  }
  const declarations = async () => {
    let rounds = 0
    for (; jobs < JOBS; rounds++) {
      await makeSearchable(declaring, datastoreId, 'StationName')
      const declaration = await declaring.catalog.declaredAttributes.beginRemoval(datastoreId, 'StationName')
      for await (const _ of removeDeclaration(declaring, { datastoreId, declaration: declaration! }));
      // Each declaration makes an import write its documents again: one has to end between two.
      const before = jobs
      while (jobs === before && jobs < JOBS) await setTimeout(5)
    }
    return rounds
  }
  const [rounds] = await Promise.all([declarations(), imports()])
  assert.ok(rounds > 1)
  assert.deepEqual(await differencesIn(declaring), [])
  await makeSearchable(declaring, datastoreId, 'StationName')
  for (let job = 1; job <= JOBS; job++) {
    assert.equal((await found(importing.catalog, datastoreId, 'StationName', `s${job}`)).length, 20)
  }
  assert.deepEqual(await differencesIn(declaring), [])
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
  const { rows } = await app.catalog.imageSets.search({ datastoreId, search: EVERYTHING, limit: 10 })
  const place = await app.catalog.imageSets.attributes({ datastoreId, ...rows[0]! })
  assert.ok(typeof place === 'object')
  await app.blobs.remove([place.blobKey])
  assert.deepEqual(await makeSearchable(app, datastoreId, 'StationName'), [rows[0]!.imageSetId])
  assert.deepEqual(await found(app.catalog, datastoreId, 'StationName', 's1'), [rows[1]!.imageSetId])
})

test('after a removal nothing of the attribute is left in the file of the catalog', async (context) => {
  const folder = await newDataFolder(context)
  const app = await appIn(context, folder)
  const datastoreId = await importInstances(app, [
    { series: 1, number: 12_345_678 },
    { series: 2, number: 1 },
  ])
  await makeSearchable(app, datastoreId, 'StationName')
  // A new version: the row history keeps the texts of the one before.
  await importInstances(app, [{ series: 1, number: 2 }], datastoreId)
  const path = join(folder, 'catalog.sqlite')
  const database = new Database(path, { readonly: true })
  const kept = (table: string) =>
    database.prepare<[], number>(`SELECT count(*) FROM ${table} WHERE unlisted_texts LIKE '%words%'`).pluck().get()
  assert.deepEqual(['image_sets', 'image_set_history'].map(kept), [2, 1])
  const traces = async (...paths: readonly string[]) =>
    (await Promise.all(paths.map((each) => readFile(each, 'latin1')))).join('').match(/s12345678/gi)
  assert.ok(await traces(path, `${path}-wal`))
  const declaration = (await app.catalog.declaredAttributes.beginRemoval(datastoreId, 'StationName'))!
  for await (const _ of removeDeclaration(app, { datastoreId, declaration }));
  assert.deepEqual(['image_sets', 'image_set_history'].map(kept), [0, 0])
  database.close()
  await app.catalog.close()
  assert.equal(await traces(path), null)
})

test('after a removal the attribute can be declared again', async (context) => {
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
