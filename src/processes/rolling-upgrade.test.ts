/** Three servers behind nginx are replaced one after the other while clients read, search, write and import: no request fails. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  CreateDatastoreCommand,
  GetDatastoreCommand,
  GetDICOMImportJobCommand,
  type MedicalImagingClient,
  SearchImageSetsCommand,
  StartDICOMImportJobCommand,
  TagResourceCommand,
} from '@aws-sdk/client-medical-imaging'
import { isSoak } from '../fixtures/soak.ts'
import {
  clientOf,
  nginxIsMissing,
  OWN_KEYS,
  openSharedStores,
  type SharedServer,
  startBalancer,
  startShared,
  untilActive,
} from './servers.fixture.ts'

const CLIENTS = 6
const ROUNDS = isSoak ? 10 : 1

/** What a client sees that never tries again. */
function load(t: TestContext, client: () => MedicalImagingClient, datastoreId: string) {
  const failures: string[] = []
  const durations: number[] = []
  let isEnded = false
  const resourceArn = `arn:aws:medical-imaging:us-east-1:000000000000:datastore/${datastoreId}`
  const requests = [
    (sdk: MedicalImagingClient) => sdk.send(new SearchImageSetsCommand({ datastoreId })),
    (sdk: MedicalImagingClient) => sdk.send(new GetDatastoreCommand({ datastoreId })),
    (sdk: MedicalImagingClient, at: number) =>
      sdk.send(new TagResourceCommand({ resourceArn, tags: { [`client-${at}`]: `${durations.length}` } })),
  ]
  const clients = Array.from({ length: CLIENTS }, async (_, at) => {
    const sdk = client()
    for (let count = at; !isEnded; count++) {
      const begunAt = performance.now()
      await requests[count % requests.length]!(sdk, at).catch((error: Error) => failures.push(`${error}`))
      durations.push(performance.now() - begunAt)
      await setTimeout(5)
    }
  })
  const end = async () => {
    isEnded = true
    await Promise.all(clients)
    return { failures, durations }
  }
  t.after(end)
  return { end }
}

/** Stops it by SIGTERM. @returns what it said of its readiness meanwhile */
async function drained({ server, endpoint }: SharedServer): Promise<readonly string[]> {
  const said: string[] = []
  const ended = server.ended.then(() => true)
  server.child.kill('SIGTERM')
  while (!(await Promise.race([ended, setTimeout(50, false)]))) {
    const ready = await fetch(`${endpoint}/readyz`, { headers: { connection: 'close' } }).catch(() => undefined)
    if (ready !== undefined) said.push(`${ready.status} ${await ready.text()}`)
  }
  assert.equal(await server.ended, 0, server.output())
  return said
}

test('three servers are replaced one after the other under load without a failed request', {
  skip: nginxIsMissing,
}, async (t) => {
  const stores = await openSharedStores(t)
  await stores.putFiles('scans/', 40)
  const env = { ...OWN_KEYS, HILUM_TRUSTED_PROXY: '127.0.0.1' }
  const options = { env, limits: { drainMs: 1_000, replacedIdleMs: 1_000, serverBeatMs: 200 } }
  // Servers of several processes take longer to start.
  const processes = isSoak ? [2, 2, 2] : [2, 1, 1]
  const servers = await Promise.all(
    processes.map((count) => startShared(t, stores, { ...options, words: ['--processes', `${count}`] })),
  )
  const balancer = await startBalancer(t, { ports: servers.map(({ port }) => port), keepAlive: '1s' })
  const client = clientOf(t, balancer)
  const { datastoreId } = await client.send(new CreateDatastoreCommand({ datastoreName: 'shared' }))
  await untilActive(client, datastoreId!)
  const running = load(t, () => clientOf(t, balancer), datastoreId!)
  const jobs = await Promise.all(
    ['one', 'two'].map((clientToken) =>
      client.send(
        new StartDICOMImportJobCommand({
          ...{ datastoreId, clientToken, dataAccessRoleArn: 'arn:aws:iam::000000000000:role/import' },
          ...{ inputS3Uri: `s3://${stores.bucket}/scans/`, outputS3Uri: `s3://${stores.bucket}/out/` },
        }),
      ),
    ),
  )
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, server] of servers.entries()) {
      const said = await drained(server)
      assert.ok(said.includes('503 not ready: the server is stopping\n'), said.join())
      servers[at] = await server.again()
    }
  }
  for (const { jobId } of jobs) {
    for (;;) {
      const { jobProperties } = await client.send(new GetDICOMImportJobCommand({ datastoreId, jobId }))
      if (jobProperties?.jobStatus === 'COMPLETED') break
      assert.notEqual(jobProperties?.jobStatus, 'FAILED')
      await setTimeout(50)
    }
  }
  const { failures, durations } = await running.end()
  assert.deepEqual(failures, [], balancer.errors())
  t.diagnostic(`${durations.length} requests, the longest ${Math.round(Math.max(...durations))} ms`)
  assert.ok(durations.length > 100, `${durations.length} requests`)
})
