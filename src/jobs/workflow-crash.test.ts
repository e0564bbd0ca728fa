/**
 * The process is killed at each change that an update, a copy, a deletion and the garbage collection make to the stores; another resumes.
 * What was acknowledged happens once and completely. Unreferenced blobs are removed, and no other.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { ImportApp } from '../app.ts'
import { killAtSteps } from '../fixtures/kill-at-steps.ts'
import { gzipAround } from '../imaging/documents/metadata-document.ts'
import { collectGarbage } from '../maintenance/collect-garbage.ts'
import { differencesIn } from '../maintenance/verify/verify.fixture.ts'
import { readAll } from '../stores/blobs/blob-store.ts'
import { copyOf, updateOf } from '../stores/catalog/conformance/workflow.fixture.ts'
import {
  appIn,
  imageSetIdsOf,
  importInstances,
  instanceOf,
  newDataFolder,
  sopOf,
} from './imported-instances.fixture.ts'
import { startWorkflowWorker } from './workflow-worker.ts'

const HOUR_MS = 3_600_000
const UPDATED = [1, 2].map((number) => ({ series: 1, number }))
const COPIED = [1, 2].map((number) => ({ series: 2, number }))
const DELETED = [1, 2].map((number) => ({ study: 2, series: 1, number }))

interface BegunWorkflows {
  readonly folder: string
  readonly datastoreId: string
  readonly updated: string
  readonly copied: string
  readonly copy: string
  readonly deleted: string
}

/** Three jobs, so that the image set that is deleted shares no blob. */
async function beginAll(context: TestContext, folder: string): Promise<BegunWorkflows> {
  const app = await appIn(context, folder)
  const datastoreId = await importInstances(app, UPDATED)
  await importInstances(app, COPIED, datastoreId)
  await importInstances(app, DELETED, datastoreId)
  const ids = await imageSetIdsOf(app, datastoreId)
  const [updated, copied, deleted] = ['2.25.1.1', '2.25.1.2', '2.25.2.1'].map((series) => ids.get(series)!) as [
    string,
    string,
    string,
  ]
  const attributes = { SchemaVersion: 1.1, Patient: { DICOM: { PatientName: 'ROE^RICHARD' } } }
  const updatableAttributes = Buffer.from(JSON.stringify(attributes)).toString('base64')
  const begin = async (request: Parameters<ImportApp['catalog']['workflows']['begin']>[0]['request']) => {
    const begun = await app.catalog.workflows.begin({ datastoreId, request, at: Date.now() })
    assert.equal(begun.outcome, 'begun')
    return begun.outcome === 'begun' ? begun.imageSets : []
  }
  await begin(updateOf(updated, 1, { update: { removableAttributes: undefined, updatableAttributes } }))
  const [created] = await begin(copyOf(copied, 1, { sopInstanceUIDs: [sopOf(COPIED[0]!)] }))
  await begin({ operation: 'DeleteImageSet', imageSetId: deleted })
  await app.catalog.close()
  return { folder, datastoreId, updated, copied, copy: created!.imageSetId, deleted }
}

async function runUntilExit({ folder, ...begun }: BegunWorkflows, step: number): Promise<'killed' | 'done'> {
  const ids = [begun.updated, begun.copied, begun.copy, begun.deleted]
  const args = [join(import.meta.dirname, 'workflow-crash.fixture.ts'), folder, `${step}`, ...ids]
  const child = spawn(process.execPath, args, { stdio: 'inherit' })
  const [code, signal] = await once(child, 'exit')
  if (signal === 'SIGKILL') return 'killed'
  assert.equal(code, 0)
  return 'done'
}

