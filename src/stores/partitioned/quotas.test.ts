/** What AWS's quotas count is counted once over all partitions. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  AT,
  createDatastore,
  datastoreNamed,
  importFiles,
  jobNamed,
  tokenOf,
} from '../catalog/conformance/catalog.fixture.ts'
import { begin, copyOf, describedFile, updateOf } from '../catalog/conformance/workflow.fixture.ts'
import { openServer, sqliteFiles, studyOf } from './partitions.fixture.ts'

const PARTITIONS = 3

/** A data store with an image set of a study in each partition. */
async function filled(context: TestContext) {
  const { catalog } = await openServer(context, { open: await sqliteFiles(context), partitions: PARTITIONS })
  const datastoreId = await createDatastore(catalog)
  const imageSets: { readonly imageSetId: string; readonly study: string }[] = []
  for (let partition = 1; partition <= PARTITIONS; partition++) {
    const study = studyOf(partition, { of: PARTITIONS, name: partition })
    const [made] = await importFiles(catalog, { datastoreId, files: [describedFile(`f${partition}`, { study })] })
    imageSets.push({ imageSetId: made!.imageSetId, study })
  }
  return { catalog, datastoreId, imageSets }
}

test('updates of all partitions count, and each operation by itself', async (context) => {
  const { catalog, datastoreId, imageSets } = await filled(context)
  const [first, second, third] = imageSets
  await begin(catalog, datastoreId, updateOf(first!.imageSetId, 1))
  const quota = { datastoreId, at: AT, runningMax: 2 }
  const beginUpdate = async (imageSetId: string) =>
    (await catalog.workflows.begin({ ...quota, request: updateOf(imageSetId, 1) })).outcome
  assert.equal(await beginUpdate(second!.imageSetId), 'begun')
  assert.equal(await beginUpdate(third!.imageSetId), 'too-many')
  assert.equal((await catalog.workflows.begin({ ...quota, request: copyOf(third!.imageSetId, 1) })).outcome, 'begun')
})

test('deletions of all partitions count', async (context) => {
  const { catalog, datastoreId, imageSets } = await filled(context)
  const outcomes: string[] = []
  for (const { study, imageSetId } of imageSets) {
    const { outcome } = await catalog.workflows.beginDeletions({
      ...{ datastoreId, studyInstanceUID: study, imageSetIds: [imageSetId], at: AT, runningMax: 2 },
    })
    outcomes.push(outcome)
  }
  assert.deepEqual(outcomes, ['begun', 'begun', 'too-many'])
})

test('an import job counts once, however many partitions have a part of it', async (context) => {
  const { catalog, datastoreId } = await filled(context)
  const submit = async (name: string) =>
    (await catalog.importJobs.submit({ job: jobNamed(name, { datastoreId }), token: tokenOf(name), runningMax: 2 }))
      .outcome
  assert.deepEqual([await submit('a'), await submit('b'), await submit('c')], ['submitted', 'submitted', 'too-many'])
  const all = { datastoreId, status: undefined, submittedSince: 0, after: undefined, limit: 100 }
  const ids = (await catalog.importJobs.list(all)).map(({ jobId }) => jobId)
  assert.deepEqual([ids.length, new Set(ids).size], [PARTITIONS + 2, PARTITIONS + 2])
})

test('a data store counts once, however many partitions have it', async (context) => {
  const { catalog } = await filled(context)
  const create = async (name: string) =>
    (await catalog.datastores.create({ datastore: datastoreNamed(name), tags: {}, token: tokenOf(name), activeMax: 2 }))
      .outcome
  assert.deepEqual([await create('second'), await create('third')], ['created', 'too-many'])
  assert.equal((await catalog.statistics()).datastores.length, 2)
})
