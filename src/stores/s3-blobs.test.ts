/** Blobs in S3 against moto's server, a real one over HTTP, where it is installed. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { CreateBucketCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { describeBlobStore } from './blob-store.conformance.ts'
import { isClosed } from './locations.ts'
import { openS3Client, openS3Locations } from './s3-locations.ts'
import { StoreUnavailable } from './store-unavailable.ts'

const isInstalled = spawnSync('moto_server', ['--help']).status === 0
const skip = isInstalled ? false : 'moto_server (pip install "moto[server]") is not installed'

interface Moto {
  readonly server: ChildProcess
  readonly place: { endpoint: string; region: string; accessKeyId: string; secretAccessKey: string }
}

async function startMoto(): Promise<Moto> {
  const port = await freePort()
  const server = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
  const place = {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    accessKeyId: 'test',
    secretAccessKey: 'test',
  }
  while (!(await answers(place.endpoint))) {
    assert.equal(server.exitCode, null, 'moto_server runs')
    await setTimeout(100)
  }
  return { server, place }
}

const answers = (url: string) =>
  fetch(url)
    .then(() => true)
    .catch(() => false)

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  assert.ok(address !== null && typeof address === 'object')
  return address.port
}

async function stopMoto({ server }: Moto): Promise<void> {
  server.kill()
  if (server.exitCode === null) await once(server, 'exit')
}

describeBlobStore(
  'blobs in S3',
  async () => {
    const moto = await startMoto()
    await openS3Client(moto.place).send(new CreateBucketCommand({ Bucket: 'blobs' }))
    const blobs = await openS3Locations(moto.place).openBucket('blobs')
    assert.ok(!isClosed(blobs))
    return { blobs, close: () => stopMoto(moto) }
  },
  skip === false ? {} : { skip },
)

describe('an S3 server', { skip }, () => {
  let moto: Moto
  before(async () => {
    moto = await startMoto()
    await openS3Client(moto.place).send(new CreateBucketCommand({ Bucket: 'there' }))
  })
  after(() => stopMoto(moto))

  test('a bucket that is not there is closed with a reason', async () => {
    const closed = await openS3Locations(moto.place).openBucket('not-there')
    assert.deepEqual(closed, { closed: 'missing', reason: 'The bucket "not-there" does not exist' })
  })

  test('keys with slashes anywhere are keys, as S3 has them', async () => {
    const blobs = await openS3Locations(moto.place).openBucket('there')
    assert.ok(!isClosed(blobs))
    const keys = ['folder/', 'folder//twice', '/first']
    for (const key of keys) await blobs.put(key, Buffer.from(key))
    const listed: string[] = []
    for await (const { key } of blobs.list('')) listed.push(key)
    assert.deepEqual(listed, ['/first', 'folder/', 'folder//twice'])
  })

  test('an upload in parts that fails leaves no parts behind', async () => {
    const blobs = await openS3Locations(moto.place).openBucket('there')
    assert.ok(!isClosed(blobs))
    const failing = async function* () {
      yield Buffer.alloc(17 * 1024 ** 2)
      throw new Error('the source is gone')
    }
    await assert.rejects(blobs.put('parts', failing()))
    const left = await openS3Client(moto.place).send(new ListMultipartUploadsCommand({ Bucket: 'there' }))
    assert.deepEqual(left.Uploads ?? [], [])
  })
})

test('an S3 server that does not answer makes the store unavailable', async () => {
  const endpoint = `http://127.0.0.1:${await freePort()}`
  const locations = openS3Locations({ endpoint, region: 'us-east-1', accessKeyId: 'a', secretAccessKey: 'b' })
  await assert.rejects(
    locations.openBucket('any'),
    (error) => error instanceof StoreUnavailable && error.reason === 'away',
  )
})
