/** What is said again and again in the log is counted, and not written each time. */
import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { GetDatastoreCommand, MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { startHilumProcess } from '../fixtures/hilum-process.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { postgresIsMissing, startPostgres } from '../stores/sql/engine/postgres/postgres.fixture.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { RepeatedLines } from './repeated-lines.ts'

const REQUESTS = 1_000

test('a thousand requests that fail of one cause are a few lines, which count the others', {
  skip: postgresIsMissing ?? false,
}, async (context) => {
  const postgres = await startPostgres()
  context.after(() => postgres.remove())
  const cwd = await mkdtemp(join(tmpdir(), 'hilum-log-'))
  removeAtExit(cwd)
  const credentials = { accessKeyId: 'HILUMTESTACCESSKEY', secretAccessKey: 'a-secret-of-tests' }
  const server = startHilumProcess(context, ['serve', '--data', 'data', '--port', '0', '--host', '127.0.0.1'], {
    cwd,
    env: {
      HILUM_CATALOG: await postgres.newDatabase(),
      HILUM_ACCESS_KEY_ID: credentials.accessKeyId,
      HILUM_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
  })
  const [, endpoint] = await server.printed(/Hilum answers at (http:\S+:\d+)/)
  await postgres.kill()
  const client = new MedicalImagingClient({ endpoint: endpoint!, region: 'us-east-1', credentials, maxAttempts: 1 })
  context.after(() => client.destroy())
  const startedAt = performance.now()
  let failed = 0
  const ask = async () => {
    for (let request = 0; request < REQUESTS / 10; request++) {
      await client.send(new GetDatastoreCommand({ datastoreId: '0'.repeat(32) })).catch((error: Error) => {
        if (error.name === 'ServiceUnavailableException') failed += 1
      })
    }
  }
  await Promise.all(Array.from({ length: 10 }, ask))
  assert.equal(failed, REQUESTS)
  server.child.kill('SIGTERM')
  await server.ended
  const seconds = (performance.now() - startedAt) / 1_000
  const lines = server
    .output()
    .split('\n')
    .filter((line) => line.includes('an operation could not use a store'))
    .map((line) => JSON.parse(line) as { readonly reason: string; readonly leftOut?: number })
  const causes = new Set(lines.map(({ reason }) => reason))
  const most = causes.size * (Math.ceil(seconds) + 1)
  assert.ok(lines.length >= 1 && lines.length <= most, `${lines.length} lines of ${causes.size} causes in ${seconds} s`)
  const counted = lines.reduce((sum, { leftOut = 0 }) => sum + 1 + leftOut, 0)
  assert.equal(counted, REQUESTS, 'every one of them is written or counted')
})

test('other causes are written at once, and one that comes back later is written again', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const repeated = new RepeatedLines()
  const written: object[] = []
  const say = (fields: object, message = 'failed') =>
    repeated.write({ level: 'error', fields, message }, (line) => written.push(line))
  const away = () => new StoreUnavailable({ store: 'the catalog', reason: 'away', code: 'ECONNREFUSED' })
  for (const requestId of [1, 2, 3, 4]) say({ requestId, err: away() })
  say({ requestId: 5, err: new Error('something else') })
  say({ requestId: 6, err: away() }, 'could not answer')
  assert.deepEqual(
    written.map((line) => (line as { requestId: number }).requestId),
    [1, 5, 6],
  )
  written.length = 0
  context.mock.timers.tick(1_000)
  assert.deepEqual(
    written.map(({ err: _, ...line }: { err?: unknown }) => line),
    [{ requestId: 4, leftOut: 2 }],
  )
  written.length = 0
  context.mock.timers.tick(1_000)
  assert.deepEqual(written, [])
  say({ requestId: 7, err: away() })
  assert.equal(written.length, 1)
  say({ requestId: 8, err: away() })
  repeated.flush()
  assert.equal(written.length, 2)
})

test('damages of several frames are lines of their own', () => {
  const repeated = new RepeatedLines()
  const written: object[] = []
  for (const offsetBytes of [0, 100, 200]) {
    const line = { level: 'error', fields: { blobKey: 'a', offsetBytes }, message: 'ALARM' }
    for (const _ of [1, 2, 3]) repeated.write(line, (fields) => written.push(fields))
  }
  assert.equal(written.length, 3)
  repeated.flush()
  assert.equal(written.length, 6)
})
