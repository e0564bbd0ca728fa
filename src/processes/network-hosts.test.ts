/**
 * Two servers on hosts of their own, one of them with a clock five minutes ahead, and a data store with four partitions. One host is cut off from
 * PostgreSQL, from S3 and from everything, by a network that loses all packets.
 */
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  CreateDatastoreCommand,
  GetDatastoreCommand,
  GetDICOMImportJobCommand,
  GetImageSetMetadataCommand,
  ListTagsForResourceCommand,
  type MedicalImagingClient,
  type MedicalImagingServiceException,
  SearchImageSetsCommand,
  StartDICOMImportJobCommand,
  TagResourceCommand,
} from '@aws-sdk/client-medical-imaging'
import pg from 'pg'
import { hostsAreMissing, type NetworkHost, openNetworks } from '../fixtures/network-hosts.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { openS3 } from '../fixtures/shared-servers.ts'
import { isThorough } from '../fixtures/soak.ts'
import { startPostgres } from '../stores/sql/engine/postgres/postgres.fixture.ts'
import {
  clientOf,
  clockAhead,
  OWN_KEYS,
  openSharedStores,
  startShared,
  storesAreMissing,
  untilActive,
} from './servers.fixture.ts'

const [DATABASE, S3, CLIENTS] = ['database', 's3', 'clients'] as const
const FILES = 60
/** Short, so that what is lost ends soon, and long enough for a busy machine to connect in. Leases end by signs of life only. */
const LIMITS = {
  ...{ catalogStatementTimeoutMs: 4_000, catalogConnectTimeoutMs: 4_000 },
  ...{ s3ConnectTimeoutMs: 3_000, s3SilenceTimeoutMs: 4_000, decryptedCacheBytes: 1 },
  ...{ serverBeatMs: 200, serverSilenceMs: 4_000, importLeaseMs: 3_600_000, importFilesPerBatch: 2 },
}

/** PostgreSQL and S3 here, at the addresses of the networks that lead to them. */
async function storesIn(t: TestContext, addressIn: (network: string) => string) {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-hosts-'))
  removeAtExit(folder)
  const access = join(folder, 'pg_hba.conf')
  writeFileSync(access, 'host all all 0.0.0.0/0 trust\n', { mode: 0o644 })
  // PostgreSQL runs as another user.
  chmodSync(folder, 0o755)
  const address = addressIn(DATABASE)
  const started = Promise.all([
    startPostgres([`listen_addresses=127.0.0.1,${address}`, `hba_file=${access}`]),
    openS3(addressIn(S3)),
  ])
  const stores = await openSharedStores(t, started)
  const catalog = Object.assign(new URL(stores.catalog), { hostname: address }).href
  const env = {
    ...{ ...stores.env, ...OWN_KEYS, HILUM_CATALOG: catalog, HILUM_PARTITIONS: '4' },
    ...{ HILUM_ALLOW_PLAIN_POSTGRESQL: 'true', HILUM_ALLOW_PLAIN_HTTP: 'true' },
  }
  return { ...stores, env }
}

const nameOf = (request: Promise<unknown>): Promise<string> =>
  request.then(
    () => 'answered',
    ({ name, $metadata }: MedicalImagingServiceException) => `${name} ${$metadata?.httpStatusCode}`,
  )
const UNAVAILABLE = 'ServiceUnavailableException 503'

const name =
  'a host that the network cuts off from PostgreSQL, from S3 and from all loses nothing, and the other host goes on'

test(
  name,
  { skip: isThorough ? storesAreMissing || hostsAreMissing : 'half a minute, with HILUM_CI=1 only' },
  loseNothing,
)

