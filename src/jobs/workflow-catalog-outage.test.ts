/** An outage of PostgreSQL during an update, a copy or a deletion: it is released, retried, and succeeds. */
import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import { differencesIn } from '../maintenance/verify/verify.fixture.ts'
import { newId } from '../server/new-id.ts'
import { openMemoryBlobs } from '../stores/blobs/memory/memory-blobs.ts'
import { openMemoryLocations } from '../stores/blobs/memory/memory-locations.ts'
import type { Workflows } from '../stores/catalog/workflow-repository.ts'
import {
  POSTGRES_TEST_LIMITS,
  postgresIsMissing,
  startPostgres,
} from '../stores/sql/engine/postgres/postgres.fixture.ts'
import { cutting, firstCalls, killing, type Outage } from '../stores/sql/engine/postgres/postgres-outage.fixture.ts'
import { openPostgresCatalog } from '../stores/sql/open-postgres.ts'
import { startWorkflowWorker } from './workflow-worker.ts'
import { appOver, begin, type ImageSet, importThree, propertiesOf, type WholeApp } from './workflows.fixture.ts'

const server = postgresIsMissing === undefined ? await startPostgres() : undefined
after(() => server?.remove())

async function openApp(context: TestContext, url: string): Promise<WholeApp> {
  const locations = openMemoryLocations()
  for (const bucket of ['in-bucket', 'out-bucket']) locations.createBucket(bucket)
  const catalog = await openPostgresCatalog({ url, newId, limits: POSTGRES_TEST_LIMITS })
  context.after(() => catalog.close())
  return appOver({ catalog, blobs: openMemoryBlobs(), locations })
}

function withOutage(app: WholeApp, method: keyof Workflows, outage: Outage): WholeApp {
  const { workflows } = app.catalog
  const call = workflows[method] as (...args: unknown[]) => Promise<unknown>
  const inOutage = (...args: unknown[]) => outage(() => call.apply(workflows, args))
  return { ...app, catalog: { ...app.catalog, workflows: { ...workflows, [method]: inOutage } } }
}

async function untilNotLocked(app: WholeApp, imageSet: ImageSet): Promise<string> {
  for (;;) {
    const { imageSetState, workflowStatus } = await propertiesOf(app.catalog, imageSet).catch(() => ({
      imageSetState: 'LOCKED',
      workflowStatus: undefined,
    }))
    if (imageSetState !== 'LOCKED') return workflowStatus ?? ''
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const operations = (of: ImageSet) =>
  ({
    update: {
      operation: { name: 'update', of, put: { Patient: { DICOM: { PatientName: 'Second' } } } },
      expected: 'UPDATED',
    },
    copy: { operation: { name: 'copy', of }, expected: 'COPIED' },
    delete: { operation: { name: 'delete', of }, expected: 'DELETED' },
  }) as const

async function performDuring(app: WholeApp, name: 'update' | 'copy' | 'delete', outage: Outage): Promise<void> {
  const [of] = await importThree(app)
  const { operation, expected } = operations(of)[name]
  const changed = (await begin(app, operation)).at(-1)!
  const worker = startWorkflowWorker(withOutage(app, name === 'delete' ? 'completeDeletion' : 'complete', outage))
  assert.equal(await untilNotLocked(app, changed), expected)
  await worker.stop()
  assert.deepEqual(await differencesIn(app), [])
}

describe('an outage of the catalog during', { skip: postgresIsMissing ?? false }, () => {
  for (const name of ['update', 'copy', 'delete'] as const) {
    test(`${name === 'update' ? 'an' : 'a'} ${name} does not fail it: its connections are cut`, async (context) => {
      const url = await server!.newDatabase()
      const outage = firstCalls(2, cutting(url, ['workflows']))
      await performDuring(await openApp(context, url), name, outage)
      assert.ok(outage.count() > 2)
    })
  }

  test('an update, repeated more often than its attempts are limited, does not fail it: the server is stopped', async (context) => {
    const url = await server!.newDatabase()
    const { outage: kill, isBack } = killing(server!)
    const outage = firstCalls(4, kill)
    await performDuring(await openApp(context, url), 'update', outage)
    await isBack()
    assert.ok(outage.count() > 4)
  })
})
