/** Workers that lose their lease and do not know it, stores that go away, and others who want the image set meanwhile. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { submitJob, untilEnded } from '../ingest/import-job.fixture.ts'
import { differencesIn } from '../maintenance/verify/verify.fixture.ts'
import { newId } from '../server/new-id.ts'
import type { BlobStore } from '../stores/blobs/blob-store.ts'
import { openMemoryBlobs } from '../stores/blobs/memory/memory-blobs.ts'
import { openMemoryLocations } from '../stores/blobs/memory/memory-locations.ts'
import type { ImportJob, ImportJobs } from '../stores/catalog/import-job-repository.ts'
import type { Workflows } from '../stores/catalog/workflow-repository.ts'
import { openSqliteCatalog } from '../stores/sql/open-sqlite.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { startImportWorker } from './import-worker.ts'
import { startWorkflowWorker } from './workflow-worker.ts'
import {
  appOver,
  begin,
  importThree,
  instance,
  perform,
  propertiesOf,
  SERIES,
  untilUnlocked,
  versionsOf,
  type WholeApp,
} from './workflows.fixture.ts'

const HOUR_MS = 3_600_000

async function openApp(context: TestContext): Promise<WholeApp> {
  const locations = openMemoryLocations()
  for (const bucket of ['in-bucket', 'out-bucket']) locations.createBucket(bucket)
  const catalog = await openSqliteCatalog({ path: ':memory:', newId })
  const app = appOver({ catalog, blobs: openMemoryBlobs(), locations })
  context.after(() => catalog.close())
  return app
}

const later = (app: WholeApp): WholeApp => ({ ...app, clock: () => Date.now() + HOUR_MS })
const withBlobs = (app: WholeApp, blobs: Partial<BlobStore>): WholeApp => ({
  ...app,
  blobs: { ...app.blobs, ...blobs },
})
const withWorkflows = (app: WholeApp, workflows: Partial<Workflows>): WholeApp => ({
  ...app,
  catalog: { ...app.catalog, workflows: { ...app.catalog.workflows, ...workflows } },
})

const storeAway = () => new StoreUnavailable({ store: 'a store', reason: 'away', code: 'AWAY' })
const renamed = (PatientName: string) => ({ Patient: { DICOM: { PatientName } } })

/** A call that tells when it is made, and waits until it is let go. */
function gate() {
  const [reached, opened] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  return {
    reached: reached.promise,
    open: () => opened.resolve(),
    async pass(): Promise<void> {
      reached.resolve()
      await opened.promise
    },
  }
}

test('a worker that was overtaken while it wrote leaves nothing behind', async (context) => {
  const app = await openApp(context)
  const [of] = await importThree(app)
  const writing = gate()
  const slow = withBlobs(app, {
    async put(key, bytes) {
      await writing.pass()
      return app.blobs.put(key, bytes)
    },
  })
  await begin(app, { name: 'update', of, put: renamed('Second') })
  const overtaken = startWorkflowWorker(slow)
  await writing.reached
  const worker = startWorkflowWorker(later(app))
  await untilUnlocked(app.catalog, [of])
  writing.open()
  await Promise.all([overtaken.stop(), worker.stop()])
  assert.deepEqual(
    (await versionsOf(app, of)).map(({ status, PatientName }) => [status, PatientName]),
    [
      ['CREATED', 'First'],
      ['UPDATED', 'Second'],
    ],
  )
  assert.deepEqual(await differencesIn(app), [])
})

test('a worker that was overtaken while it tidied up removes nothing that the next has written', async (context) => {
  const app = await openApp(context)
  const [of] = await importThree(app)
  await begin(app, { name: 'update', of, put: renamed('Second') })
  // One died between its bytes and its transaction.
  const dead = await app.catalog.workflows.claim({ owner: 'dead', now: 0, leaseUntil: 1 })
  await app.blobs.put(`${of.datastoreId}/workflows/${dead!.lease.workflow}/left`, Buffer.from('left behind'))
  const [tidying, ending] = [gate(), gate()]
  const slow = withBlobs(app, {
    async *list(prefix, options) {
      await tidying.pass()
      yield* app.blobs.list(prefix, options)
    },
  })
  const overtaken = startWorkflowWorker(slow)
  await tidying.reached
  const fast = withWorkflows(later(app), {
    async complete(lease, end) {
      await ending.pass()
      return app.catalog.workflows.complete(lease, end)
    },
  })
  const worker = startWorkflowWorker(fast)
  await ending.reached
  tidying.open()
  await overtaken.stop()
  ending.open()
  await untilUnlocked(app.catalog, [of])
  await worker.stop()
  assert.equal((await versionsOf(app, of)).at(-1)!.PatientName, 'Second')
  assert.deepEqual(await differencesIn(app), [])
})

