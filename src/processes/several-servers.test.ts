/** Several servers on one PostgreSQL and one S3: what they share, and what happens to the work of one that is killed. */
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  CreateDatastoreCommand,
  GetDatastoreCommand,
  GetDICOMImportJobCommand,
  ListDatastoresCommand,
  type MedicalImagingClient,
  SearchImageSetsCommand,
  StartDICOMImportJobCommand,
} from '@aws-sdk/client-medical-imaging'
import pg from 'pg'
import { signedFetch } from '../cli/client/signed-fetch.ts'
import {
  AHEAD_MS,
  beginServer,
  clientOf,
  clockAhead,
  credentialsOf,
  nginxIsMissing,
  OWN_KEYS,
  openSharedStores,
  startBalancer,
  startShared,
  storesAreMissing,
  untilActive,
} from './servers.fixture.ts'

test('servers of one catalog have the keys of the first one, and one that does not agree with them does not start', {
  skip: storesAreMissing,
}, async (t) => {
  const stores = await openSharedStores(t)
  const first = await startShared(t, stores)
  const refusalOf = async (env: Record<string, string>, copied: readonly string[] = []) => {
    const cwd = mkdtempSync(join(tmpdir(), 'hilum-servers-'))
    for (const name of copied) cpSync(join(first.dataFolder, name), join(cwd, 'data', name))
    const server = beginServer(t, stores, { port: 0, cwd, env })
    assert.equal(await server.ended, 1)
    assert.ok(copied.includes('sealing.key') || !existsSync(join(cwd, 'data', 'sealing.key')), 'no key is made')
    return server.output()
  }
  const copied = ['sealing.key']
  const [without, otherSeal, otherRegion, ownBlobs, otherOwner] = await Promise.all([
    refusalOf({}),
    refusalOf({ HILUM_SEALING_KEY: 'cd'.repeat(32) }),
    refusalOf({ HILUM_REGION: 'eu-central-1' }, copied),
    refusalOf({ HILUM_BLOBS: '' }, copied),
    refusalOf({ ...OWN_KEYS, HILUM_SEALING_KEY: '' }, copied),
  ])
  assert.match(without, /This catalog has a sealing key already, and this server has none\. Copy sealing\.key from/)
  assert.match(otherSeal, /HILUM_SEALING_KEY is another sealing key than that of this catalog/)
  assert.match(otherRegion, /has another region \(us-east-1\)\. Servers of one catalog need the same --region/)
  assert.match(ownBlobs, /has another blobs \(s3:\/\/[\w/-]+\)/)
  assert.match(otherOwner, /has another access key\. Servers of one catalog need the same HILUM_ACCESS_KEY_ID/)

  const folder = mkdtempSync(join(tmpdir(), 'hilum-servers-'))
  cpSync(join(first.dataFolder, 'sealing.key'), join(folder, 'data', 'sealing.key'))
  const second = await startShared(t, stores, { cwd: folder, env: { HILUM_CORS_ORIGIN: 'none' } })
  assert.match(second.server.output(), /other servers of this catalog have other values of corsOrigin/)
  assert.deepEqual(credentialsOf(second), credentialsOf(first))
  await clientOf(t, second, credentialsOf(first)).send(new ListDatastoresCommand({}))

  // Configured keys replace those of the catalog where no other server lives.
  for (const { server } of [first, second]) server.child.kill('SIGINT')
  assert.deepEqual(await Promise.all([first.server.ended, second.server.ended]), [0, 0])
  const third = await startShared(t, stores, { env: OWN_KEYS })
  assert.match(third.server.output(), /the sealing key is another one than before/)
  await clientOf(t, third).send(new ListDatastoresCommand({}))
})

/** The studies of data stores are spread over schemas: pages, jobs and what a killed server was doing are of several. */
const PARTITIONS = { HILUM_PARTITIONS: '4' }

