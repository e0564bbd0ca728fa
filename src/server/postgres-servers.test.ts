/** Two servers on one PostgreSQL database, also while it is unavailable and after its recovery. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  CreateDatastoreCommand,
  GetDatastoreCommand,
  MedicalImagingClient,
  type MedicalImagingServiceException,
} from '@aws-sdk/client-medical-imaging'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { openS3 } from '../fixtures/shared-servers.ts'
import { startServer } from '../main.ts'
import { s3IsMissing } from '../stores/blobs/s3/s3.fixture.ts'
import { postgresIsMissing, startPostgres } from '../stores/sql/engine/postgres/postgres.fixture.ts'
import { loadConfig } from './config.ts'
import { openLog } from './log.ts'

test('servers that share a database act as one, and return 503 while it is unavailable', {
  skip: postgresIsMissing ?? s3IsMissing ?? false,
}, async (context) => {
  const database = await startPostgres()
  context.after(() => database.remove())
  const url = await database.newDatabase()
  const s3 = await openS3()
  context.after(() => s3.stop())
  const blobs = `s3://${await s3.newBucket()}`
  const keys = { accessKeyId: 'HILUMTESTACCESSKEY', secretAccessKey: 'a secret of tests'.replaceAll(' ', '-') }
  const clients: MedicalImagingClient[] = []
  const ringFolder = await mkdtemp(join(tmpdir(), 'hilum-servers-keys-'))
  removeAtExit(ringFolder)
  for (const _ of [1, 2]) {
    const folder = await mkdtemp(join(tmpdir(), 'hilum-servers-'))
    const env = {
      HILUM_CATALOG: url,
      HILUM_SEALING_KEY: 'ab'.repeat(32),
      HILUM_BLOBS: blobs,
      HILUM_S3_ENDPOINT: s3.place.endpoint,
      HILUM_S3_ACCESS_KEY_ID: s3.place.accessKeyId,
      HILUM_S3_SECRET_ACCESS_KEY: s3.place.secretAccessKey,
      HILUM_KEY_RING: join(ringFolder, 'ring.json'),
      HILUM_ACCESS_KEY_ID: keys.accessKeyId,
      HILUM_SECRET_ACCESS_KEY: keys.secretAccessKey,
    }
    const flags = { data: folder, port: '0', host: ['127.0.0.1'] }
    const config = loadConfig({ cwd: folder, env, flags })
    // Errors while the database is unavailable are expected.
    const server = await startServer(config, { log: { ...openLog({ logLevel: 'error' }), error: () => {} } })
    context.after(async () => {
      await server.stop()
      await rm(folder, { recursive: true })
    })
    const { endpoint, region } = server
    clients.push(new MedicalImagingClient({ endpoint, region, credentials: keys, maxAttempts: 1 }))
  }
  const [one, other] = clients as [MedicalImagingClient, MedicalImagingClient]
  const { datastoreId } = await one.send(new CreateDatastoreCommand({ datastoreName: 'shared', clientToken: 't' }))
  const get = () => other.send(new GetDatastoreCommand({ datastoreId }))
  assert.equal((await get()).datastoreProperties?.datastoreName, 'shared')
  const again = await other.send(new CreateDatastoreCommand({ datastoreName: 'shared', clientToken: 't' }))
  assert.equal(again.datastoreId, datastoreId)

  await database.kill()
  await assert.rejects(get, (error: MedicalImagingServiceException) => {
    assert.equal(error.name, 'ServiceUnavailableException')
    assert.equal(error.$metadata.httpStatusCode, 503)
    return true
  })
  await database.start()
  assert.equal((await get()).datastoreProperties?.datastoreName, 'shared')
})