test('a workflow on which every worker dies ends as a failed version', async (context) => {
  const app = await openApp(context)
  const [of] = await importThree(app)
  await begin(app, { name: 'update', of, put: renamed('Second') })
  for (const owner of ['first', 'second', 'third']) {
    assert.ok(await app.catalog.workflows.claim({ owner, now: Date.now(), leaseUntil: 0 }))
  }
  const worker = startWorkflowWorker(app)
  await untilUnlocked(app.catalog, [of])
  await worker.stop()
  const { version, workflowStatus, message } = await propertiesOf(app.catalog, of)
  assert.deepEqual([version, workflowStatus], [2, 'UPDATE_FAILED'])
  assert.match(message!, /died on this several times/)
  assert.deepEqual(await differencesIn(app), [])
})

for (const away of ['put', 'open', 'complete', 'claim'] as const) {
  test(`a workflow goes on when its store is back that was away at ${away}`, async (context) => {
    const app = await openApp(context)
    const [of, sibling] = await importThree(app)
    let failures = 0
    const unlessAway = () => {
      if (++failures <= 2) throw storeAway()
    }
    const { workflows } = app.catalog
    const failing = {
      put: withBlobs(app, {
        put: async (key, bytes) => {
          const put = await app.blobs.put(key, bytes)
          // Of a study, so that one blob is there already.
          if (failures++ === 1) throw storeAway()
          return put
        },
      }),
      open: withBlobs(app, {
        open: async (...wanted) => {
          unlessAway()
          return app.blobs.open(...wanted)
        },
      }),
      complete: withWorkflows(app, {
        complete: async (...end) => {
          unlessAway()
          return workflows.complete(...end)
        },
      }),
      claim: withWorkflows(app, {
        claim: async (request) => {
          unlessAway()
          return workflows.claim(request)
        },
      }),
    }[away]
    await begin(app, { name: 'update', of, put: renamed('Second'), ofStudy: true })
    const worker = startWorkflowWorker(failing)
    await untilUnlocked(app.catalog, [of, sibling])
    await worker.stop()
    assert.ok(failures > 2, 'the store was away')
    for (const each of [of, sibling]) {
      const { status, PatientName } = (await versionsOf(app, each)).at(-1)!
      assert.deepEqual([status, PatientName], ['UPDATED', 'Second'])
    }
    assert.deepEqual(await differencesIn(app), [])
  })
}

test('a workflow whose bytes cannot be read holds up no other', async (context) => {
  const app = await openApp(context)
  const [damaged, of] = await importThree(app)
  await perform(app, { name: 'update', of: damaged, put: renamed('Second') })
  const place = await app.catalog.imageSets.levels({ ...damaged, version: 2 })
  assert.ok(typeof place === 'object')
  await begin(app, { name: 'update', of: damaged, put: renamed('Third') })
  const failing = withBlobs(app, {
    open: async (key, range) => {
      if (key === place.blobKey) throw storeAway()
      return app.blobs.open(key, range)
    },
  })
  const worker = startWorkflowWorker(failing)
  await begin(app, { name: 'update', of, put: renamed('Second') })
  await untilUnlocked(app.catalog, [of])
  await worker.stop()
  assert.equal((await versionsOf(app, of)).at(-1)!.PatientName, 'Second')
  assert.equal((await propertiesOf(app.catalog, damaged)).imageSetState, 'LOCKED')
})

/** An import worker, and when it first could not publish. */
function startImports(app: WholeApp) {
  const refused = Promise.withResolvers<void>()
  const importJobs: ImportJobs = {
    ...app.catalog.importJobs,
    publish(...request) {
      const published = app.catalog.importJobs.publish(...request)
      published.catch(() => refused.resolve())
      return published
    },
  }
  return { imports: startImportWorker({ ...app, catalog: { ...app.catalog, importJobs } }), refused: refused.promise }
}

/** A job with one file. */
async function submitFile(app: WholeApp, datastoreId: string, bytes: Uint8Array): Promise<ImportJob> {
  const input = await app.locations.openBucket('in-bucket')
  assert.ok(!('closed' in input))
  for await (const { key } of input.list('')) await input.remove([key])
  await input.put('file.dcm', bytes)
  return submitJob(app.catalog, datastoreId)
}

