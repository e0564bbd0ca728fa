/** A backup in a process that is killed at a call of its stores: an earlier or the new backup can be restored, and the next one completes. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { killAtSteps } from '../../fixtures/kill-at-steps.ts'
import { appIn, importInstances, newDataFolder } from '../../jobs/imported-instances.fixture.ts'
import { openDiskBlobs } from '../../stores/blobs/disk/disk-blobs.ts'
import { differencesIn } from '../verify/verify.fixture.ts'
import { backUp, newPlace, restored, rowsOf } from './backup.fixture.ts'
import { listManifests } from './kept-files.ts'

const HOUR_MS = 3_600_000

async function runUntilKilled(words: readonly string[]): Promise<'killed' | 'done'> {
  const args = [join(import.meta.dirname, 'backup-crash.fixture.ts'), ...words]
  const [code, signal] = await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit')
  if (signal === 'SIGKILL') return 'killed'
  assert.equal(code, 0)
  return 'done'
}

test('a backup that is killed at any call leaves a complete backup, and the next one ends', async (context) => {
  const [first, firstPlace] = [await newDataFolder(context), await newPlace()]
  const importing = await appIn(context, first)
  const datastoreId = await importInstances(importing, [{ series: 1, number: 1 }])
  await backUp(importing, firstPlace.place)
  const before = await rowsOf(importing)
  await importInstances(importing, [{ series: 2, number: 1 }], datastoreId)
  const after = await rowsOf(importing)
  await importing.catalog.close()
  const runAndCheck = async (step: number) => {
    const [dataFolder, { folder }] = [await newDataFolder(context), await newPlace()]
    await cp(first, dataFolder, { recursive: true })
    await cp(firstPlace.folder, folder, { recursive: true })
    const outcome = await runUntilKilled([dataFolder, folder, `${step}`])
    const place = await openDiskBlobs(folder)
    const latest = await restored(context, place)
    const rows = JSON.stringify(await rowsOf(latest))
    assert.ok(
      [before, after].some((state) => JSON.stringify(state) === rows),
      `killed at ${step}`,
    )
    assert.deepEqual(await differencesIn(latest), [], `killed at ${step}`)
    const app = await appIn(context, dataFolder)
    // When the lease of the killed one has expired.
    const report = await backUp({ ...app, clock: () => Date.now() + HOUR_MS }, place, { keep: 1 })
    assert.equal(report.faultCount, 0)
    assert.deepEqual(
      (await listManifests(place)).map(({ backupId }) => backupId),
      [report.backupId],
    )
    const again = await restored(context, place)
    assert.deepEqual(await rowsOf(again), after)
    assert.deepEqual(await differencesIn(again), [], `killed at ${step}`)
    await app.catalog.close()
    return outcome
  }
  await killAtSteps(runAndCheck, { stepsMin: 40 })
})
