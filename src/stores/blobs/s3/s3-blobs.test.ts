/** Blobs in S3, tested against moto, a real server over HTTP, if it is installed. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { freePort } from '../../../fixtures/free-port.ts'
import { type OpenS3, openS3 } from '../../../fixtures/shared-servers.ts'
import { type ClosedBucket, isClosed } from '../../locations/locations.ts'
import { StoreUnavailable } from '../../store-unavailable.ts'
import { describeBlobStore } from '../blob-store.conformance.ts'
import { type BlobStore, readAll } from '../blob-store.ts'
import { clientTo, S3_TEST_LIMITS, s3IsMissing } from './s3.fixture.ts'
import { openS3Blobs, openS3Locations } from './s3-locations.ts'
import { PART_BYTES } from './s3-putting.ts'

function opened(blobs: BlobStore | ClosedBucket): BlobStore {
  assert.ok(!isClosed(blobs))
  return blobs
}

const skipped = s3IsMissing === undefined ? {} : { skip: s3IsMissing }

describeBlobStore(
  'objects of a bucket in S3',
  async () => {
    const s3 = await openS3()
    const blobs = opened(await openS3Locations(s3.place, S3_TEST_LIMITS).openBucket(await s3.newBucket()))
    return { blobs, close: () => s3.stop() }
  },
  skipped,
)

describeBlobStore(
  'blobs below a prefix of a bucket in S3',
  async () => {
    const s3 = await openS3()
    const bucket = await s3.newBucket()
    const client = clientTo(s3.place)
    for (const Key of ['hilum', 'hilum/', 'hilum0/1', 'before', 'zebra']) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'of another user' }))
    }
    const blobs = opened(await openS3Blobs(s3.place, S3_TEST_LIMITS, { bucket, prefix: 'hilum/' }))
    return { blobs, close: () => s3.stop() }
  },
  { ...skipped, overwriting: 'refuse', keyBytesMax: 1_024 - 'hilum/'.length },
)

describe('an S3 server', { skip: s3IsMissing ?? false }, () => {
  let s3: OpenS3
  let bucket: string
  before(async () => {
    s3 = await openS3()
    bucket = await s3.newBucket()
  })
  after(() => s3?.stop())

  const uploads = async () =>
    (await clientTo(s3.place).send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? []

  test('a missing bucket is closed with a reason', async () => {
    const closed = await openS3Locations(s3.place, S3_TEST_LIMITS).openBucket('not-there')
    assert.deepEqual(closed, { closed: 'missing', reason: 'The bucket "not-there" does not exist' })
  })

  test('keys can start and end with slashes, as in S3', async () => {
    const blobs = opened(await openS3Locations(s3.place, S3_TEST_LIMITS).openBucket(bucket))
    const keys = ['folder/', 'folder//twice', '/first']
    for (const key of keys) await blobs.put(key, Buffer.from(key))
    const listed: string[] = []
    for await (const { key } of blobs.list('')) listed.push(key)
    assert.deepEqual(listed, ['/first', 'folder/', 'folder//twice'])
  })

  test('a failed multipart upload leaves no parts', async () => {
    const blobs = opened(await openS3Locations(s3.place, S3_TEST_LIMITS).openBucket(bucket))
    const failing = async function* () {
      yield Buffer.alloc(2 * PART_BYTES + 1)
      throw new Error('the source failed')
    }
    await assert.rejects(blobs.put('parts', failing()), /the source failed/)
    assert.deepEqual(await uploads(), [])
  })

  test('an upload of a dead process is aborted, and none with another prefix', async () => {
    const client = clientTo(s3.place)
    for (const Key of ['hilum/unfinished', 'others/unfinished']) {
      await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }))
    }
    const blobs = opened(await openS3Blobs(s3.place, S3_TEST_LIMITS, { bucket, prefix: 'hilum/' }))
    // In moto every upload began in 2010.
    await blobs.removeUnfinished(Date.UTC(2010, 0, 1))
    assert.equal((await uploads()).length, 2)
    await blobs.removeUnfinished(Date.now())
    assert.deepEqual(
      (await uploads()).map(({ Key }) => Key),
      ['others/unfinished'],
    )
  })

  test('the key of a blob is the key of its object without the prefix', async () => {
    const blobs = opened(await openS3Blobs(s3.place, S3_TEST_LIMITS, { bucket, prefix: 'deep/er/' }))
    await blobs.put('a/b', Buffer.from('bytes'))
    const object = await clientTo(s3.place).send(new GetObjectCommand({ Bucket: bucket, Key: 'deep/er/a/b' }))
    assert.equal(await object.Body?.transformToString(), 'bytes')
    assert.equal(String(await readAll((await blobs.open('a/b'))!)), 'bytes')
  })
})

test('an S3 server that cannot be reached makes the store unavailable', async () => {
  const endpoint = `http://127.0.0.1:${await freePort()}`
  const server = { endpoint, region: 'us-east-1', accessKeyId: 'a', secretAccessKey: 'b' }
  const locations = openS3Locations(server, S3_TEST_LIMITS)
  await assert.rejects(
    locations.openBucket('any'),
    (error) => error instanceof StoreUnavailable && error.reason === 'away',
  )
})
