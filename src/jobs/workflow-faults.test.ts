/** Workflows in faults: workers that lost their lease unnoticed, unavailable stores, and concurrent changes of the same image set. */
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

const unavailable = () => new StoreUnavailable({ store: 'a store', reason: 'away', code: 'AWAY' })
const renamed = (PatientName: string) => ({ Patient: { DICOM: { PatientName } } })

/** Pauses a call: `reached` resolves when it is made, and `open` lets it continue. */
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

test('a worker that lost its lease while it wrote leaves no blob', async (context) => {
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
  const first = startWorkflowWorker(slow)
  await writing.reached
  const worker = startWorkflowWorker(later(app))
  await untilUnlocked(app.catalog, [of])
  writing.open()
  await Promise.all([first.stop(), worker.stop()])
  assert.deepEqual(
    (await versionsOf(app, of)).map(({ status, PatientName }) => [status, PatientName]),
    [
      ['CREATED', 'First'],
      ['UPDATED', 'Second'],
    ],
  )
  assert.deepEqual(await differencesIn(app), [])
})

test('a worker that lost its lease while it removed unrecorded blobs removes none of the next worker', async (context) => {
  const app = await openApp(context)
  const [of] = await importThree(app)
  await begin(app, { name: 'update', of, put: renamed('Second') })
  // A worker that died after its bytes and before its transaction.
  const dead = await app.catalog.workflows.claim({ owner: 'dead', now: 0, leaseUntil: 1 })
  await app.blobs.put(`${of.datastoreId}/workflows/${dead!.lease.workflow}/left`, Buffer.from('left behind'))
  const [listing, completing] = [gate(), gate()]
  const slow = withBlobs(app, {
    async *list(prefix, options) {
      await listing.pass()
      yield* app.blobs.list(prefix, options)
    },
  })
  const first = startWorkflowWorker(slow)
  await listing.reached
  const fast = withWorkflows(later(app), {
    async complete(lease, end) {
      await completing.pass()
      return app.catalog.workflows.complete(lease, end)
    },
  })
  const worker = startWorkflowWorker(fast)
  await completing.reached
  listing.open()
  await first.stop()
  completing.open()
  await untilUnlocked(app.catalog, [of])
  await worker.stop()
  assert.equal((await versionsOf(app, of)).at(-1)!.PatientName, 'Second')
  assert.deepEqual(await differencesIn(app), [])
})

test('a workflow that ends every worker ends as a failed version', async (context) => {
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
  assert.match(message!, /was interrupted several times/)
  assert.deepEqual(await differencesIn(app), [])
})

for (const method of ['put', 'open', 'complete', 'claim'] as const) {
  test(`a workflow is retried after its store was unavailable at ${method}`, async (context) => {
    const app = await openApp(context)
    const [of, sibling] = await importThree(app)
    let failures = 0
    const failTwice = () => {
      if (++failures <= 2) throw unavailable()
    }
    const { workflows } = app.catalog
    const failing = {
      put: withBlobs(app, {
        put: async (key, bytes) => {
          const put = await app.blobs.put(key, bytes)
          // The second image set of the study: one blob is written already.
          if (failures++ === 1) throw unavailable()
          return put
        },
      }),
      open: withBlobs(app, {
        open: async (...wanted) => {
          failTwice()
          return app.blobs.open(...wanted)
        },
      }),
      complete: withWorkflows(app, {
        complete: async (...end) => {
          failTwice()
          return workflows.complete(...end)
        },
      }),
      claim: withWorkflows(app, {
        claim: async (request) => {
          failTwice()
          return workflows.claim(request)
        },
      }),
    }[method]
    await begin(app, { name: 'update', of, put: renamed('Second'), ofStudy: true })
    const worker = startWorkflowWorker(failing)
    await untilUnlocked(app.catalog, [of, sibling])
    await worker.stop()
    assert.ok(failures > 2, 'the store was unavailable')
    for (const each of [of, sibling]) {
      const { status, PatientName } = (await versionsOf(app, each)).at(-1)!
      assert.deepEqual([status, PatientName], ['UPDATED', 'Second'])
    }
    assert.deepEqual(await differencesIn(app), [])
  })
}

test('a workflow whose bytes cannot be read does not delay others', async (context) => {
  const app = await openApp(context)
  const [damaged, of] = await importThree(app)
  await perform(app, { name: 'update', of: damaged, put: renamed('Second') })
  const place = await app.catalog.imageSets.attributes({ ...damaged, version: 2 })
  assert.ok(typeof place === 'object')
  await begin(app, { name: 'update', of: damaged, put: renamed('Third') })
  const failing = withBlobs(app, {
    open: async (key, range) => {
      if (key === place.blobKey) throw unavailable()
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

/** An import worker, and a promise that resolves when it first could not publish. */
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

/** Submits a job with one file. */
async function submitFile(app: WholeApp, datastoreId: string, bytes: Uint8Array): Promise<ImportJob> {
  const input = await app.locations.openBucket('in-bucket')
  assert.ok(!('closed' in input))
  for await (const { key } of input.list('')) await input.remove([key])
  await input.put('file.dcm', bytes)
  return submitJob(app.catalog, datastoreId)
}

test('an import waits for a locked image set, and then extends the version that was made meanwhile', async (context) => {
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

test('no series is added to a study while the whole study is updated', async (context) => {
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
    'it conflicts with the updated study',
  )
  assert.equal((await propertiesOf(app.catalog, sibling)).version, 2)
})

test('an image set of a failed copy is returned and can be deleted, and every other operation is refused', async (context) => {
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

test('a data store with a running workflow cannot be deleted', async (context) => {
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

test('several workers share workflows, and each workflow runs once', async (context) => {
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
