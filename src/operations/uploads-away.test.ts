/** Uploads into a bucket that becomes unavailable: the same request succeeds when it is repeated. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { App } from '../app.ts'
import { DEFAULT_LIMITS } from '../default-limits.ts'
import { newId } from '../server/new-id.ts'
import { readAll } from '../stores/blobs/blob-store.ts'
import { openMemoryLocations } from '../stores/blobs/memory/memory-locations.ts'
import { collected } from '../stores/catalog/conformance/catalog.fixture.ts'
import type { Bucket } from '../stores/locations/locations.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { openUploadUsage } from './upload-usage.ts'
import { joinUploadFile, putUploadFile, startUpload } from './uploads.ts'

test('a second attempt joins the parts of a file when the bucket was unavailable during the first', async () => {
  const locations = openMemoryLocations()
  const bucket = locations.createBucket('hilum-import')
  let removals = 0
  const failing: Bucket = {
    ...bucket,
    async remove(keys) {
      if (++removals > 1) return bucket.remove(keys)
      // Some parts are removed before the failure.
      await bucket.remove(keys.slice(0, 1))
      throw new StoreUnavailable({ store: 'the S3 bucket', reason: 'away', code: 'TimeoutError' })
    },
  }
  const openOwnBucket = async (name: string) => (name === 'hilum-import' ? failing : locations.openOwnBucket(name))
  const app = {
    locations: { ...locations, openOwnBucket },
    limits: DEFAULT_LIMITS,
    clock: Date.now,
    newId,
    // Removing expired uploads would add to `removals`.
    background: { run: () => {} },
    uploadUsage: openUploadUsage({ countedMs: 0, serverCount: () => 1 }),
  } as unknown as App
  const callerId = 'ONE'
  const { uploadId } = await startUpload({ callerId }, app)
  const file = { callerId, uploadId, name: 'a.dcm' }
  for (const [at, text] of ['one', 'two', 'three'].entries()) {
    await putUploadFile({ ...file, part: at + 1, bytes: Buffer.from(text) }, app)
  }
  await assert.rejects(joinUploadFile({ ...file, parts: 3 }, app), StoreUnavailable)
  await joinUploadFile({ ...file, parts: 3 }, app)
  const keys = (await collected(bucket.list(''))).map(({ key }) => key)
  assert.deepEqual(keys, [`uploads/${uploadId}/a.dcm`])
  assert.equal(Buffer.from(await readAll((await bucket.open(keys[0]!))!)).toString(), 'onetwothree')
  await assert.rejects(joinUploadFile({ ...file, name: 'b.dcm', parts: 2 }, app), /Part 1 of the file was not sent/)
})
