/** Two servers on one PostgreSQL database: principals are the same in both, and stop in both. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ListDatastoresCommand, MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { signedFetch } from '../cli/client/signed-fetch.ts'
import { openPostgres, openS3 } from '../fixtures/shared-servers.ts'
import { startServer } from '../main.ts'
import { s3IsMissing } from '../stores/blobs/s3/s3.fixture.ts'
import { postgresIsMissing } from '../stores/sql/engine/postgres/postgres.fixture.ts'
import { loadConfig } from './config.ts'
import { openLog } from './log.ts'

const OWNER = { accessKeyId: 'HILUMTESTACCESSKEY', secretAccessKey: 'a-secret-of-the-tests' }

test('a principal that one server disables stops in the other within five seconds', {
  skip: postgresIsMissing ?? s3IsMissing ?? false,
}, async (context) => {
  const database = await openPostgres()
  context.after(() => database.remove())
  const url = await database.newDatabase()
  const s3 = await openS3()
  context.after(() => s3.stop())
  const blobs = `s3://${await s3.newBucket()}`
  async function start() {
    const folder = await mkdtemp(join(tmpdir(), 'hilum-access-'))
    const env = {
      HILUM_CATALOG: url,
      HILUM_ACCESS_KEY_ID: OWNER.accessKeyId,
      HILUM_SECRET_ACCESS_KEY: OWNER.secretAccessKey,
      HILUM_SEALING_KEY: 'ab'.repeat(32),
      HILUM_BLOBS: blobs,
      HILUM_S3_ENDPOINT: s3.place.endpoint,
      HILUM_S3_ACCESS_KEY_ID: s3.place.accessKeyId,
      HILUM_S3_SECRET_ACCESS_KEY: s3.place.secretAccessKey,
      // Servers that encrypt share a key ring, which this test is not about.
      HILUM_ENCRYPTION: 'none',
    }
    const config = loadConfig({ cwd: folder, env, flags: { data: folder, port: '0', host: ['127.0.0.1'] } })
    const server = await startServer(config, { log: openLog({ logLevel: 'error' }) })
    context.after(async () => {
      await server.stop()
      await rm(folder, { recursive: true })
    })
    const { endpoint, region } = server
    return { endpoint, region, credentials: OWNER }
  }
  const [one, other] = [await start(), await start()]
  const policies = [{ policyName: 'AWSHealthImagingReadOnlyAccess' }]
  const body = JSON.stringify({ principalName: 'mary', policies })
  const created = await signedFetch(one, { method: 'POST', path: '/hilum/principals', body })
  assert.equal(created.status, 200)
  const credentials = (await created.json()) as typeof OWNER
  const list = async ({ endpoint, region }: typeof one): Promise<string> => {
    const client = new MedicalImagingClient({ endpoint, region, credentials, maxAttempts: 1 })
    try {
      await client.send(new ListDatastoresCommand({}))
      return 'listed'
    } catch (error) {
      return (error as Error).name
    } finally {
      client.destroy()
    }
  }
  assert.deepEqual([await list(one), await list(other)], ['listed', 'listed'])

  const disabled = await signedFetch(one, { method: 'POST', path: '/hilum/principals/mary/disable' })
  const disabledAt = performance.now()
  assert.equal(disabled.status, 204)
  assert.equal(await list(one), 'UnrecognizedClientException')
  while ((await list(other)) === 'listed') {
    assert.ok(performance.now() - disabledAt < 5_000)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
})
