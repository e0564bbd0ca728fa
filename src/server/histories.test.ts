/** Histories of image sets on complete servers: SQLite with import threads, PostgreSQL, and Citus; with one partition and with several. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import fc from 'fast-check'
import { interleave } from '../../acceptance/histories/interleave.ts'
import { Player } from '../../acceptance/histories/play.ts'
import { step } from '../../acceptance/histories/steps.ts'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import type { Hilum, TestServer } from '../../acceptance/support/hilum.ts'
import { citusIsMissing, openCitus } from '../fixtures/citus.ts'
import { openPostgres } from '../fixtures/shared-servers.ts'
import { isSoak, sample } from '../fixtures/soak.ts'
import { startServer } from '../main.ts'
import { postgresIsMissing } from '../stores/sql/engine/postgres/postgres.fixture.ts'
import { loadConfig } from './config.ts'
import { openLog } from './log.ts'

const requestedRuns = Number(process.env.HILUM_HISTORIES ?? 0)
const KEYS = { accessKeyId: 'HILUMTESTACCESSKEY', secretAccessKey: 'a-secret-of-tests' }

/** A server in its own folder, which is removed afterwards. */
async function withServer(
  { catalog, partitions }: { readonly catalog: string | undefined; readonly partitions: number },
  work: (server: TestServer) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-histories-'))
  const env = {
    ...(catalog === undefined ? {} : { HILUM_CATALOG: catalog }),
    HILUM_LOG_LEVEL: 'error',
    HILUM_PARTITIONS: String(partitions),
    HILUM_ACCESS_KEY_ID: KEYS.accessKeyId,
    HILUM_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
  }
  const config = loadConfig({ cwd: folder, env, flags: { data: folder, port: '0', host: ['127.0.0.1'] } })
  const server = await startServer(config, { log: openLog({ logLevel: 'error' }) })
  const client = {
    endpoint: server.endpoint,
    region: server.region,
    credentials: KEYS,
    disableHostPrefix: true,
  } as const
  const sdk = new MedicalImagingClient({ ...client, maxAttempts: 1 })
  const inBucket = (bucket: string, key: string) => join(folder, 'buckets', bucket, key)
  const hilum: Hilum = {
    ...{ endpoint: server.endpoint, client, stop: server.stop },
    async createBucket(bucket) {
      await mkdir(inBucket(bucket, ''), { recursive: true })
    },
    async putObject(bucket, key, bytes) {
      await mkdir(dirname(inBucket(bucket, key)), { recursive: true })
      await writeFile(inBucket(bucket, key), bytes)
    },
    getObject: (bucket, key) => readFile(inBucket(bucket, key)).catch(() => undefined),
    reset: () => Promise.reject(new Error('a server is not reset')),
  }
  try {
    await work({ sdk, hilum })
  } finally {
    sdk.destroy()
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function play(server: TestServer, context: TestContext): Promise<void> {
  const events = new Map<string, number>()
  const onEvent = (event: string) => events.set(event, (events.get(event) ?? 0) + 1)
  const history = fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 30, size: 'max' }), async (steps) => {
    const player = new Player({ server, datastoreId: await activeDatastore(server.sdk), onEvent })
    for (const each of steps) await player.play(each)
    await player.compareAll()
  })
  await fc.assert(history, {
    ...(requestedRuns > 0 ? { numRuns: requestedRuns } : { numRuns: 1, seed: 20260402 }),
    endOnFailure: requestedRuns === 0,
  })
  context.diagnostic(JSON.stringify(Object.fromEntries([...events].sort())))
  context.diagnostic(await interleave(server, requestedRuns > 0 ? requestedRuns : undefined))
}

/** acceptance/histories/ has one partition on SQLite. */
for (const partitions of isSoak ? [2, 1] : [2]) {
  test(`a server on SQLite with ${partitions} partitions`, async (context) => {
    await withServer({ catalog: undefined, partitions }, (server) => play(server, context))
  })
}

/** The second one in a thorough run. */
for (const partitions of sample([4, 1], 2)) {
  const name = `a server on PostgreSQL with ${partitions} partitions`
  test(name, { skip: postgresIsMissing ?? false }, async (context) => {
    const postgres = await openPostgres()
    try {
      await withServer({ catalog: await postgres.newDatabase(), partitions }, (server) => play(server, context))
    } finally {
      await postgres.remove()
    }
  })
}

test('a server on Citus with four partitions', { skip: citusIsMissing ?? false }, async (context) => {
  const citus = await openCitus()
  try {
    await withServer({ catalog: await citus.newDatabase(), partitions: 4 }, (server) => play(server, context))
  } finally {
    await citus.remove()
  }
})
