/** Conformance of a catalog: backups and scheduled verifications, and what garbage collection does meanwhile. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MaintenanceLeaseLost } from '../maintenance-repository.ts'
import type { OpenCatalog } from './catalog.conformance.ts'
import { AT } from './catalog.fixture.ts'
import { begin as beginWorkflow, claim, withImageSet } from './workflow.fixture.ts'

export function testMaintenance(open: OpenCatalog): void {
  test('one run of a kind at a time, until it ends or its lease expires', async (context) => {
    const { maintenance } = await open(context)
    const begin = (runId: string, at: number, kind: 'backup' | 'verification' = 'backup') =>
      maintenance.begin({ runId, kind, at, leaseUntil: at + 100 })
    assert.equal(await begin('a', 1_000), 'begun')
    assert.equal(await begin('b', 1_050), 'running')
    assert.equal(await begin('v', 1_050, 'verification'), 'begun')
    await maintenance.renew('a', { at: 1_060, leaseUntil: 1_150, report: { copied: 2 } })
    await maintenance.renew('a', { at: 1_070, leaseUntil: 1_200 })
    const [running] = await maintenance.list({ kind: 'backup', now: 1_080, limit: 1 })
    assert.deepEqual([running?.outcome, running?.report], ['running', { copied: 2 }])
    assert.equal(await begin('b', 1_150), 'running')
    assert.equal(await begin('b', 1_200), 'begun')
    await assert.rejects(maintenance.renew('a', { at: 1_210, leaseUntil: 1_300 }), MaintenanceLeaseLost)
    const end = { at: 1_210, outcome: 'succeeded', report: {} } as const
    await assert.rejects(maintenance.end('a', end), MaintenanceLeaseLost)
    await maintenance.end('b', { ...end, report: { blobs: 3 } })
    assert.equal(await begin('c', 1_220), 'begun')
    const runs = await maintenance.list({ kind: 'backup', now: 1_400, limit: 10 })
    assert.deepEqual(
      runs.map(({ runId, outcome, endedAt, report }) => ({ runId, outcome, endedAt, report })),
      [
        { runId: 'c', outcome: 'lost', endedAt: undefined, report: {} },
        { runId: 'b', outcome: 'succeeded', endedAt: 1_210, report: { blobs: 3 } },
        { runId: 'a', outcome: 'lost', endedAt: undefined, report: { copied: 2 } },
      ],
    )
    assert.equal((await maintenance.lastSuccess('backup'))?.runId, 'b')
    assert.equal(await maintenance.lastSuccess('verification'), undefined)
  })

  test('a run that is wanted now and then does not begin soon after the last', async (context) => {
    const { maintenance } = await open(context)
    const begin = (runId: string, at: number, notSince: number) =>
      maintenance.begin({ runId, kind: 'verification', at, leaseUntil: at + 100, notSince })
    assert.equal(await begin('a', 1_000, 0), 'begun')
    await maintenance.end('a', { at: 1_050, outcome: 'failed', report: {} })
    assert.equal(await begin('b', 2_000, 1_000), 'recent')
    assert.equal(await begin('b', 2_051, 1_051), 'begun')
  })

  test('old runs are removed, and the last success is kept', async (context) => {
    const { maintenance } = await open(context)
    for (let run = 0; run < 105; run++) {
      await maintenance.begin({ runId: `run ${run}`, kind: 'backup', at: run, leaseUntil: run + 1 })
      await maintenance.end(`run ${run}`, { at: run, outcome: run === 0 ? 'succeeded' : 'failed', report: {} })
    }
    assert.equal((await maintenance.list({ kind: 'backup', now: 0, limit: 1_000 })).length, 101)
    assert.equal((await maintenance.lastSuccess('backup'))?.runId, 'run 0')
  })

  test('no unreferenced blob is listed for removal while a backup runs', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    await beginWorkflow(catalog, datastoreId, { operation: 'DeleteImageSet', imageSetId })
    const { lease } = await claim(catalog)
    await catalog.workflows.completeDeletion(lease, AT + 2_000)
    const listed = async (now: number) =>
      (await catalog.blobs.listUnreferenced({ before: AT + 3_000, now, limit: 10 })).length
    assert.ok((await listed(5)) > 0)
    await catalog.maintenance.begin({ runId: 'a', kind: 'backup', at: 10, leaseUntil: 100 })
    assert.equal(await listed(99), 0)
    assert.ok((await listed(100)) > 0, 'its lease has expired')
    await catalog.maintenance.renew('a', { at: 99, leaseUntil: 200 })
    assert.equal(await listed(100), 0)
    await catalog.maintenance.end('a', { at: 101, outcome: 'failed', report: {} })
    assert.ok((await listed(102)) > 0)
  })
}
