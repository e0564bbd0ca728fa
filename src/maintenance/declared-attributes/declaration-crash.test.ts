/** A build and a removal in a process that is killed at a call of its catalog: searches are refused or right, and the next run completes it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { ImportApp } from '../../app.ts'
import { killAtSteps } from '../../fixtures/kill-at-steps.ts'
import { appIn, importInstances, newDataFolder } from '../../jobs/imported-instances.fixture.ts'
import { differencesIn } from '../verify/verify.fixture.ts'
import { removeDeclaration } from './build-declaration.ts'
import { found, makeSearchable } from './declared-attributes.fixture.ts'

const INSTANCES = Array.from({ length: 300 }, (_, series) => ({ series, number: series % 3 }))

async function runUntilKilled(...args: readonly string[]): Promise<'killed' | 'done'> {
  const program = join(import.meta.dirname, 'declaration-crash.fixture.ts')
  const [code, signal] = await once(spawn(process.execPath, [program, ...args], { stdio: 'inherit' }), 'exit')
  if (signal === 'SIGKILL') return 'killed'
  assert.equal(code, 0)
  return 'done'
}

/** @param check gets the app over the folder after each run */
async function killAtEachCall(
  context: TestContext,
  work: 'build' | 'remove',
  from: { readonly folder: string; readonly datastoreId: string },
  check: (app: ImportApp) => Promise<void>,
): Promise<void> {
  await killAtSteps(
    async (step) => {
      const folder = await newDataFolder(context)
      await cp(from.folder, folder, { recursive: true })
      const outcome = await runUntilKilled(work, folder, from.datastoreId, `${step}`)
      const app = await appIn(context, folder)
      assert.deepEqual(await differencesIn(app), [])
      await check(app)
      assert.deepEqual(await differencesIn(app), [])
      await app.catalog.close()
      return outcome
    },
    // Three batches, and the calls before and after.
    { stepsMin: 8 },
  )
}

test('a build that is killed at any call is resumed', async (context) => {
  const folder = await newDataFolder(context)
  const importing = await appIn(context, folder)
  const datastoreId = await importInstances(importing, INSTANCES)
  await importing.catalog.close()
  await killAtEachCall(context, 'build', { folder, datastoreId }, async (app) => {
    assert.deepEqual(await makeSearchable(app, datastoreId, 'StationName'), [])
    for (const station of ['s0', 's1', 's2']) {
      assert.equal((await found(app.catalog, datastoreId, 'StationName', station)).length, 100)
    }
  })
})

test('a removal that is killed at any call is resumed', async (context) => {
  const folder = await newDataFolder(context)
  const importing = await appIn(context, folder)
  const datastoreId = await importInstances(importing, INSTANCES)
  await makeSearchable(importing, datastoreId, 'StationName')
  await importing.catalog.close()
  await killAtEachCall(context, 'remove', { folder, datastoreId }, async (app) => {
    const declaration = await app.catalog.declaredAttributes.beginRemoval(datastoreId, 'StationName')
    if (declaration === undefined) return
    for await (const _ of removeDeclaration(app, { datastoreId, declaration }));
    assert.deepEqual(await app.catalog.declaredAttributes.list(datastoreId), [])
  })
})
