/**
 * Servers on one PostgreSQL and one S3 are killed at random under a mixed load on a data store with four partitions, while the others go on: nothing
 * that any of them acknowledged is lost, and nothing is there twice.
 */
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { startHilumProcess } from '../fixtures/hilum-process.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { isSoak } from '../fixtures/soak.ts'
import { LOAD_KEYS, MixedLoad, MOSTLY_WRITING } from '../server/mixed-load.fixture.ts'
import { OWN_KEYS, openSharedStores, type SharedServer, startShared, storesAreMissing } from './servers.fixture.ts'

const ROUNDS = isSoak ? 60 : 1
const SERVERS = isSoak ? 3 : 2
const CLIENTS = isSoak ? 8 : 4
/** Before each kill, and after it by the servers that are left. */
const ANSWERS_MIN = 5
const ANSWERS_MAX = isSoak ? 120 : 20
const LIMITS = {
  ...{ serverBeatMs: 200, serverSilenceMs: 2_000, importLeaseMs: 60_000, workflowLeaseMs: 60_000 },
  // The kills are not the fault of a file.
  importAttempts: 1_000,
  workflowAttempts: 1_000,
}

test(
  'nothing acknowledged is lost when servers of one catalog are killed at random',
  { skip: storesAreMissing },
  killServers,
)

async function killServers(t: TestContext): Promise<void> {
  const stores = await openSharedStores(t)
  const env = { ...stores.env, ...OWN_KEYS, HILUM_PARTITIONS: '4' }
  assert.equal(OWN_KEYS.HILUM_ACCESS_KEY_ID, LOAD_KEYS.accessKeyId)
  const startOne = () => startShared(t, { env }, { limits: LIMITS })
  const servers: SharedServer[] = [await startOne()]
  servers.push(...(await Promise.all(Array.from({ length: SERVERS - 1 }, startOne))))
  const load = new MixedLoad({ input: stores, mix: MOSTLY_WRITING })
  t.after(() => load.close())
  const connect = () =>
    load.connect(
      servers.map(({ endpoint }) => endpoint),
      CLIENTS,
    )
  connect()
  await load.prepare()
  for (let round = 0; round < ROUNDS; round++) {
    let isOver = false
    const running = load.run({ clients: CLIENTS, isOver: () => isOver, mayBreak: true })
    // By answers, not by time: a slow machine gets as many.
    const answered = async () => {
      const until = load.answers.count + ANSWERS_MIN + Math.random() * (ANSWERS_MAX - ANSWERS_MIN)
      while (load.answers.count < until) await Promise.race([setTimeout(2), running])
    }
    await answered()
    const at = Math.floor(Math.random() * servers.length)
    servers[at]!.server.child.kill('SIGKILL')
    await servers[at]!.server.ended
    await answered()
    isOver = true
    await running
    servers[at] = await servers[at]!.again()
    connect()
    await load.checkTags()
    if (round % 20 === 19) await load.checkAll()
  }
  await load.checkAll()
  await assertEachOnce(stores.catalog)
  const { jobs, ...others } = load.acknowledged
  // In a few rounds no tag may be written, and no copy complete long enough to be deleted.
  for (const [what, count] of Object.entries({ jobs, ...(isSoak && others) })) assert.ok(count > 0, `no ${what}`)
  const { count, broken, refused } = load.answers
  const facts = { rounds: ROUNDS, servers: SERVERS, answers: count, broken, refused: Object.fromEntries(refused) }
  t.diagnostic(JSON.stringify({ ...facts, ...load.acknowledged }))

  for (const { server } of servers) server.child.kill('SIGTERM')
  await Promise.all(servers.map(({ server }) => server.ended))
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-servers-'))
  removeAtExit(cwd)
  const { ended, output } = startHilumProcess(t, ['verify'], { cwd, env })
  assert.equal(await ended, 0, output())
}

/** Over all partitions: each primary series has one image set, each instance one row in its image set. */
async function assertEachOnce(catalog: string): Promise<void> {
  const database = new pg.Client(catalog)
  await database.connect()
  try {
    const schemas = ['hilum_001', 'hilum_002', 'hilum_003', 'hilum_004']
    const series = schemas.map(
      (schema) =>
        `SELECT series_instance_uid AS uid FROM ${schema}.image_sets WHERE is_primary = 1 AND deleted_at IS NULL`,
    )
    const twice = await database.query(
      `SELECT uid FROM (${series.join(' UNION ALL ')}) AS all_series GROUP BY uid HAVING count(*) > 1`,
    )
    assert.deepEqual(twice.rows, [], 'a series has one primary image set')
    for (const schema of schemas) {
      const again = await database.query(
        `SELECT row_id, sop_instance_uid FROM ${schema}.instances WHERE removed_in IS NULL
         GROUP BY row_id, sop_instance_uid HAVING count(*) > 1`,
      )
      assert.deepEqual(again.rows, [], `${schema}: an instance is in its image set once`)
    }
  } finally {
    await database.end()
  }
}
