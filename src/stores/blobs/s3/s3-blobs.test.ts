/** Blobs in S3 against moto's server, a real one over HTTP, where it is installed. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { type OpenS3, openS3 } from '../../../fixtures/shared-servers.ts'
import { type ClosedBucket, isClosed } from '../../locations/locations.ts'
import { StoreUnavailable } from '../../store-unavailable.ts'
import { describeBlobStore } from '../blob-store.conformance.ts'
import { type BlobStore, readAll } from '../blob-store.ts'
import { clientTo, freePort, S3_TEST_LIMITS, s3IsMissing } from './s3.fixture.ts'
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
      await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'of somebody else' }))
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

  test('a bucket that is not there is closed with a reason', async () => {
    const closed = await openS3Locations(s3.place, S3_TEST_LIMITS).openBucket('not-there')
    assert.deepEqual(closed, { closed: 'missing', reason: 'The bucket "not-there" does not exist' })
  })

  test('keys with slashes anywhere are keys, as S3 has them', async () => {
    const blobs = opened(await openS3Locations(s3.place, S3_TEST_LIMITS).openBucket(bucket))
    const keys = ['folder/', 'folder//twice', '/first']
    for (const key of keys) await blobs.put(key, Buffer.from(key))
    const listed: string[] = []
    for await (const { key } of blobs.list('')) listed.push(key)
    assert.deepEqual(listed, ['/first', 'folder/', 'folder//twice'])
  })

  test('an upload in parts that fails leaves no parts behind', async () => {
    const blobs = opened(await openS3Locations(s3.place, S3_TEST_LIMITS).openBucket(bucket))
    const failing = async function* () {
      yield Buffer.alloc(2 * PART_BYTES + 1)
      throw new Error('the source is gone')
    }
    await assert.rejects(blobs.put('parts', failing()), /the source is gone/)
    assert.deepEqual(await uploads(), [])
  })

  test('an upload that a dead process began is given up, and none of another prefix', async () => {
    const client = clientTo(s3.place)
    for (const Key of ['hilum/cut-off', 'others/cut-off']) {
      await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }))
    }
    const blobs = opened(await openS3Blobs(s3.place, S3_TEST_LIMITS, { bucket, prefix: 'hilum/' }))
    // moto says of every upload that it began in 2010.
    await blobs.removeUnfinished(Date.UTC(2010, 0, 1))
    assert.equal((await uploads()).length, 2)
    await blobs.removeUnfinished(Date.now())
    assert.deepEqual(
      (await uploads()).map(({ Key }) => Key),
      ['others/cut-off'],
    )
  })

  test('the key of a blob is that of its object behind the prefix', async () => {
    const blobs = opened(await openS3Blobs(s3.place, S3_TEST_LIMITS, { bucket, prefix: 'deep/er/' }))
    await blobs.put('a/b', Buffer.from('bytes'))
    const object = await clientTo(s3.place).send(new GetObjectCommand({ Bucket: bucket, Key: 'deep/er/a/b' }))
    assert.equal(await object.Body?.transformToString(), 'bytes')
    assert.equal(String(await readAll((await blobs.open('a/b'))!)), 'bytes')
  })
})

test('an S3 server that does not answer makes the store unavailable', async () => {
  const endpoint = `http://127.0.0.1:${await freePort()}`
  const server = { endpoint, region: 'us-east-1', accessKeyId: 'a', secretAccessKey: 'b' }
  const locations = openS3Locations(server, S3_TEST_LIMITS)
  await assert.rejects(
    locations.openBucket('any'),
    (error) => error instanceof StoreUnavailable && error.reason === 'away',
  )
})
