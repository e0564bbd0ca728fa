/** The library door `hilum/testing`: a whole server in the process of a test suite, with everything in memory. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CreateDatastoreCommand,
  GetDatastoreCommand,
  ListDatastoresCommand,
  SearchImageSetsCommand,
} from '@aws-sdk/client-medical-imaging'
import { freePort } from '../src/fixtures/free-port.ts'
import { activeDatastore } from './support/datastores.ts'
import { instance } from './support/fixtures.ts'
import { type Hilum, sdkFor, startHilum } from './support/hilum.ts'
import { importFiles, jobAtEnd, makeBuckets, startJob } from './support/import.ts'

/** Gives the work a server of its own and stops it afterwards, whatever happens. */
async function withHilum(work: (hilum: Hilum) => Promise<void>, options = {}): Promise<void> {
  const hilum = await startHilum(options)
  try {
    await work(hilum)
  } finally {
    await hilum.stop()
  }
}

test('it is ready at once: started, one data store made and searched', async (context) => {
  const startedAt = performance.now()
  await withHilum(async (hilum) => {
    context.diagnostic(`ready after ${Math.round(performance.now() - startedAt)} ms`)
    const sdk = sdkFor(hilum)
    const datastoreId = await activeDatastore(sdk)
    const { imageSetsMetadataSummaries } = await sdk.send(new SearchImageSetsCommand({ datastoreId }))
    context.diagnostic(`first search answered after ${Math.round(performance.now() - startedAt)} ms`)
    assert.deepEqual(imageSetsMetadataSummaries, [])
    sdk.destroy()
  })
})

test('objects put are objects got, in buckets that come with them', async () => {
  await withHilum(async (hilum) => {
    assert.equal(await hilum.getObject('bucket', 'a/b.dcm'), undefined)
    await hilum.putObject('bucket', 'a/b.dcm', Uint8Array.of(1, 2, 3))
    await hilum.putObject('other', 'a/b.dcm', Uint8Array.of(4))
    assert.deepEqual(new Uint8Array((await hilum.getObject('bucket', 'a/b.dcm'))!), Uint8Array.of(1, 2, 3))
    assert.equal(await hilum.getObject('bucket', 'a/b'), undefined)
    await hilum.putObject('bucket', 'a/b.dcm', new Uint8Array())
    assert.equal((await hilum.getObject('bucket', 'a/b.dcm'))!.length, 0)
  })
})

test('putObject and createBucket refuse a name that no S3 URI can have, and say what one looks like', async () => {
  await withHilum(async (hilum) => {
    for (const name of ['in', 'IN-BUCKET', '-in', 'in_bucket', 'a'.repeat(64), '']) {
      const refusal = {
        name: 'TypeError',
        message: /^".*" is not a valid name of an S3 bucket\. Use 3 to 63 lower-case/,
      }
      await assert.rejects(hilum.putObject(name, 'scan.dcm', Uint8Array.of(1)), refusal)
      await assert.rejects(hilum.createBucket(name), refusal)
    }
    for (const name of ['abc', 'a.b-c', 'a'.repeat(63)]) await hilum.createBucket(name)
  })
})

test('createBucket makes an empty bucket, and getObject makes none', async () => {
  await withHilum(async (hilum) => {
    const sdk = sdkFor(hilum)
    const datastoreId = await activeDatastore(sdk)
    const importAll = async () => {
      const jobId = await startJob(
        { hilum, sdk },
        { datastoreId, inputS3Uri: 's3://empty-in/scans/', outputS3Uri: 's3://empty-out/reports/' },
      )
      return jobAtEnd({ hilum, sdk }, { datastoreId, jobId })
    }
    for (const bucket of ['empty-in', 'empty-out']) assert.equal(await hilum.getObject(bucket, 'key'), undefined)
    assert.equal((await importAll()).jobStatus, 'FAILED')
    await hilum.createBucket('empty-in')
    await hilum.createBucket('empty-out')
    const { jobStatus, message } = await importAll()
    assert.equal(jobStatus, 'COMPLETED', message)
    await hilum.putObject('empty-in', 'key', Uint8Array.of(1))
    await hilum.createBucket('empty-in')
    assert.equal((await hilum.getObject('empty-in', 'key'))?.length, 1, 'what is in a bucket stays')
    sdk.destroy()
  })
})

