/** Conformance of a catalog: import jobs: submission, leases, recorded files and reports. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isStoring, LeaseLost } from '../import-job-repository.ts'
import type { OpenCatalog } from './catalog.conformance.ts'
import {
  AT,
  collected,
  createDatastore,
  datastoreNamed,
  documentsOf,
  failedFile,
  idOf,
  jobNamed,
  publishAll,
  record,
  skippedFile,
  startJob,
  storedFile,
  tokenOf,
} from './catalog.fixture.ts'

const COMPLETED = { jobStatus: 'COMPLETED', message: undefined, endedAt: AT + 1_000 } as const

export function testImportJobs(open: OpenCatalog): void {
  test('get returns what was submitted, only in its data store', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const other = await createDatastore(catalog, 'other')
    const importConfiguration = {
      dicomJsonMetadataImportConfiguration: {
        dicomMetadataMappings: [{ studyInstanceUID: '1.2', metadataFilePath: 'a.json' }],
      },
    }
    for (const job of [
      jobNamed('bare', { datastoreId, jobName: undefined }),
      jobNamed('full', { datastoreId, importConfiguration }),
    ]) {
      const submitted = await catalog.importJobs.submit({ job, token: tokenOf(job.jobId) })
      assert.deepEqual(submitted, { outcome: 'submitted', job })
      assert.deepEqual(await catalog.importJobs.get(job), job)
      assert.equal(await catalog.importJobs.get({ jobId: job.jobId, datastoreId: other }), undefined)
    }
  })

  test('a token identifies one request of one data store', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const other = await createDatastore(catalog, 'other')
    const job = jobNamed('first', { datastoreId })
    await catalog.importJobs.submit({ job, token: tokenOf('t') })
    const second = jobNamed('second', { datastoreId })
    assert.deepEqual(await catalog.importJobs.submit({ job: second, token: tokenOf('t') }), {
      outcome: 'repeated',
      job,
    })
    const token = tokenOf('t', { fingerprint: 'another request' })
    assert.deepEqual(await catalog.importJobs.submit({ job: second, token }), { outcome: 'token-conflict' })
    const elsewhere = jobNamed('elsewhere', { datastoreId: other })
    assert.equal((await catalog.importJobs.submit({ job: elsewhere, token: tokenOf('t') })).outcome, 'submitted')
  })

  test('a job needs an ACTIVE data store and must be within the quota of running jobs', async (context) => {
    const catalog = await open(context)
    const submit = async (name: string, datastoreId: string) =>
      (await catalog.importJobs.submit({ job: jobNamed(name, { datastoreId }), token: tokenOf(name), runningMax: 1 }))
        .outcome
    assert.equal(await submit('a', '0'.repeat(32)), 'datastore-absent')
    await catalog.datastores.create({ datastore: datastoreNamed('new'), tags: {}, token: tokenOf('new') })
    assert.equal(await submit('b', datastoreNamed('new').datastoreId), 'datastore-not-active')
    const datastoreId = await createDatastore(catalog)
    assert.equal(await submit('c', datastoreId), 'submitted')
    assert.equal(await submit('d', datastoreId), 'too-many')
    assert.equal(await submit('c', datastoreId), 'repeated')
    assert.equal(await submit('e', await createDatastore(catalog, 'other')), 'submitted')
    await catalog.importJobs.claim({ owner: 'w', now: AT, leaseUntil: AT + 1 })
    await catalog.importJobs.finish({ jobId: jobNamed('c', { datastoreId }).jobId, owner: 'w' }, COMPLETED)
    assert.equal(await submit('d', datastoreId), 'submitted')
  })

  test('a list is newest first, filtered by data store, status and time, in pages', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const other = await createDatastore(catalog, 'other')
    for (const [index, name] of ['a', 'b', 'c', 'd', 'e'].entries()) {
      const job = jobNamed(name, { datastoreId, submittedAt: AT + Math.floor(index / 2) })
      await catalog.importJobs.submit({ job, token: tokenOf(name) })
    }
    await catalog.importJobs.submit({ job: jobNamed('x', { datastoreId: other }), token: tokenOf('x') })
    const all = { datastoreId, status: undefined, submittedSince: 0, after: undefined, limit: 100 }
    const names = async (request = {}) =>
      (await catalog.importJobs.list({ ...all, ...request })).map((job) => job.jobName)
    assert.deepEqual(await names(), ['e', 'd', 'c', 'b', 'a'])
    assert.deepEqual(await names({ submittedSince: AT + 1 }), ['e', 'd', 'c'])
    await catalog.importJobs.claim({ owner: 'w', now: AT, leaseUntil: AT + 1 })
    assert.deepEqual(await names({ status: 'IN_PROGRESS' }), ['a'])
    assert.deepEqual(await names({ datastoreId: '0'.repeat(32) }), [])
    const first = await catalog.importJobs.list({ ...all, limit: 2 })
    const second = await catalog.importJobs.list({ ...all, limit: 2, after: first[1] })
    assert.deepEqual(
      second.map((job) => job.jobName),
      ['c', 'b'],
    )
  })

  test('a worker claims the oldest job without a valid lease', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    for (const [name, submittedAt] of [
      ['later', AT + 1],
      ['first', AT],
    ] as const) {
      await catalog.importJobs.submit({ job: jobNamed(name, { datastoreId, submittedAt }), token: tokenOf(name) })
    }
    const claim = async (owner: string, now: number) =>
      (await catalog.importJobs.claim({ owner, now, leaseUntil: now + 100 }))?.jobName
    assert.equal(await claim('a', AT), 'first')
    assert.equal(await claim('b', AT + 99), 'later')
    assert.equal(await claim('c', AT + 99), undefined)
    assert.equal(await claim('c', AT + 100), 'first')
    assert.equal(await claim('d', AT + 100), undefined)
  })

  test('a job with a renewed lease cannot be claimed; a released job can be claimed immediately', async (context) => {
    const catalog = await open(context)
    const lease = await startJob(catalog, { datastoreId: await createDatastore(catalog) })
    await catalog.importJobs.renew(lease, AT + 1_000_000)
    assert.equal(await catalog.importJobs.claim({ owner: 'b', now: AT + 999_999, leaseUntil: AT }), undefined)
    await catalog.importJobs.release(lease, AT)
    assert.ok(await catalog.importJobs.claim({ owner: 'b', now: AT, leaseUntil: AT + 1 }))
  })

  test('jobs that were never claimed, or released earlier, are claimed before a released job', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const { importJobs } = catalog
    for (const [name, submittedAt] of [
      ['first', AT],
      ['second', AT + 1],
      ['third', AT + 2],
    ] as const) {
      await importJobs.submit({ job: jobNamed(name, { datastoreId, submittedAt }), token: tokenOf(name) })
    }
    const claimAndRelease = async (now: number) => {
      const job = await importJobs.claim({ owner: 'worker', now, leaseUntil: now + 100 })
      await importJobs.release({ jobId: job!.jobId, owner: 'worker' }, now)
      return job!.jobName
    }
    const names: unknown[] = []
    for (let now = AT; now < AT + 5; now++) names.push(await claimAndRelease(now))
    assert.deepEqual(names, ['first', 'second', 'third', 'first', 'second'])
  })

  test('claims count as attempts until the job makes progress or is released', async (context) => {
    const catalog = await open(context)
    const { importJobs } = catalog
    const lease = await startJob(catalog, { datastoreId: await createDatastore(catalog) })
    let now = AT
    const attempt = async () => {
      now += 100_000
      return (await importJobs.claim({ owner: lease.owner, now, leaseUntil: now + 1 }))?.attempt
    }
    assert.deepEqual([await attempt(), await attempt()], [2, 3])
    await importJobs.renew(lease, now + 1)
    assert.equal(await attempt(), 4)
    await record(catalog, lease, [storedFile('a')])
    assert.deepEqual([await attempt(), await attempt()], [1, 2])
    await publishAll(catalog, lease, AT)
    assert.equal(await attempt(), 1)
    await importJobs.release(lease, AT)
    assert.equal(await attempt(), 1)
  })

  test('a worker that lost its lease gets LeaseLost from every method, without effect', async (context) => {
    const catalog = await open(context)
    const { importJobs } = catalog
    const lease = await startJob(catalog, { datastoreId: await createDatastore(catalog) })
    await record(catalog, lease, [storedFile('a')])
    const [group] = await importJobs.unpublishedGroups(lease.jobId, 1)
    const successor = { jobId: lease.jobId, owner: 'successor' }
    assert.ok(await importJobs.claim({ owner: 'successor', now: AT + 30_000, leaseUntil: AT + 60_000 }))
    await assert.rejects(importJobs.renew(lease, AT + 90_000), LeaseLost)
    await assert.rejects(importJobs.release(lease, AT), LeaseLost)
    await assert.rejects(importJobs.setFilesFound(lease, 7), LeaseLost)
    await assert.rejects(record(catalog, lease, [storedFile('b')]), LeaseLost)
    const [documents] = await documentsOf(catalog, successor, [group!])
    await assert.rejects(importJobs.publish(lease, [group!], AT, documents!), LeaseLost)
    await assert.rejects(importJobs.finish(lease, COMPLETED), LeaseLost)
    assert.equal(await importJobs.lastRecordedKey(lease.jobId), 'a')
    assert.equal((await publishAll(catalog, successor, AT)).length, 1)
    await importJobs.finish(successor, COMPLETED)
    await assert.rejects(importJobs.renew(successor, AT), LeaseLost)
  })

  test('recordedKeys returns recorded keys, including failed files, of the job only', async (context) => {
    const catalog = await open(context)
    const { importJobs } = catalog
    const datastoreId = await createDatastore(catalog)
    const lease = await startJob(catalog, { datastoreId })
    const failed = { outcome: 'failed', exceptionType: 'ValidationException', message: 'no' } as const
    await record(catalog, lease, [storedFile('a'), { ...failed, key: 'b' }])
    assert.deepEqual((await importJobs.recordedKeys(lease.jobId, ['c', 'b', 'a', 'b'])).toSorted(), ['a', 'b'])
    assert.deepEqual(await importJobs.recordedKeys(lease.jobId, []), [])
    const other = await startJob(catalog, { datastoreId, name: 'other' })
    assert.deepEqual(await importJobs.recordedKeys(other.jobId, ['a', 'b']), [])
  })

  test('a running job counts files, and an ended job has its status and message', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const lease = await startJob(catalog, { datastoreId })
    await catalog.importJobs.setFilesFound(lease, 3)
    await record(catalog, lease, [storedFile('a'), failedFile('b')])
    await record(catalog, lease, [{ outcome: 'skipped', key: 'c', message: 'a DICOMDIR' }])
    const during = await catalog.importJobs.get({ datastoreId, jobId: lease.jobId })
    assert.deepEqual([during?.jobStatus, during?.filesDone, during?.filesFound], ['IN_PROGRESS', 3, 3])
    assert.deepEqual([during?.filesFailed, during?.filesSkipped], [1, 1])
    await catalog.importJobs.finish(lease, { jobStatus: 'FAILED', message: 'no output bucket', endedAt: AT + 5 })
    const ended = await catalog.importJobs.get({ datastoreId, jobId: lease.jobId })
    assert.deepEqual(
      [ended?.jobStatus, ended?.message, ended?.endedAt, ended?.filesDone],
      ['FAILED', 'no output bucket', AT + 5, 3],
    )
    assert.equal(await catalog.importJobs.claim({ owner: 'b', now: AT + 1e9, leaseUntil: AT + 2e9 }), undefined)
  })

  test('the last recorded key is the greatest in byte order', async (context) => {
    const catalog = await open(context)
    const lease = await startJob(catalog, { datastoreId: await createDatastore(catalog) })
    assert.equal(await catalog.importJobs.lastRecordedKey(lease.jobId), undefined)
    await record(
      catalog,
      lease,
      ['a', '\uff61', '\u{1f600}'].map((key) => storedFile(key)),
    )
    assert.equal(await catalog.importJobs.lastRecordedKey(lease.jobId), '\u{1f600}')
  })

  test('a batch is recorded as a whole or not at all', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const lease = await startJob(catalog, { datastoreId })
    await record(catalog, lease, [storedFile('b')])
    await assert.rejects(record(catalog, lease, [storedFile('a'), storedFile('b')]))
    assert.equal((await catalog.importJobs.get({ datastoreId, jobId: lease.jobId }))?.filesDone, 1)
    assert.deepEqual((await collected(catalog.importJobs.reportLines(lease.jobId))).length, 0)
  })

  test('unpublished groups are listed in the order of their first keys', async (context) => {
    const catalog = await open(context)
    const lease = await startJob(catalog, { datastoreId: await createDatastore(catalog) })
    const keys = Array.from({ length: 300 }, (_, index) => `k${String(index).padStart(3, '0')}`)
    const series = (index: number) => `1.2.3.${(index * 7) % 150}`
    await record(
      catalog,
      lease,
      keys.map((key, index) => storedFile(key, { series: series(index) })),
    )
    const expected = Array.from({ length: 150 }, (_, index) => series(index))
    const waiting = await catalog.importJobs.unpublishedGroups(lease.jobId, 1_000)
    assert.deepEqual(
      waiting.map((group) => group.elements.SeriesInstanceUID),
      expected,
    )
    assert.deepEqual(waiting[0]?.elements, storedFile('k000', { series: series(0) }).grouping)
    const [documents] = await documentsOf(catalog, lease, waiting)
    await catalog.importJobs.publish(lease, [waiting[1]!], AT, documents!)
    const rest = await catalog.importJobs.unpublishedGroups(lease.jobId, 3)
    assert.deepEqual(
      rest.map((group) => group.elements.SeriesInstanceUID),
      [expected[0], expected[2], expected[3]],
    )
  })

  test('the report has every file once, sorted by key, and is empty after the job has ended', async (context) => {
    const catalog = await open(context)
    const lease = await startJob(catalog, { datastoreId: await createDatastore(catalog) })
    const warnings = [{ warning_reason_code: 45330, type: 'InvalidOffsetTable', message: 'invalid offset table' }]
    // More than one page, and batches that use statements of every size.
    const files = Array.from({ length: 2_345 }, (_, index) => {
      const key = `k${String(index).padStart(5, '0')}`
      if (index % 10 === 7) return skippedFile(key)
      return index % 10 === 3
        ? failedFile(key)
        : storedFile(key, { series: `1.2.${index % 3}`, warnings: index === 5 ? warnings : [] })
    })
    for (let start = 0; start < files.length; start += 500) {
      await record(catalog, lease, files.slice(start, start + 500))
    }
    const generated = await publishAll(catalog, lease, AT)
    assert.deepEqual(await collected(catalog.importJobs.generatedImageSets(lease.jobId)), generated)
    const lines = await collected(catalog.importJobs.reportLines(lease.jobId))
    const expected = files.map((file, index) => {
      if (file.outcome !== 'stored') return file
      const { numberOfMatchedSOPInstances: _, ...imageSet } = generated[index % 3]!
      return { outcome: 'stored', key: file.key, imageSet, warnings: file.warnings }
    })
    assert.deepEqual(lines, expected)

    await catalog.importJobs.finish(lease, COMPLETED)
    assert.deepEqual(await collected(catalog.importJobs.reportLines(lease.jobId)), [])
    assert.deepEqual(await collected(catalog.importJobs.generatedImageSets(lease.jobId)), [])
    assert.equal(await catalog.importJobs.lastRecordedKey(lease.jobId), undefined)
  })

  test('a job of store requests is claimed from its beginning, and no operation on import jobs sees it', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const lease = { jobId: idOf('storing'), owner: 'server' }
    const begin = { lease, datastoreId, at: AT, leaseUntil: AT + 100 }
    assert.equal(await catalog.importJobs.beginStoring(begin), 'begun')
    assert.equal(await catalog.importJobs.get({ datastoreId, jobId: lease.jobId }), undefined)
    const all = { datastoreId, status: undefined, submittedSince: 0, after: undefined, limit: 10 }
    assert.deepEqual(await catalog.importJobs.list(all), [])
    const another = jobNamed('another', { datastoreId })
    const submitted = await catalog.importJobs.submit({ job: another, token: tokenOf('t'), runningMax: 1 })
    assert.equal(submitted.outcome, 'submitted', 'it is not one of the running jobs')
    assert.equal((await catalog.statistics()).importJobs.length, 1)

    await record(catalog, lease, [storedFile('1')])
    assert.equal((await publishAll(catalog, lease, AT)).length, 1)
    const claim = (now: number) => catalog.importJobs.claim({ owner: 'worker', now, leaseUntil: now + 100 })
    assert.equal((await claim(AT))?.jobId, another.jobId)
    assert.equal(await claim(AT + 99), undefined)
    const left = await claim(AT + 150)
    assert.ok(left !== undefined)
    const storing = left.jobId === lease.jobId ? left : await claim(AT + 150)
    assert.deepEqual([storing?.jobId, isStoring(storing!), isStoring(another)], [lease.jobId, true, false])
    await assert.rejects(catalog.importJobs.renew(lease, AT + 500), LeaseLost)
  })

  test('store requests begin in an active data store only, and end when it is deleted', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const beginIn = (name: string, of: string) =>
      catalog.importJobs.beginStoring({
        ...{ lease: { jobId: idOf(name), owner: 'server' }, datastoreId: of, at: AT, leaseUntil: AT + 100 },
      })
    assert.equal(await beginIn('nowhere', idOf('none')), 'datastore-absent')
    assert.equal(await beginIn('first', datastoreId), 'begun')
    const lease = { jobId: idOf('first'), owner: 'server' }
    await record(catalog, lease, [storedFile('1')])
    // It does not hold up the deletion, as an import job would.
    assert.equal(await catalog.datastores.beginDelete(datastoreId, AT), 'deleting')
    await assert.rejects(record(catalog, lease, [storedFile('2')]), LeaseLost)
    assert.equal(await beginIn('second', datastoreId), 'datastore-not-active')
  })
}
