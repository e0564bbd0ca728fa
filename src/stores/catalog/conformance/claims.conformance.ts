/** Conformance of a catalog: which import job or workflow a worker claims next, and the leases of workers that died. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenCatalog } from './catalog.conformance.ts'
import { AT, createDatastore, idOf, startJob } from './catalog.fixture.ts'
import { begin, claim, updateOf, withImageSet } from './workflow.fixture.ts'

export function testClaims(open: OpenCatalog): void {
  test('the jobs of workers that died can be claimed at once, as another attempt, and others cannot', async (context) => {
    const catalog = await open(context)
    const { importJobs } = catalog
    const datastoreId = await createDatastore(catalog)
    const [dead, deadToo, alive] = [idOf('dead'), idOf('dead too'), idOf('alive')]
    for (const [name, owner] of [
      ['first', `${dead}-1`],
      ['second', `${dead}-2`],
      ['third', deadToo],
      ['fourth', `${alive}-1`],
    ] as const) {
      await startJob(catalog, { datastoreId, name, owner })
    }
    await importJobs.expireLeases([], AT + 1)
    await importJobs.expireLeases([idOf('unknown'), dead, deadToo], AT + 1)
    const claimed: unknown[] = []
    for (;;) {
      const job = await importJobs.claim({ owner: 'w', now: AT + 1, leaseUntil: AT + 100 })
      if (job === undefined) break
      claimed.push([job.jobName, job.attempt])
    }
    assert.deepEqual(claimed, [
      ['first', 2],
      ['second', 2],
      ['third', 2],
    ])
  })

  test('the workflow of a worker that died can be claimed at once, as another attempt', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    await begin(catalog, datastoreId, updateOf(imageSetId, 1))
    await claim(catalog, `${idOf('dead')}-1`)
    const next = { owner: 'next', now: AT + 1_001, leaseUntil: AT + 2_000 }
    await catalog.workflows.expireLeases([idOf('another')], AT + 1_001)
    assert.equal(await catalog.workflows.claim(next), undefined)
    await catalog.workflows.expireLeases([idOf('dead')], AT + 1_001)
    assert.equal((await catalog.workflows.claim(next))?.attempt, 2)
  })
}