async function loseNothing(t: TestContext): Promise<void> {
  const { hosts, addressIn } = openNetworks(t, { hosts: 2, networks: [DATABASE, S3, CLIENTS] })
  const stores = await storesIn(t, addressIn)
  for (const prefix of ['one/', 'two/', 'three/']) await stores.putFiles(prefix, FILES)
  const startOn = (host: NetworkHost, env: Readonly<Record<string, string>> = {}) =>
    startShared(t, stores, { env, limits: LIMITS, on: { address: host.addressIn(CLIENTS), group: host } })
  const [cutHost, wholeHost] = hosts as [NetworkHost, NetworkHost]
  const cut = await startOn(cutHost, clockAhead())
  const whole = await startOn(wholeHost)
  const [client, other] = [clientOf(t, cut), clientOf(t, whole)]
  const database = new pg.Client(stores.catalog)
  await database.connect()
  // PostgreSQL may be stopped first.
  database.on('error', () => {})
  t.after(() => database.end().catch(() => {}))

  const { datastoreId } = await client.send(new CreateDatastoreCommand({ datastoreName: 'shared' }))
  await untilActive(client, datastoreId!)
  const resourceArn = `arn:aws:medical-imaging:us-east-1:000000000000:datastore/${datastoreId}`
  const acknowledged: Record<string, string> = {}
  const tag = async (by: MedicalImagingClient, key: string) => {
    await by.send(new TagResourceCommand({ resourceArn, tags: { [key]: key } }))
    acknowledged[key] = key
  }
  const assertTags = async (by: MedicalImagingClient) =>
    assert.deepEqual((await by.send(new ListTagsForResourceCommand({ resourceArn }))).tags, acknowledged)
  const startJob = async (prefix: string) => {
    const { jobId } = await client.send(
      new StartDICOMImportJobCommand({
        ...{
          datastoreId,
          clientToken: prefix.replace('/', ''),
          dataAccessRoleArn: 'arn:aws:iam::000000000000:role/import',
        },
        ...{ inputS3Uri: `s3://${stores.bucket}/${prefix}`, outputS3Uri: `s3://${stores.bucket}/out/` },
      }),
    )
    return jobId!
  }
  /** Until the server that will be cut off has recorded something of the job; undefined if another one has the job, or it has ended. */
  const begunByCut = async (jobId: string): Promise<true | undefined> => {
    for (;;) {
      const { rows } = await database.query(
        `SELECT files_done, ended_at, server_name FROM import_jobs
         LEFT JOIN servers ON worker_ids LIKE '%' || substr(lease_owner, 1, 32) || '%' WHERE job_id = $1`,
        [jobId],
      )
      const [{ files_done, ended_at, server_name }] = rows
      if (ended_at !== null) return undefined
      if (Number(files_done) > 0 && server_name !== null) return server_name.endsWith(`:${cut.port}`) ? true : undefined
      await setTimeout(5)
    }
  }
  const completed = async (by: MedicalImagingClient, jobId: string) => {
    for (;;) {
      const { jobProperties } = await by.send(new GetDICOMImportJobCommand({ datastoreId, jobId }))
      assert.notEqual(jobProperties?.jobStatus, 'FAILED', jobProperties?.message)
      if (jobProperties?.jobStatus === 'COMPLETED') return
      await setTimeout(50)
    }
  }
  /** Every series once, whichever job imported it: the three have the same files. */
  const assertSeries = async (by: MedicalImagingClient) => {
    const series: string[] = []
    for (let nextToken: string | undefined, isFirst = true; isFirst || nextToken !== undefined; isFirst = false) {
      const found = await by.send(new SearchImageSetsCommand({ datastoreId, nextToken, maxResults: 50 }))
      for (const { DICOMTags } of found.imageSetsMetadataSummaries!) series.push(DICOMTags!.DICOMSeriesInstanceUID!)
      nextToken = found.nextToken
    }
    assert.deepEqual([series.length, new Set(series).size], [FILES, FILES])
  }
  const untilReady = async (answer: string) => {
    for (;;) {
      const reply = await fetch(`${cut.endpoint}/readyz`)
      if (`${reply.status} ${(await reply.text()).trim()}` === answer) return
      await setTimeout(100)
    }
  }
  const tookOver: string[] = []

  // From PostgreSQL, in the middle of a job.
  await tag(client, 'before')
  const first = await startJob('one/')
  if (await begunByCut(first)) tookOver.push('PostgreSQL')
  cutHost.cutOff(DATABASE)
  const names = await Promise.all([
    nameOf(client.send(new GetDatastoreCommand({ datastoreId }))),
    nameOf(client.send(new SearchImageSetsCommand({ datastoreId }))),
    nameOf(client.send(new TagResourceCommand({ resourceArn, tags: { unknown: 'x' } }))),
    tag(other, 'during').then(() => 'answered'),
  ])
  assert.deepEqual(names, [UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, 'answered'])
  await untilReady('503 not ready: catalog')
  await completed(other, first)
  await assertSeries(other)
  cutHost.reconnect(DATABASE)
  await untilReady('200 ok')
  // The write that was not acknowledged may have been made or not.
  const { tags } = await client.send(new ListTagsForResourceCommand({ resourceArn }))
  if (tags!.unknown !== undefined) acknowledged.unknown = 'x'
  await assertTags(client)
  await assertTags(other)

  // From S3: what needs no bytes is answered.
  const { imageSetsMetadataSummaries } = await client.send(new SearchImageSetsCommand({ datastoreId }))
  const { imageSetId } = imageSetsMetadataSummaries![0]!
  const bytesOf = async (by: MedicalImagingClient) => {
    const reply = await by.send(new GetImageSetMetadataCommand({ datastoreId, imageSetId }))
    return reply.imageSetMetadataBlob!.transformToByteArray()
  }
  const second = await startJob('two/')
  if (await begunByCut(second)) tookOver.push('S3')
  cutHost.cutOff(S3)
  assert.equal(await nameOf(bytesOf(client)), UNAVAILABLE)
  await untilReady('503 not ready: blobs')
  await tag(client, 'without-S3')
  await assertSeries(client)
  const expected = await bytesOf(other)
  cutHost.reconnect(S3)
  await untilReady('200 ok')
  assert.deepEqual(await bytesOf(client), expected)
  await completed(client, second)
  await assertSeries(client)

  // From all, in the middle of a job: as if the machine were gone.
  const third = await startJob('three/')
  if (await begunByCut(third)) tookOver.push('all')
  for (const network of [DATABASE, S3, CLIENTS]) cutHost.cutOff(network)
  await tag(other, 'alone')
  await completed(other, third)
  await assertSeries(other)
  await assertTags(other)
  for (const network of [DATABASE, S3, CLIENTS]) cutHost.reconnect(network)
  await untilReady('200 ok')
  await assertSeries(client)
  await assertTags(client)

  // Nothing is left behind in any partition.
  for (const schema of ['public', 'hilum_001', 'hilum_002', 'hilum_003', 'hilum_004']) {
    for (const table of ['import_files', 'import_groups']) {
      const { rows } = await database.query(`SELECT count(*)::int AS count FROM ${schema}.${table}`)
      assert.equal(rows[0].count, 0, `${schema}.${table}`)
    }
  }
  t.diagnostic(`jobs of the host that was cut off which another one had to take over: ${tookOver.join(', ') || 'none'}`)
}