test('links, sessions and page tokens of one server hold on the others, and throttles hold over all', {
  skip: nginxIsMissing,
}, async (t) => {
  const stores = await openSharedStores(t)
  const env = { ...OWN_KEYS, ...PARTITIONS, HILUM_TRUSTED_PROXY: '127.0.0.1', HILUM_AWS_QUOTAS: 'true' }
  const options = { env, limits: { serverBeatMs: 200, consoleLinks: 50 } }
  const [one, other] = await Promise.all([startShared(t, stores, options), startShared(t, stores, options)])
  const credentials = { accessKeyId: OWN_KEYS.HILUM_ACCESS_KEY_ID, secretAccessKey: OWN_KEYS.HILUM_SECRET_ACCESS_KEY }
  /** As the load balancer sends them to a server of its choice. */
  const byProxy = { 'x-forwarded-for': '10.9.8.7', 'x-forwarded-proto': 'https' }
  const at = ({ endpoint }: { readonly endpoint: string }) => ({ endpoint, region: 'us-east-1', credentials })
  const link = async (server: { readonly endpoint: string }): Promise<string> => {
    const reply = await signedFetch(at(server), { method: 'POST', path: '/hilum/console-link', headers: byProxy })
    return ((await reply.json()) as { readonly token: string }).token
  }
  const redeem = ({ endpoint }: { readonly endpoint: string }, token: string) =>
    fetch(`${endpoint}/hilum/console-link/redeem`, {
      ...{
        method: 'POST',
        headers: { 'content-type': 'application/json', ...byProxy },
        body: JSON.stringify({ token }),
      },
    })

  // Of one server, opened on the other: once, though both are asked at the same time.
  const token = await link(one)
  const replies = await Promise.all(Array.from({ length: 8 }, (_, at) => redeem(at % 2 === 0 ? one : other, token)))
  const accepted = replies.filter(({ status }) => status === 200)
  assert.equal(accepted.length, 1)
  const session = (await accepted[0]!.json()) as typeof credentials & { readonly sessionToken: string }
  for (const server of [one, other]) await clientOf(t, server, session).send(new ListDatastoresCommand({}))

  const balancer = await startBalancer(t, { ports: [one.port, other.port], keepAlive: '1s' })
  const through = clientOf(t, balancer)
  const { datastoreId } = await through.send(new CreateDatastoreCommand({ datastoreName: 'shared' }))
  await untilActive(through, datastoreId!)
  // CreateDatastore takes one token, and another one after 12 s; each of two servers has half of that.
  const created = async (client: MedicalImagingClient) => {
    for (let count = 0; ; count++) {
      const refused = await client.send(new CreateDatastoreCommand({ datastoreName: 'more' })).then(
        () => undefined,
        (error: Error) => error.name,
      )
      if (refused !== undefined) {
        assert.equal(refused, 'ThrottlingException')
        return count
      }
    }
  }
  const counts = [await created(clientOf(t, one)), await created(clientOf(t, other))]
  const sum = counts[0]! + counts[1]!
  assert.ok(sum === 1 || sum === 2, `one server has its token, the other may have the next: ${counts}`)
  const { nextToken } = await clientOf(t, one).send(new ListDatastoresCommand({ maxResults: 1 }))
  const rest = await clientOf(t, other).send(new ListDatastoresCommand({ maxResults: 1, nextToken }))
  assert.equal(rest.datastoreSummaries?.length, 1)

  // GetDatastore: 20 at once and 10 a second, over both.
  const clients = [clientOf(t, one), clientOf(t, other)]
  const begunAt = performance.now()
  const taken = await Promise.all(
    Array.from({ length: 80 }, async (_, at) =>
      clients[at % 2]!.send(new GetDatastoreCommand({ datastoreId })).then(
        () => 1,
        () => 0,
      ),
    ),
  )
  const seconds = (performance.now() - begunAt) / 1000
  const count = taken.reduce<number>((sum, each) => sum + each, 0)
  assert.ok(count > 0 && count <= 20 + 10 * seconds + 1, `${count} in ${seconds} s`)
})

test('a killed server gives its job back though the lease is long, and clocks five minutes apart change nothing', {
  skip: storesAreMissing,
}, async (t) => {
  const stores = await openSharedStores(t)
  const files = 80
  await stores.putFiles('scans/', files)
  // Only the signs of life can end a lease in this time.
  const limits = { importLeaseMs: 3_600_000, serverBeatMs: 200, serverSilenceMs: 2_000, importFilesPerBatch: 2 }
  const [ahead, right] = await Promise.all([
    startShared(t, stores, { env: { ...OWN_KEYS, ...PARTITIONS, ...clockAhead() }, limits }),
    startShared(t, stores, { env: { ...OWN_KEYS, ...PARTITIONS }, limits }),
  ])
  assert.match(ahead.server.output(), /the clock of this machine is (299|300) s ahead of that of PostgreSQL/)
  const [client, other] = [clientOf(t, ahead), clientOf(t, right)]
  const { datastoreId } = await client.send(new CreateDatastoreCommand({ datastoreName: 'shared' }))
  await untilActive(client, datastoreId!)
  const { jobId, submittedAt } = await client.send(
    new StartDICOMImportJobCommand({
      datastoreId,
      clientToken: 'job',
      dataAccessRoleArn: 'arn:aws:iam::000000000000:role/import',
      inputS3Uri: `s3://${stores.bucket}/scans/`,
      outputS3Uri: `s3://${stores.bucket}/out/`,
    }),
  )
  assert.ok(submittedAt!.getTime() < Date.now() + AHEAD_MS / 2, 'times are those of the database')

  // Whichever claims the job dies, and the other one ends it.
  const database = new pg.Client(stores.catalog)
  await database.connect()
  for (;;) {
    const { rows } = await database.query(
      `SELECT server_name FROM import_jobs JOIN servers ON worker_ids LIKE '%' || substr(lease_owner, 1, 32) || '%'
       WHERE files_done > 0`,
    )
    if (rows.length === 1) {
      const victim = rows[0].server_name.endsWith(`:${ahead.port}`) ? ahead : right
      victim.server.child.kill('SIGKILL')
      await victim.server.ended
      const survivor = victim === ahead ? other : client
      const { rows: running } = await database.query('SELECT 1 FROM import_jobs WHERE ended_at IS NULL')
      assert.equal(running.length, 1, 'it was killed during the job')
      await database.end()
      return await untilWhole(survivor)
    }
    await setTimeout(5)
  }

  async function untilWhole(survivor: MedicalImagingClient): Promise<void> {
    for (let status: string | undefined = 'IN_PROGRESS'; status !== 'COMPLETED'; await setTimeout(50)) {
      const { jobProperties } = await survivor.send(new GetDICOMImportJobCommand({ datastoreId, jobId }))
      status = jobProperties?.jobStatus
      assert.notEqual(status, 'FAILED')
    }
    const series: (string | undefined)[] = []
    for (let nextToken: string | undefined, isFirst = true; isFirst || nextToken !== undefined; isFirst = false) {
      const found = await survivor.send(new SearchImageSetsCommand({ datastoreId, nextToken, maxResults: 50 }))
      for (const { DICOMTags, createdAt } of found.imageSetsMetadataSummaries ?? []) {
        series.push(DICOMTags?.DICOMSeriesInstanceUID)
        assert.ok(createdAt!.getTime() < Date.now() + AHEAD_MS / 2)
      }
      nextToken = found.nextToken
    }
    assert.equal(series.length, files)
    assert.equal(new Set(series).size, files)
  }
})
