/** The health, readiness and metrics of a server. */
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { CreateDatastoreCommand, GetDatastoreCommand, SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import { openClient } from '../cli/client/client.ts'
import { signedFetch } from '../cli/client/signed-fetch.ts'
import { startHilumProcess } from '../fixtures/hilum-process.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { monitoringHandler } from '../protocols/monitoring.ts'
import { NO_AUDIT_LOG } from '../security/audit/audit-log.ts'
import { openMemoryBlobs } from '../stores/blobs/memory/memory-blobs.ts'
import { openSqliteCatalog } from '../stores/sql/open-sqlite.ts'
import { newId } from './new-id.ts'
import { createReadiness } from './readiness.ts'

test('a server reports its health, and counts its requests', async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-monitoring-'))
  removeAtExit(cwd)
  const credentials = { accessKeyId: 'HILUMTESTACCESSKEY', secretAccessKey: 'a-secret-of-tests' }
  const env = {
    ...{ HILUM_ACCESS_KEY_ID: credentials.accessKeyId, HILUM_SECRET_ACCESS_KEY: credentials.secretAccessKey },
    HILUM_PARTITIONS: '2',
  }
  const server = startHilumProcess(t, ['serve', '--data', 'data', '--port', '0', '--host', '127.0.0.1'], { cwd, env })
  const [, endpoint] = await server.printed(/^Hilum answers at (http:\S+)/m)
  const get = async (path: string) => {
    const reply = await fetch(`${endpoint}${path}`)
    return { status: reply.status, text: await reply.text() }
  }
  assert.deepEqual(await get('/healthz'), { status: 200, text: 'ok\n' })
  assert.deepEqual(await get('/readyz'), { status: 200, text: 'ok\n' })
  const client = openClient({ endpoint: endpoint!, region: 'us-east-1', credentials })
  const { datastoreId } = await client.send(new CreateDatastoreCommand({ datastoreName: 'mine' }))
  const datastoreStatus = async () =>
    (await client.send(new GetDatastoreCommand({ datastoreId }))).datastoreProperties?.datastoreStatus
  while ((await datastoreStatus()) !== 'ACTIVE') await setTimeout(20)
  await client.send(new SearchImageSetsCommand({ datastoreId }))
  client.destroy()
  const at = { endpoint: endpoint!, region: 'us-east-1', credentials }
  const { uploadId } = (await (await signedFetch(at, { method: 'POST', path: '/hilum/uploads' })).json()) as {
    uploadId: string
  }
  await signedFetch(at, { method: 'PUT', path: `/hilum/uploads/${uploadId}/a.dcm`, body: 'bytes' })
  await get('/datastore')
  const { status, text } = await get('/metrics')
  assert.equal(status, 200)
  for (const line of [
    'hilum_requests_total{operation="CreateDatastore",status="2xx"} 1',
    'hilum_requests_total{operation="ListDatastores",status="4xx"} 1',
    'hilum_request_duration_seconds_count{operation="CreateDatastore"} 1',
    'hilum_requests_in_flight 1',
    `hilum_image_sets{datastore_id="${datastoreId}",is_primary="true"} 0`,
    `hilum_stored_bytes{datastore_id="${datastoreId}"} 0`,
    'hilum_import_queue_age_seconds 0',
    'hilum_uploads 1',
    'hilum_upload_bytes 5',
    'hilum_audit_log_writable 1',
    'hilum_catalog_up 1',
    'hilum_partition_up{partition="1"} 1',
    'hilum_partition_up{partition="2"} 1',
    'hilum_partition_searches_total{partition="2"} 1',
  ]) {
    assert.ok(text.split('\n').includes(line), `${line} is missing in:\n${text}`)
  }
  assert.match(text, /^hilum_partition_round_trip_seconds\{partition="1"\} [\d.e-]+$/m)
})

test('other machines get no metrics, unless they are public', async () => {
  const monitoring = {
    readiness: async () => ({ failing: [], awayPartitions: [] }),
    metrics: async () => ({ contentType: 'text/plain', text: 'a 1\n' }),
  }
  const ask = (isPublic: boolean, remoteAddress: string) =>
    monitoringHandler({ ...monitoring, isPublic })({
      ...{ method: 'GET', target: '/metrics', headers: { host: '127.0.0.1:8104' }, remoteAddress },
      body: { read: async () => new Uint8Array(), stream: async function* () {} },
    })
  assert.equal((await ask(false, '192.0.2.1')).status, 403)
  assert.equal((await ask(false, '::1')).status, 200)
  assert.equal((await ask(true, '192.0.2.1')).status, 200)
})

test('a server is not ready while a part does not answer, and the part is named', async () => {
  const catalog = await openSqliteCatalog({ path: ':memory:', newId })
  const blobs = openMemoryBlobs()
  const failing = async (audit: { readonly failure?: string }) => {
    const app = { catalog, blobs, audit: { ...NO_AUDIT_LOG, ...audit } }
    return (await createReadiness(app)()).failing
  }
  assert.deepEqual(await failing({}), [])
  assert.deepEqual(await failing({ failure: 'ENOSPC' }), ['audit log'])
  await catalog.close()
  assert.deepEqual(await failing({}), ['catalog'])
})

test('a server is ready while a partition is away, and says which', async () => {
  const ask = (failing: readonly string[]) =>
    monitoringHandler({
      readiness: async () => ({ failing, awayPartitions: [2, 5] }),
      metrics: async () => ({ contentType: 'text/plain', text: '' }),
      isPublic: false,
    })({
      ...{ method: 'GET', target: '/readyz', headers: { host: '127.0.0.1:8104' }, remoteAddress: '::1' },
      body: { read: async () => new Uint8Array(), stream: async function* () {} },
    })
  const ready = await ask([])
  assert.equal(ready.status, 200)
  assert.equal(ready.body, 'ok, but away: partition 2, partition 5\n')
  assert.equal((await ask(['blobs'])).status, 503)
})
