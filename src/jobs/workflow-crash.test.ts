/**
 * The process dies at every change that an update, a copy, a deletion and a sweep make to the stores; another goes on. What was
 * acknowledged happens, once and whole; what is free goes, and nothing that is used.
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
import { appIn, imageSetIdsOf, importInstances, instanceOf, newDataFolder, sopOf } from './imported.fixture.ts'
import { startWorkflowWorker } from './workflow-worker.ts'

const HOUR_MS = 3_600_000
const UPDATED = [1, 2].map((number) => ({ series: 1, number }))
const COPIED = [1, 2].map((number) => ({ series: 2, number }))
const DELETED = [1, 2].map((number) => ({ study: 2, series: 1, number }))

interface Begun {
  readonly folder: string
  readonly datastoreId: string
  readonly updated: string
  readonly copied: string
  readonly copy: string
  readonly deleted: string
}

/** Three jobs, so that the blobs of the one that is deleted are its own. */
async function beginAll(context: TestContext, folder: string): Promise<Begun> {
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

async function runUntilDead({ folder, ...begun }: Begun, step: number): Promise<'killed' | 'done'> {
  const ids = [begun.updated, begun.copied, begun.copy, begun.deleted]
  const args = [join(import.meta.dirname, 'workflow-crash.fixture.ts'), folder, `${step}`, ...ids]
  const child = spawn(process.execPath, args, { stdio: 'inherit' })
  const [code, signal] = await once(child, 'exit')
  if (signal === 'SIGKILL') return 'killed'
  assert.equal(code, 0)
  return 'done'
}

async function finish(context: TestContext, { folder, datastoreId, ...begun }: Begun): Promise<ImportApp> {
  // An hour on: whatever lease the dead process held has run out, and what became free has been so for long enough.
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

async function assertWhole(app: ImportApp, { datastoreId, updated, copied, copy, deleted }: Begun): Promise<void> {
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
      const parts = await app.catalog.imageSets.parts(version)
      const files = await Promise.all(parts.map((part) => bytesOf(app, part)))
      assert.deepEqual(sorted(files), sorted(instances.map(instanceOf)))
    }
  }
  assert.deepEqual(await app.catalog.imageSets.parts({ datastoreId, imageSetId: deleted, version: 1 }), [])
  assert.deepEqual(await differencesIn(app), [])
  assert.deepEqual(await app.catalog.blobs.free({ before: Number.MAX_SAFE_INTEGER, limit: 10 }), [])
  for await (const { key } of app.blobs.list('')) {
    assert.equal((await app.catalog.blobs.get([key])).length, 1, 'no blob is left that nobody knows')
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

test('workflows and sweeps that are killed at any of their changes are gone on with, and leave everything whole', async (context) => {
  const first = await beginAll(context, await newDataFolder(context))
  const runAndCheck = async (step: number) => {
    const begun = { ...first, folder: await newDataFolder(context) }
    await cp(first.folder, begun.folder, { recursive: true })
    const outcome = await runUntilDead(begun, step)
    const app = await finish(context, begun)
    await assertWhole(app, begun)
    return outcome
  }
  // Three claims, two blobs put, two ends and one of a deletion, two blobs removed and forgotten; before each and after it.
  await killAtSteps(runAndCheck, { stepsMin: 22 })
})
