/** An S3 server that fails while the input is listed: the job is retried and imports every file. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { test } from 'node:test'
import { DEFAULT_LIMITS } from '../default-limits.ts'
import { ExplicitVRLittleEndian, encodeP10 } from '../dicom/encode.ts'
import { submitJob, testApp, untilEnded } from '../ingest/import-job.fixture.ts'
import { newId } from '../server/new-id.ts'
import { openMemoryBlobs } from '../stores/blobs/memory/memory-blobs.ts'
import { s3IsMissing, startS3 } from '../stores/blobs/s3/s3.fixture.ts'
import { openS3Locations } from '../stores/blobs/s3/s3-locations.ts'
import { isClosed } from '../stores/locations/locations.ts'
import { openSqliteCatalog } from '../stores/sql/open-sqlite.ts'
import { startImportWorker } from './import-worker.ts'

/** More than the retries of the S3 client for one request. */
const REFUSALS = 5

test('a listing that fails because S3 is unavailable is retried, and loses no file', {
  skip: s3IsMissing ?? false,
}, async (context) => {
  const s3 = await startS3(['in-bucket', 'out-bucket'])
  context.after(() => s3.stop())
  let refusals = 0
  const proxy = createServer((incoming, reply) => {
    if (incoming.url!.includes('list-type=2') && refusals < REFUSALS) {
      refusals += 1
      reply.writeHead(503).end()
      return
    }
    const { method, headers, url } = incoming
    const passed = request(`${s3.place.endpoint}${url}`, { method, headers }, (answer) => {
      reply.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(reply)
    })
    incoming.pipe(passed)
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  context.after(() => {
    proxy.closeAllConnections()
    proxy.close()
  })
  const address = proxy.address()
  assert.ok(address !== null && typeof address === 'object')
  const locations = openS3Locations({ ...s3.place, endpoint: `http://127.0.0.1:${address.port}` }, DEFAULT_LIMITS)
  const input = await locations.openBucket('in-bucket')
  assert.ok(!isClosed(input))
  for (const number of [1, 2, 3]) {
    const attributes = {
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
      SOPInstanceUID: `2.25.1.${number}`,
      StudyInstanceUID: '2.25.1',
      SeriesInstanceUID: '2.25.1.2',
    }
    await input.put(`${number}.dcm`, encodeP10({ transferSyntaxUID: ExplicitVRLittleEndian, attributes }))
  }
  const catalog = await openSqliteCatalog({ path: ':memory:', newId })
  context.after(() => catalog.close())
  const job = await submitJob(catalog)
  const worker = startImportWorker(testApp({ catalog, blobs: openMemoryBlobs(), locations }))
  const ended = await untilEnded(catalog, job)
  await worker.stop()
  assert.equal(refusals, REFUSALS)
  assert.equal(ended.jobStatus, 'COMPLETED', ended.message)
  assert.equal(ended.filesDone, 3)
})
