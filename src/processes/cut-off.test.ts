/** A server that is cut off from PostgreSQL or from S3, by a proxy that refuses or swallows everything: modelled errors only, and it comes back. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  CreateDatastoreCommand,
  GetDatastoreCommand,
  GetDICOMImportJobCommand,
  GetImageSetMetadataCommand,
  type MedicalImagingServiceException,
  SearchImageSetsCommand,
  StartDICOMImportJobCommand,
  TagResourceCommand,
} from '@aws-sdk/client-medical-imaging'
import { clientOf, OWN_KEYS, openSharedStores, startShared, storesAreMissing, untilActive } from './servers.fixture.ts'

type Mode = 'open' | 'refusing' | 'silent'

/** A way to a server that can be cut. */
async function proxyTo(t: TestContext, to: { readonly host: string; readonly port: number }) {
  let mode: Mode = 'open'
  const pairs = new Set<readonly [Socket, Socket]>()
  const server = createServer((client) => {
    client.on('error', () => {})
    if (mode === 'refusing') return client.destroy()
    // What is sent into a silent network arrives nowhere.
    if (mode === 'silent') return
    const target = connect(to.port, to.host)
    const pair = [client, target] as const
    pairs.add(pair)
    for (const [from, into] of [pair, [target, client]] as const) {
      from.on('error', () => {}).on('data', (bytes) => mode === 'open' && into.write(bytes))
      from.on('close', () => {
        pairs.delete(pair)
        if (mode !== 'silent') into.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const pair of pairs) for (const socket of pair) socket.destroy()
    server.close()
  })
  return {
    port: (server.address() as { readonly port: number }).port,
    set(next: Mode) {
      mode = next
      // The end of an outage ends the connections that it has broken.
      if (next !== 'silent') for (const pair of pairs) for (const socket of pair) socket.destroy()
    },
  }
}

test('a server that is cut off from PostgreSQL or S3 answers with modelled errors, says that it is not ready, and comes back by itself', {
  skip: storesAreMissing,
}, async (t) => {
  const stores = await openSharedStores(t)
  await stores.putFiles('scans/', 3)
  const [database, s3] = [new URL(stores.catalog), new URL(stores.endpoint)]
  const toDatabase = await proxyTo(t, { host: database.hostname, port: Number(database.port) })
  const toS3 = await proxyTo(t, { host: s3.hostname, port: Number(s3.port) })
  database.port = `${toDatabase.port}`
  const env = { ...OWN_KEYS, HILUM_CATALOG: database.href, HILUM_S3_ENDPOINT: `http://127.0.0.1:${toS3.port}` }
  const limits = { catalogStatementTimeoutMs: 1_000, catalogConnectTimeoutMs: 1_000, s3SilenceTimeoutMs: 1_000 }
  const short = {
    ...limits,
    s3ConnectTimeoutMs: 1_000,
    decryptedCacheBytes: 1,
    serverBeatMs: 200,
    serverSilenceMs: 1_500,
  }
  const cut = await startShared(t, stores, { env, limits: short })
  const whole = await startShared(t, stores, { env: OWN_KEYS, limits: { serverBeatMs: 200, serverSilenceMs: 1_500 } })
  const [client, other] = [clientOf(t, cut), clientOf(t, whole)]
  const { datastoreId } = await client.send(new CreateDatastoreCommand({ datastoreName: 'shared' }))
  await untilActive(client, datastoreId!)
  const { jobId } = await client.send(
    new StartDICOMImportJobCommand({
      ...{ datastoreId, clientToken: 'job', dataAccessRoleArn: 'arn:aws:iam::000000000000:role/import' },
      ...{ inputS3Uri: `s3://${stores.bucket}/scans/`, outputS3Uri: `s3://${stores.bucket}/out/` },
    }),
  )
  const job = () => other.send(new GetDICOMImportJobCommand({ datastoreId, jobId }))
  while ((await job()).jobProperties?.jobStatus !== 'COMPLETED') await setTimeout(50)
  const found = await client.send(new SearchImageSetsCommand({ datastoreId }))
  const { imageSetId } = found.imageSetsMetadataSummaries![0]!
  const resourceArn = `arn:aws:medical-imaging:us-east-1:000000000000:datastore/${datastoreId}`

  const ready = async () => {
    const reply = await fetch(`${cut.endpoint}/readyz`)
    return `${reply.status} ${(await reply.text()).trim()}`
  }
  const untilReady = async (answer: string) => {
    while ((await ready()) !== answer) await setTimeout(100)
  }
  const nameOf = (request: Promise<unknown>) =>
    request.then(
      () => 'answered',
      ({ name, $metadata }: MedicalImagingServiceException) => `${name} ${$metadata?.httpStatusCode}`,
    )
  const catalogOnly = [
    () => client.send(new GetDatastoreCommand({ datastoreId })),
    () => client.send(new SearchImageSetsCommand({ datastoreId })),
    () => client.send(new TagResourceCommand({ resourceArn, tags: { a: 'b' } })),
  ]
  const withBytes = async () => {
    const { imageSetMetadataBlob } = await client.send(new GetImageSetMetadataCommand({ datastoreId, imageSetId }))
    return imageSetMetadataBlob!.transformToByteArray()
  }
  const bytes = await withBytes()
  const unavailable = 'ServiceUnavailableException 503'

  for (const mode of ['refusing', 'silent'] as const) {
    toDatabase.set(mode)
    const names = await Promise.all(catalogOnly.map((request) => nameOf(request())))
    assert.deepEqual(names, [unavailable, unavailable, unavailable], mode)
    await untilReady('503 not ready: catalog')
    assert.equal((await fetch(`${cut.endpoint}/healthz`)).status, 200)
    // The others go on.
    await other.send(new TagResourceCommand({ resourceArn, tags: { c: mode } }))
    toDatabase.set('open')
    await untilReady('200 ok')
    assert.deepEqual(
      await Promise.all(catalogOnly.map((request) => nameOf(request()))),
      Array(3).fill('answered'),
      mode,
    )

    toS3.set(mode)
    assert.equal(await nameOf(withBytes()), unavailable, mode)
    await untilReady('503 not ready: blobs')
    // What needs no bytes is answered.
    assert.deepEqual(
      await Promise.all(catalogOnly.map((request) => nameOf(request()))),
      Array(3).fill('answered'),
      mode,
    )
    toS3.set('open')
    await untilReady('200 ok')
    assert.deepEqual(await withBytes(), bytes, mode)
  }
  cut.server.child.kill('SIGINT')
  assert.equal(await cut.server.ended, 0, cut.server.output())
})
