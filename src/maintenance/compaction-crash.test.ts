/** Compaction in a process that is killed at a call of its stores: used bytes stay readable, and another process completes the work. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { killAtSteps } from '../fixtures/kill-at-steps.ts'
import { appIn, newDataFolder } from '../jobs/imported-instances.fixture.ts'
import { appOver } from '../jobs/workflows.fixture.ts'
import { collectGarbage } from './collect-garbage.ts'
import { compactBlobs } from './compact-blobs.ts'
import { deleteImageSet, everythingOf, importPatients, later, tracesOf } from './compaction.fixture.ts'
import { differencesIn } from './verify/verify.fixture.ts'

async function runUntilKilled(folder: string, step: number): Promise<'killed' | 'done'> {
  const args = [join(import.meta.dirname, 'compaction-crash.fixture.ts'), folder, `${step}`]
  const [code, signal] = await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit')
  if (signal === 'SIGKILL') return 'killed'
  assert.equal(code, 0)
  return 'done'
}

test('a compaction that is killed at any call loses no used bytes, and no deleted bytes remain', async (context) => {
  const first = await newDataFolder(context)
  const importing = appOver(await appIn(context, first))
  // One instance of three frames with a frame table for each patient: one blob of files, one of documents.
  const [one, deleted, two] = await importPatients(importing, ['KEPT^ONE', 'DELETED^PATIENT', 'KEPT^TWO'], {
    numbers: [1],
  })
  const ofDeleted = await everythingOf(importing, deleted!)
  const before = await Promise.all([one!, two!].map((each) => everythingOf(importing, each)))
  await deleteImageSet(importing, deleted!)
  await importing.catalog.close()
  const runAndCheck = async (step: number) => {
    const folder = await newDataFolder(context)
    await cp(first, folder, { recursive: true })
    const outcome = await runUntilKilled(folder, step)
    const app = appOver(await appIn(context, folder))
    const read = () => Promise.all([one!, two!].map((each) => everythingOf(app, each)))
    assert.deepEqual(await read(), before, `killed at ${step}`)
    assert.deepEqual(await differencesIn(app), [], `killed at ${step}`)
    if (outcome === 'killed') {
      await compactBlobs(later(app, 2))
      await collectGarbage(later(app, 4))
    }
    assert.deepEqual(await tracesOf(app, ofDeleted), [], `killed at ${step}`)
    assert.deepEqual(await read(), before, `killed at ${step}`)
    assert.deepEqual(await differencesIn(app), [], `killed at ${step}`)
    for await (const { key } of app.blobs.list('')) assert.equal((await app.catalog.blobs.get([key])).length, 1, key)
    await app.catalog.close()
    return outcome
  }
  // Two blobs, each claimed, its ranges listed, reserved, read, written and moved; one has a frame table; two are removed and marked as purged.
  await killAtSteps(runAndCheck, { stepsMin: 32 })
})
