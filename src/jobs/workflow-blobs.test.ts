/** Blobs of workflows: kept while a version uses them, even if a later workflow has the same number, and removed if the workflow failed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ImportApp } from '../app.ts'
import { differencesIn } from '../maintenance/verify/verify.fixture.ts'
import { copyOf, updateOf } from '../stores/catalog/conformance/workflow.fixture.ts'
import type { WorkflowRequest } from '../stores/catalog/workflow-repository.ts'
import { appIn, imageSetIdsOf, importInstances, newDataFolder } from './imported-instances.fixture.ts'
import { startWorkflowWorker } from './workflow-worker.ts'

/** Runs a workflow to its end. @returns the statuses of the image sets that it changes */
async function run(app: ImportApp, datastoreId: string, request: WorkflowRequest): Promise<string[]> {
  const begun = await app.catalog.workflows.begin({ datastoreId, request, at: app.clock() })
  assert.equal(begun.outcome, 'begun')
  const worker = startWorkflowWorker(app)
  const statuses: string[] = []
  for (const { imageSetId } of begun.outcome === 'begun' ? begun.imageSets : []) {
    let found = await app.catalog.imageSets.get({ datastoreId, imageSetId, deletedSince: 0 })
    while (found?.imageSetState === 'LOCKED') {
      await new Promise((resolve) => setTimeout(resolve, 5))
      found = await app.catalog.imageSets.get({ datastoreId, imageSetId, deletedSince: 0 })
    }
    statuses.push(found!.workflowStatus)
  }
  await worker.stop()
  return statuses
}

const renamed = (imageSetId: string, version: number) => {
  const attributes = { SchemaVersion: 1.1, Patient: { DICOM: { PatientName: 'ROE^RICHARD' } } }
  const updatableAttributes = Buffer.from(JSON.stringify(attributes)).toString('base64')
  return updateOf(imageSetId, version, { update: { removableAttributes: undefined, updatableAttributes } })
}

test('a workflow that fails removes no blob of an earlier workflow with the same number', async (context) => {
  const app = await appIn(context, await newDataFolder(context))
  const datastoreId = await importInstances(app, [
    { series: 1, number: 1 },
    { series: 2, number: 1 },
  ])
  const ids = await imageSetIdsOf(app, datastoreId)
  const [first, second] = [ids.get('2.25.1.1')!, ids.get('2.25.1.2')!]
  assert.deepEqual(await run(app, datastoreId, renamed(first, 1)), ['UPDATED'])
  const into = copyOf(first, 2, { destination: { imageSetId: second, version: 1 } })
  assert.ok((await run(app, datastoreId, into)).includes('COPY_FAILED'))
  assert.deepEqual(await differencesIn(app), [])
})