async function finish(context: TestContext, { folder, datastoreId, ...begun }: BegunWorkflows): Promise<ImportApp> {
  // An hour later: the lease of the killed process has expired, and the grace period of unreferenced blobs is over.
  const app = await appIn(context, folder, { clock: () => Date.now() + HOUR_MS })
  const worker = startWorkflowWorker(app)
  for (const imageSetId of [begun.updated, begun.copy, begun.deleted]) {
    const isLocked = async () =>
      (await app.catalog.imageSets.get({ datastoreId, imageSetId, deletedSince: 0 }))?.imageSetState === 'LOCKED'
    while (await isLocked()) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await worker.stop()
  await collectGarbage({ ...app, clock: () => Date.now() + 2 * HOUR_MS })
  return app
}

async function assertComplete(
  app: ImportApp,
  { datastoreId, updated, copied, copy, deleted }: BegunWorkflows,
): Promise<void> {
  const status = async (imageSetId: string) =>
    (await app.catalog.imageSets.get({ datastoreId, imageSetId, deletedSince: 0 }))?.workflowStatus
  assert.deepEqual(await Promise.all([updated, copied, copy, deleted].map(status)), [
    'UPDATED',
    'COPIED',
    'COPIED',
    'DELETED',
  ])
  const held = { updated, copied, copy }
  const expected = {
    updated: { versions: ['DOE^JANE', 'ROE^RICHARD'], instances: UPDATED },
    copied: { versions: ['DOE^JANE'], instances: COPIED },
    copy: { versions: ['DOE^JANE'], instances: COPIED.slice(0, 1) },
  }
  for (const name of ['updated', 'copied', 'copy'] as const) {
    const { versions, instances } = expected[name]
    for (const [at, patientName] of versions.entries()) {
      const version = { datastoreId, imageSetId: held[name], version: at + 1 }
      const { Patient, Study } = await documentOf(app, version)
      assert.equal(Patient.DICOM.PatientName, patientName)
      const uids = Object.values(Study.Series).flatMap((series) => Object.keys(series.Instances))
      assert.deepEqual(uids.sort(), instances.map(sopOf).sort())
      const parts = await app.catalog.imageSets.instanceRecords(version)
      const files = await Promise.all(parts.map((part) => bytesOf(app, part)))
      assert.deepEqual(sorted(files), sorted(instances.map(instanceOf)))
    }
  }
  assert.deepEqual(await app.catalog.imageSets.instanceRecords({ datastoreId, imageSetId: deleted, version: 1 }), [])
  assert.deepEqual(await differencesIn(app), [])
  assert.deepEqual(await app.catalog.blobs.listUnreferenced({ before: Number.MAX_SAFE_INTEGER, now: 0, limit: 10 }), [])
  for await (const { key } of app.blobs.list('')) {
    assert.equal((await app.catalog.blobs.get([key])).length, 1, 'every blob is recorded')
  }
}

const sorted = (all: readonly Uint8Array[]) => all.map((bytes) => Buffer.from(bytes).toString('hex')).sort()

async function bytesOf(
  { blobs }: ImportApp,
  { blobKey, offsetBytes, sizeBytes }: { blobKey: string; offsetBytes: number; sizeBytes: number },
): Promise<Uint8Array> {
  return readAll((await blobs.open(blobKey, { start: offsetBytes, length: sizeBytes }))!)
}

async function documentOf(
  app: ImportApp,
  version: { datastoreId: string; imageSetId: string; version: number },
): Promise<{
  Patient: { DICOM: { PatientName: string } }
  Study: { Series: Record<string, { Instances: object }> }
}> {
  const document = await app.catalog.imageSets.document(version)
  assert.ok(typeof document === 'object', 'every version has its document')
  const { before, after } = gzipAround({ DatastoreID: version.datastoreId, ImageSetID: version.imageSetId }, document)
  return JSON.parse(String(gunzipSync(Buffer.concat([before, await bytesOf(app, document), after]))))
}

test('workflows and garbage collection that are killed at any of their changes are resumed, and all data is complete', async (context) => {
  const first = await beginAll(context, await newDataFolder(context))
  const runAndCheck = async (step: number) => {
    const begun = { ...first, folder: await newDataFolder(context) }
    await cp(first.folder, begun.folder, { recursive: true })
    const outcome = await runUntilExit(begun, step)
    const app = await finish(context, begun)
    await assertComplete(app, begun)
    return outcome
  }
  // Three claims, two blobs put, two completions and one of a deletion, two blobs removed and purged; before and after each.
  await killAtSteps(runAndCheck, { stepsMin: 22 })
})
