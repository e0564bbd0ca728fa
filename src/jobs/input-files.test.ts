import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openMemoryBlobs } from '../stores/blobs/memory/memory-blobs.ts'
import { bucketOf } from '../stores/locations/locations.ts'
import { StoreUnavailable, type UnavailableReason } from '../stores/store-unavailable.ts'
import { inputFiles } from './input-files.ts'
import { JobFailed } from './job-failed.ts'

const KEYS = ['in/1', 'in/1/a.dcm', 'in/1/b/c.dcm', 'in/10/d.dcm', 'in/2/e.dcm']

async function keysUnder(inputS3Uri: string, after?: string): Promise<string[]> {
  const bucket = bucketOf(openMemoryBlobs())
  for (const key of KEYS) await bucket.put(key, Buffer.from(key))
  const keys = []
  for await (const { key } of inputFiles(bucket, { inputS3Uri, after })) keys.push(key)
  return keys
}

test('a URI without a slash at its end means the object of that name and the folder of that name', async () => {
  assert.deepEqual(await keysUnder('s3://bucket/in/1'), ['in/1', 'in/1/a.dcm', 'in/1/b/c.dcm'])
})

test('a URI with a slash at its end means the folder alone', async () => {
  assert.deepEqual(await keysUnder('s3://bucket/in/1/'), ['in/1/a.dcm', 'in/1/b/c.dcm'])
})

test('a bucket alone means everything in it', async () => {
  assert.deepEqual(await keysUnder('s3://bucket'), KEYS)
  assert.deepEqual(await keysUnder('s3://bucket/'), KEYS)
})

test('a job that resumes starts after its last recorded key', async () => {
  assert.deepEqual(await keysUnder('s3://bucket/in/1', 'in/1'), ['in/1/a.dcm', 'in/1/b/c.dcm'])
  assert.deepEqual(await keysUnder('s3://bucket/in/1', 'in/1/a.dcm'), ['in/1/b/c.dcm'])
  assert.deepEqual(await keysUnder('s3://bucket/in/1', 'in/1/b/c.dcm'), [])
})

test('a missing folder has no files', async () => {
  assert.deepEqual(await keysUnder('s3://bucket/nothing/here'), [])
})

test('an object whose key ends in a slash is a folder only if it is empty', async () => {
  const bucket = bucketOf(openMemoryBlobs())
  await bucket.put('in/folder/', Buffer.alloc(0))
  await bucket.put('in/odd/', Buffer.from('bytes'))
  const keys = []
  for await (const { key } of inputFiles(bucket, { inputS3Uri: 's3://bucket/in', after: undefined })) keys.push(key)
  assert.deepEqual(keys, ['in/odd/'])
})

describe('a listing that fails in the middle', () => {
  async function failureFor(reason: UnavailableReason, code: string): Promise<Error> {
    const whole = bucketOf(openMemoryBlobs())
    await whole.put('in/1', Buffer.from('bytes'))
    const failing = {
      ...whole,
      async *scan(prefix: string) {
        yield* whole.scan(prefix)
        throw new StoreUnavailable({ store: 'the folder of the bucket', reason, code })
      },
    }
    try {
      for await (const { key } of inputFiles(failing, { inputS3Uri: 's3://bucket/in/', after: undefined })) {
        assert.equal(key, 'in/1')
      }
    } catch (error) {
      return error as Error
    }
    return assert.fail('the listing did not fail')
  }

  test('with an I/O error or denied access fails the job with a message that says what to do', async () => {
    const damaged = await failureFor('corrupt', 'EIO')
    assert.ok(damaged instanceof JobFailed)
    assert.equal(
      damaged.message,
      'The input location could not be listed completely (EIO), so nothing was imported. ' +
        'Check the disk or the file system that it is on, and start the job again',
    )
    const denied = await failureFor('access', 'AccessDenied')
    assert.ok(denied instanceof JobFailed)
    assert.match(denied.message, /cannot be listed by the server \(AccessDenied\).* Give its user or its credentials/)
  })

  test('because the store is unavailable leaves the job to be retried', async () => {
    for (const reason of ['away', 'busy'] as const) {
      assert.ok((await failureFor(reason, 'ESTALE')) instanceof StoreUnavailable, reason)
    }
  })
})
