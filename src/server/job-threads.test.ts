/** An import thread keeps the memory that an import took; so it is replaced when it has been idle, and jobs go on in the new one. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { ExplicitVRLittleEndian, encodeP10 } from '../dicom/encode.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { submitJob, untilEnded } from '../ingest/import-job.fixture.ts'
import { DEFAULT_LIMITS } from '../limits.ts'
import { startImportThreads } from './job-threads.ts'
import { openStores } from './open-stores.ts'

const SILENT = { debug() {}, info() {}, warn() {}, error() {} }

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