test('an import waits for the image set that it extends, and then follows the version that was made meanwhile', async (context) => {
  const app = await openApp(context)
  const [of] = await importThree(app)
  await begin(app, { name: 'update', of, put: renamed('Second') })
  const job = await submitFile(app, of.datastoreId, instance(SERIES, 4, 1))
  const { imports, refused } = startImports(app)
  await refused
  const worker = startWorkflowWorker(app)
  const ended = await untilEnded(app.catalog, job)
  await Promise.all([imports.stop(), worker.stop()])
  assert.equal(ended.jobStatus, 'COMPLETED', ended.message)
  assert.deepEqual(
    (await versionsOf(app, of)).map(({ status, instances, PatientName }) => [status, instances.length, PatientName]),
    [
      ['CREATED', 3, 'First'],
      ['UPDATED', 3, 'Second'],
      ['IMPORTED', 4, 'First'],
    ],
  )
  assert.deepEqual(await differencesIn(app), [])
})

test('no series comes into a study that is being updated as a whole', async (context) => {
  const app = await openApp(context)
  const [of, sibling] = await importThree(app)
  await begin(app, { name: 'update', of, put: { Patient: { DICOM: { PatientID: 'P9' } } }, ofStudy: true })
  const job = await submitFile(app, of.datastoreId, instance('2.25.1.3', 1, 1))
  const { imports, refused } = startImports(app)
  await refused
  const worker = startWorkflowWorker(app)
  await untilEnded(app.catalog, job)
  await Promise.all([imports.stop(), worker.stop()])
  const all = { filters: [{ attribute: 'DICOMSeriesInstanceUID', equals: '2.25.1.3' }] } as const
  const { rows } = await app.catalog.imageSets.search({
    ...{ datastoreId: of.datastoreId, limit: 10 },
    search: { ...all, sort: { sortField: 'createdAt', sortOrder: 'ASC' } },
  })
  assert.deepEqual(
    rows.map(({ isPrimary }) => isPrimary),
    [false],
    'it conflicts with what the study has become',
  )
  assert.equal((await propertiesOf(app.catalog, sibling)).version, 2)
})

test('an image set that a copy failed to make is told of, can be deleted, and is nothing to anybody else', async (context) => {
  const app = await openApp(context)
  const [of, other] = await importThree(app)
  const made = (await begin(app, { name: 'copy', of }))[1]!
  const claimed = await app.catalog.workflows.claim({
    owner: 'worker',
    now: Date.now(),
    leaseUntil: Date.now() + 1_000,
  })
  await app.catalog.workflows.fail(claimed!.lease, { message: 'No room', at: Date.now() })
  assert.equal((await propertiesOf(app.catalog, made)).workflowStatus, 'COPY_FAILED')
  for (const operation of [
    { name: 'update', of: made, put: renamed('Second') },
    { name: 'revert', of: made, to: 1 },
    { name: 'copy', of: made, instance: { series: SERIES, uid: `${SERIES}.1.1` } },
    { name: 'copy', of: other, into: made },
  ] as const) {
    await assert.rejects(begin(app, operation), { name: 'ResourceNotFoundException' }, operation.name)
  }
  await perform(app, { name: 'delete', of: made })
  assert.equal((await propertiesOf(app.catalog, made)).imageSetState, 'DELETED')
  assert.deepEqual(await differencesIn(app), [])
})

test('a data store is not deleted under a workflow', async (context) => {
  const app = await openApp(context)
  const [of, ...others] = await importThree(app)
  for (const each of others) await perform(app, { name: 'delete', of: each })
  await begin(app, { name: 'delete', of })
  const { datastores } = app.catalog
  assert.equal(await datastores.beginDelete(of.datastoreId, Date.now()), 'holds-image-sets')
  const worker = startWorkflowWorker(app)
  await untilUnlocked(app.catalog, [of])
  await worker.stop()
  assert.equal(await datastores.beginDelete(of.datastoreId, Date.now()), 'deleting')
})

test('several workers share workflows, and each is done once', async (context) => {
  const app = await openApp(context)
  const imageSets = await importThree(app)
  const done: number[] = []
  const counting = withWorkflows(app, {
    async complete(lease, end) {
      const outcome = await app.catalog.workflows.complete(lease, end)
      done.push(lease.workflow)
      return outcome
    },
  })
  const workers = [1, 2, 3, 4].map(() => startWorkflowWorker(counting))
  for (const round of [1, 2, 3, 4]) {
    for (const of of imageSets) await begin(app, { name: 'update', of, put: renamed(`Round^${round}`) })
    for (const each of workers) each.wake()
    await untilUnlocked(app.catalog, imageSets)
  }
  await Promise.all(workers.map((each) => each.stop()))
  assert.deepEqual([done.length, new Set(done).size], [12, 12])
  for (const of of imageSets) {
    const names = (await versionsOf(app, of)).map(({ PatientName }) => PatientName)
    assert.deepEqual(names, ['First', 'Round^1', 'Round^2', 'Round^3', 'Round^4'])
  }
  assert.deepEqual(await differencesIn(app), [])
})
