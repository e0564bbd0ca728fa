/** Conformance of a catalog: which import job or workflow a worker claims next, and the leases of workers that died. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { runs } from '../../../fixtures/soak.ts'
import type { Catalog } from '../catalog.ts'
import type { OpenCatalog } from './catalog.conformance.ts'
import { AT, createDatastore, idOf, jobNamed, record, startJob, storedFile, tokenOf } from './catalog.fixture.ts'
import { ModelledJobs } from './claim-order.fixture.ts'
import { begin, claim, updateOf, withImageSet } from './workflow.fixture.ts'

const submit = async (catalog: Catalog, datastoreId: string, name: string, submittedAt = AT) => {
  const submitted = await catalog.importJobs.submit({
    job: jobNamed(name, { datastoreId, submittedAt }),
    token: tokenOf(name),
  })
  assert.equal(submitted.outcome, 'submitted')
}

export function testClaims(open: OpenCatalog): void {
  test('data stores take turns, and the jobs of each take turns in it', async (context) => {
    const catalog = await open(context)
    const { importJobs } = catalog
    const [one, other] = [await createDatastore(catalog, 'one'), await createDatastore(catalog, 'other')]
    for (const name of ['a1', 'a2', 'a3']) await submit(catalog, one, name)
    await submit(catalog, other, 'b1', AT + 1)
    const names: unknown[] = []
    for (let now = AT + 10; names.length < 8; now++) {
      const { jobId, jobName } = (await importJobs.claim({ owner: 'w', now, leaseUntil: now + 100 }))!
      names.push(jobName)
      await importJobs.endTurn({ jobId, owner: 'w' }, { at: now, turnState: '{}' })
    }
    assert.deepEqual(names, ['a1', 'b1', 'a2', 'b1', 'a3', 'b1', 'a1', 'b1'])
  })

  test('the data store with fewer claimed jobs comes first, even if its last turn was later', async (context) => {
    const catalog = await open(context)
    const { importJobs } = catalog
    const [one, other] = [await createDatastore(catalog, 'one'), await createDatastore(catalog, 'other')]
    for (const name of ['a1', 'a2']) await submit(catalog, one, name)
    for (const name of ['b1', 'b2']) await submit(catalog, other, name, AT + 1)
    const claimNext = async (now: number) =>
      (await importJobs.claim({ owner: 'w', now, leaseUntil: now + 100 }))?.jobName
    assert.deepEqual([await claimNext(AT + 10), await claimNext(AT + 11)], ['a1', 'b1'])
    await importJobs.finish(
      { jobId: idOf('b1'), owner: 'w' },
      { jobStatus: 'COMPLETED', message: undefined, endedAt: AT + 12 },
    )
    assert.equal(await claimNext(AT + 13), 'b2')
    assert.equal(await claimNext(AT + 14), 'a2')
  })

  test('a job whose turn has ended is IN_PROGRESS and comes behind those that were never claimed, even later ones', async (context) => {
    const catalog = await open(context)
    const { importJobs } = catalog
    const datastoreId = await createDatastore(catalog)
    const lease = await startJob(catalog, { datastoreId, name: 'first' })
    assert.equal(await importJobs.isOneWaiting(AT + 1), false)
    await importJobs.endTurn(lease, { at: AT + 1, turnState: '{"n":1}' })
    assert.equal(await importJobs.isOneWaiting(AT), false)
    assert.equal(await importJobs.isOneWaiting(AT + 1), true)
    assert.equal((await importJobs.get({ datastoreId, jobId: lease.jobId }))?.jobStatus, 'IN_PROGRESS')
    await submit(catalog, datastoreId, 'later', AT + 2)
    const claimNext = (now: number) => importJobs.claim({ owner: 'w', now, leaseUntil: now + 100 })
    assert.equal((await claimNext(AT + 3))?.jobName, 'later')
    const again = await claimNext(AT + 3)
    assert.deepEqual([again?.jobName, again?.turnState], ['first', '{"n":1}'])
    assert.equal(await importJobs.isOneWaiting(AT + 3), false)
  })

  test('a turn that ends is no attempt, and a worker that dies in its turn leaves no state', async (context) => {
    const catalog = await open(context)
    const { importJobs } = catalog
    const datastoreId = await createDatastore(catalog)
    let lease = await startJob(catalog, { datastoreId })
    let now = AT + 30_000
    const claimAgain = async () => {
      now += 100
      const { jobId, attempt, turnState } = (await importJobs.claim({ owner: 'w', now, leaseUntil: now + 10 }))!
      lease = { jobId, owner: 'w' }
      return [attempt, turnState]
    }
    assert.deepEqual(await claimAgain(), [2, undefined], 'the first worker died')
    await importJobs.endTurn(lease, { at: now, turnState: 'two' })
    assert.deepEqual(await claimAgain(), [2, 'two'])
    assert.deepEqual(await claimAgain(), [3, undefined], 'the second worker died')
    await record(catalog, lease, [storedFile('a')])
    await importJobs.endTurn(lease, { at: now, turnState: 'three' })
    assert.deepEqual(await claimAgain(), [1, 'three'])
    await importJobs.release(lease, now)
    assert.deepEqual(await claimAgain(), [1, undefined])
  })

  test('a released job can be claimed from the given time on', async (context) => {
    const catalog = await open(context)
    const { importJobs } = catalog
    const lease = await startJob(catalog, { datastoreId: await createDatastore(catalog) })
    await importJobs.release(lease, AT + 1_000)
    assert.equal(await importJobs.isOneWaiting(AT + 999), false)
    assert.equal(await importJobs.claim({ owner: 'w', now: AT + 999, leaseUntil: AT + 2_000 }), undefined)
    assert.ok(await importJobs.claim({ owner: 'w', now: AT + 1_000, leaseUntil: AT + 2_000 }))
  })

  test('several workers claim jobs of different data stores, and each job once', async (context) => {
    const catalog = await open(context)
    const stores = ['s1', 's2', 's3', 's4']
    for (const store of stores) {
      const datastoreId = await createDatastore(catalog, store)
      for (let n = 0; n < 4; n++) await submit(catalog, datastoreId, `${store} ${n}`)
    }
    const claimed: string[] = []
    const work = async (owner: string) => {
      for (let at = AT + 10; ; at++) {
        const job = await catalog.importJobs.claim({ owner, now: at, leaseUntil: AT + 1_000 })
        if (job === undefined) return
        claimed.push(job.jobName!)
      }
    }
    await Promise.all(['w1', 'w2', 'w3'].map(work))
    assert.deepEqual(
      claimed.toSorted(),
      stores.flatMap((store) => [0, 1, 2, 3].map((n) => `${store} ${n}`)),
    )
  })

  test('random submissions, claims, ends of turns, releases, deaths and ends are claimed as in the model', async (context) => {
    const catalog = await open(context)
    const { importJobs } = catalog
    const step = fc.record({
      act: fc.constantFrom(
        'submit',
        'submit',
        'claim',
        'claim',
        'claim',
        'end turn',
        'end turn',
        'release',
        'die',
        'finish',
      ),
      which: fc.nat(20),
      afterMs: fc.constantFrom(0, 1, 7, 60),
    })
    let history = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
        history += 1
        const stores = await Promise.all([1, 2, 3].map((n) => createDatastore(catalog, `store ${history} ${n}`)))
        const model = new ModelledJobs()
        // Later than all jobs of the histories before.
        let now = AT + history * 1_000_000
        for (const { act, which, afterMs } of steps) {
          now += afterMs
          if (act === 'submit') {
            const name = `job ${history} ${model.jobs.length}`
            model.submit(name, stores[which % 3]!, now)
            await submit(catalog, stores[which % 3]!, name, now)
          } else if (act === 'claim') {
            assert.equal(await importJobs.isOneWaiting(now), model.isOneWaiting(now))
            const owner = idOf(`${history} ${now} ${which}`)
            const expected = model.claim(owner, now, now + 200)
            const claimed = await importJobs.claim({ owner, now, leaseUntil: now + 200 })
            assert.deepEqual(
              [claimed?.jobName, claimed?.attempt, claimed?.turnState],
              [expected?.name, expected?.attempts, expected?.turnState],
            )
          } else {
            const job = model.owned[which % Math.max(1, model.owned.length)]
            if (job === undefined) continue
            const lease = { jobId: idOf(job.name), owner: job.owner! }
            if (act === 'end turn') {
              model.endTurn(job, now, `${now}`)
              await importJobs.endTurn(lease, { at: now, turnState: `${now}` })
            } else if (act === 'release') {
              model.release(job, now + 20)
              await importJobs.release(lease, now + 20)
            } else if (act === 'die') {
              if (job.leaseUntil! > now) job.leaseUntil = now
              await importJobs.expireLeases([job.owner!], now)
            } else {
              model.finish(job)
              await importJobs.finish(lease, { jobStatus: 'COMPLETED', message: undefined, endedAt: now })
            }
          }
        }
        while (model.jobs.some(({ hasEnded }) => !hasEnded)) {
          now += 100
          const expected = model.claim('end', now, now + 1)!
          const claimed = await importJobs.claim({ owner: 'end', now, leaseUntil: now + 1 })
          assert.equal(claimed?.jobName, expected.name)
          model.finish(model.jobs.find(({ name }) => name === expected.name)!)
          const end = { jobStatus: 'COMPLETED', message: undefined, endedAt: now } as const
          await importJobs.finish({ jobId: idOf(expected.name), owner: 'end' }, end)
        }
      }),
      { seed: 20261128, numRuns: runs(12) },
    )
  })

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
    await importJobs.expireLeases('all', AT + 2)
    const after = { owner: 'w', now: AT + 2, leaseUntil: AT + 100 }
    assert.equal((await importJobs.claim(after))?.jobName, 'first')
    for (const name of ['second', 'third', 'fourth']) assert.equal((await importJobs.claim(after))?.jobName, name)
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
    await catalog.workflows.expireLeases('all', AT + 1_002)
    assert.equal((await catalog.workflows.claim({ ...next, now: AT + 1_002 }))?.attempt, 3)
  })
}