test('after a reset nothing is left but endpoint and credentials', async () => {
  await withHilum(async (hilum) => {
    const sdk = sdkFor(hilum)
    const datastoreId = await activeDatastore(sdk)
    await importFiles({ hilum, sdk }, { datastoreId, files: { 'a.dcm': instance() } })
    const { endpoint } = hilum
    await hilum.reset()
    assert.equal(hilum.endpoint, endpoint)
    assert.deepEqual((await sdk.send(new ListDatastoresCommand())).datastoreSummaries, [])
    await assert.rejects(sdk.send(new GetDatastoreCommand({ datastoreId })), { name: 'ResourceNotFoundException' })
    const again = await activeDatastore(sdk)
    const jobId = await startJob({ hilum, sdk }, { datastoreId: again })
    assert.equal(
      (await jobAtEnd({ hilum, sdk }, { datastoreId: again, jobId })).jobStatus,
      'FAILED',
      'no bucket is left',
    )
    await importFiles({ hilum, sdk }, { datastoreId: again, files: { 'a.dcm': instance() } })
    sdk.destroy()
  })
})

test('a reset while a job runs leaves nothing of it', async () => {
  await withHilum(async (hilum) => {
    const sdk = sdkFor(hilum)
    const datastoreId = await activeDatastore(sdk)
    await makeBuckets(hilum)
    for (let n = 0; n < 500; n++) {
      await hilum.putObject('test-input', `in/${n}`, instance({ StudyInstanceUID: `2.25.${n}` }))
    }
    await startJob({ hilum, sdk }, { datastoreId, inputS3Uri: 's3://test-input/in/' })
    await hilum.reset()
    assert.deepEqual((await sdk.send(new ListDatastoresCommand())).datastoreSummaries, [])
    sdk.destroy()
  })
})

test('two at once know nothing of each other', async () => {
  await withHilum(async (one) => {
    await withHilum(async (two) => {
      assert.notEqual(one.endpoint, two.endpoint)
      assert.notEqual(one.client.credentials.secretAccessKey, two.client.credentials.secretAccessKey)
      const [sdk, other] = [sdkFor(one), sdkFor(two)]
      await sdk.send(new CreateDatastoreCommand({}))
      await one.putObject('bucket', 'key', Uint8Array.of(1))
      assert.deepEqual((await other.send(new ListDatastoresCommand())).datastoreSummaries, [])
      assert.equal(await two.getObject('bucket', 'key'), undefined)
      const stranger = sdkFor({ ...one, client: { ...one.client, endpoint: two.endpoint } })
      await assert.rejects(stranger.send(new ListDatastoresCommand()), { name: 'UnrecognizedClientException' })
      for (const each of [sdk, other, stranger]) each.destroy()
    })
  })
})

test('once stopped nobody answers, and its port is free again', async () => {
  // The system does not assign it to another program meanwhile.
  const port = await freePort()
  const first = await startHilum({ port })
  await first.stop()
  await assert.rejects(fetch(first.endpoint))
  await withHilum(async (second) => assert.equal(second.endpoint, first.endpoint), { port })
})

test('it stops while a job runs and a client holds its connection open', async () => {
  const hilum = await startHilum({ port: await freePort() })
  const sdk = sdkFor(hilum)
  const datastoreId = await activeDatastore(sdk)
  await makeBuckets(hilum)
  for (let n = 0; n < 500; n++) {
    await hilum.putObject('test-input', `in/${n}`, instance({ SOPInstanceUID: `2.25.1.1.${n}` }))
  }
  await startJob({ hilum, sdk }, { datastoreId, inputS3Uri: 's3://test-input/in/' })
  await hilum.stop()
  await assert.rejects(fetch(hilum.endpoint))
  sdk.destroy()
})
