/** An import thread keeps the memory that an import took; so it is replaced when it has been idle, and jobs go on in the new one. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { TemporarilyUnavailable } from '../contract/errors.ts'
import { DEFAULT_LIMITS } from '../default-limits.ts'
import { ExplicitVRLittleEndian, encodeP10 } from '../dicom/encode.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { submitJob, untilEnded } from '../ingest/import-job.fixture.ts'
import { startImportThreads } from './job-threads.ts'
import { openStores } from './open-stores.ts'

const SILENT = { debug() {}, info() {}, warn() {}, error() {} }

async function* bytesOf(file: Uint8Array) {
  yield file
}

test('a store request is stored while its import thread is replaced, and is refused for a while where the thread dies', async (t) => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'hilum-store-threads-'))
  removeAtExit(dataFolder)
  const started: Worker[] = []
  const onWorker = (worker: Worker) => started.push(worker)
  process.on('worker', onWorker)
  t.after(() => process.off('worker', onWorker))
  const limits = { ...DEFAULT_LIMITS, importThreadIdleMs: 20, storeJobIdleMs: 10, importLeaseMs: 1_000 }
  const places = { dataFolder, s3: undefined, catalog: undefined, limits }
  const stores = await openStores(places)
  t.after(() => stores.catalog.close())
  const { datastoreId } = await submitJob(stores.catalog)
  const threads = startImportThreads({ places, limits, logLevel: 'error', threads: 1 }, SILENT)
  t.after(() => threads.stop())
  const attributes = {
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
    StudyInstanceUID: '2.25.1',
    SeriesInstanceUID: '2.25.1.1',
  }
  const fileOf = (n: number) =>
    encodeP10({
      transferSyntaxUID: ExplicitVRLittleEndian,
      attributes: { ...attributes, SOPInstanceUID: `2.25.1.1.${n}` },
    })
  const options = { callerId: 'mary', datastoreId, studyInstanceUID: undefined, isHeld: false }
  const storeOne = async (n: number) => {
    const request = await threads.storeRequests.open(options)
    await request.add(bytesOf(fileOf(n)))
    const [outcome] = await request.finish()
    assert.equal(outcome?.outcome, 'stored')
  }
  for (let n = 0; started.length < 4; n++) {
    await storeOne(n)
    // Around the time at which the thread ends.
    await setTimeout((n % 10) * 5)
  }
  async function* broken() {
    // More than one message to the thread.
    for (let n = 0; n < 8; n++) yield Buffer.alloc(100_000)
    throw new Error('the part ends early')
  }
  const dropping = await threads.storeRequests.open(options)
  await assert.rejects(dropping.add(broken()), /the part ends early/)
  await dropping.add(bytesOf(fileOf(999)))
  assert.equal((await dropping.finish()).length, 1)

  const request = await threads.storeRequests.open(options)
  await request.add(bytesOf(fileOf(1_000)))
  // One of them has the request: the last may still be starting.
  await Promise.all(started.map((worker) => worker.terminate()))
  await assert.rejects(request.finish(), TemporarilyUnavailable)
  await storeOne(1_001)
})

test('an import thread that has been idle after its work is replaced, and takes the next job as before', async (t) => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'hilum-import-threads-'))
  removeAtExit(dataFolder)
  for (const bucket of ['in-bucket', 'out-bucket'])
    await mkdir(join(dataFolder, 'buckets', bucket), { recursive: true })
  const attributes = {
    ...{ SOPClassUID: '1.2.840.10008.5.1.4.1.1.7', SOPInstanceUID: '2.25.1.1.1' },
    ...{ StudyInstanceUID: '2.25.1', SeriesInstanceUID: '2.25.1.1' },
  }
  const file = encodeP10({ transferSyntaxUID: ExplicitVRLittleEndian, attributes })
  await writeFile(join(dataFolder, 'buckets/in-bucket/a.dcm'), file)

  const started: Worker[] = []
  const onWorker = (worker: Worker) => started.push(worker)
  process.on('worker', onWorker)
  t.after(() => process.off('worker', onWorker))
  const limits = { ...DEFAULT_LIMITS, importThreadIdleMs: 50 }
  const places = { dataFolder, s3: undefined, catalog: undefined, limits }
  const stores = await openStores(places)
  t.after(() => stores.catalog.close())
  const threads = startImportThreads({ places, limits, logLevel: 'error', threads: 1 }, SILENT)
  t.after(() => threads.stop())

  const importOnce = async () => {
    const job = await submitJob(stores.catalog)
    threads.wake()
    assert.equal((await untilEnded(stores.catalog, job)).jobStatus, 'COMPLETED')
  }
  await importOnce()
  const [code] = await once(started[0]!, 'exit')
  assert.equal(code, 0)
  await importOnce()
  assert.ok(started.length >= 2)
})

test('a job whose import thread dies continues in the next thread, although its lease has not expired', async (t) => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'hilum-import-threads-'))
  removeAtExit(dataFolder)
  for (const bucket of ['in-bucket', 'out-bucket'])
    await mkdir(join(dataFolder, 'buckets', bucket), { recursive: true })
  const attributes = { SOPClassUID: '1.2.840.10008.5.1.4.1.1.7', StudyInstanceUID: '2.25.1' }
  for (let n = 0; n < 300; n++) {
    const given = { ...attributes, SOPInstanceUID: `2.25.1.1.${n}`, SeriesInstanceUID: '2.25.1.1' }
    const file = encodeP10({ transferSyntaxUID: ExplicitVRLittleEndian, attributes: given })
    await writeFile(join(dataFolder, `buckets/in-bucket/${n}.dcm`), file)
  }
  const started: Worker[] = []
  const onWorker = (worker: Worker) => started.push(worker)
  process.on('worker', onWorker)
  t.after(() => process.off('worker', onWorker))
  // A lease of an hour: the test would wait as long.
  const limits = { ...DEFAULT_LIMITS, importFilesPerBatch: 1, importLeaseMs: 3_600_000 }
  const places = { dataFolder, s3: undefined, catalog: undefined, limits }
  const stores = await openStores(places)
  t.after(() => stores.catalog.close())
  const threads = startImportThreads({ places, limits, logLevel: 'error', threads: 1 }, SILENT)
  t.after(() => threads.stop())
  const job = await submitJob(stores.catalog)
  threads.wake()
  while (((await stores.catalog.importJobs.get(job))?.filesDone ?? 0) === 0) await setTimeout(1)
  await started[0]!.terminate()
  assert.equal((await stores.catalog.importJobs.get(job))?.jobStatus, 'IN_PROGRESS')
  const ended = await untilEnded(stores.catalog, job)
  assert.deepEqual([ended.jobStatus, ended.filesDone], ['COMPLETED', 300])
})
