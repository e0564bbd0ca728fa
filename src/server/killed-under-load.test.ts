/** A server with encryption is killed again and again under a mixed load: nothing that it acknowledged is lost, and `hilum verify` is clean. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { startHilumProcess } from '../fixtures/hilum-process.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { isSoak, isThorough } from '../fixtures/soak.ts'
import { folderInput } from './load-input.fixture.ts'
import { LOAD_KEYS, MixedLoad, MOSTLY_WRITING } from './mixed-load.fixture.ts'

const ROUNDS = isSoak ? 200 : isThorough ? 6 : 3
const CLIENTS = 12
/** Before each kill. */
const ANSWERS_MIN = 5
const ANSWERS_MAX = 150
/** Work of a killed server resumes sooner than usual, and the kills are not the fault of a file. */
const LIMITS = { importLeaseMs: 3_000, workflowLeaseMs: 3_000, importAttempts: 1_000, workflowAttempts: 1_000 }

interface Server {
  readonly processes: number
  readonly partitions: number
}

const SERVERS: readonly Server[] = [
  { processes: 1, partitions: 1 },
  { processes: 2, partitions: 2 },
]

for (const server of SERVERS) {
  const { processes, partitions } = server
  const name = `nothing acknowledged is lost when a server is killed again and again: ${processes} processes, ${partitions} partitions`
  test(name, (context) => killAgainAndAgain(context, server))
}

async function killAgainAndAgain(context: TestContext, { processes, partitions }: Server): Promise<void> {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-killed-'))
  removeAtExit(cwd)
  const env = { HILUM_ACCESS_KEY_ID: LOAD_KEYS.accessKeyId, HILUM_SECRET_ACCESS_KEY: LOAD_KEYS.secretAccessKey }
  mkdirSync(join(cwd, 'data'))
  writeFileSync(join(cwd, 'data/hilum.json'), JSON.stringify({ limits: LIMITS }))
  const load = new MixedLoad({ input: folderInput(join(cwd, 'data')), mix: MOSTLY_WRITING })
  context.after(() => load.close())
  const start = async () => {
    const words = ['serve', '--data', 'data', '--port', '0', '--host', '127.0.0.1', '--processes', `${processes}`]
    words.push('--partitions', `${partitions}`)
    const server = startHilumProcess(context, words, { cwd, env })
    const [, endpoint] = await server.printed(/Hilum answers at (http:\S+:\d+)/)
    load.connect(endpoint!, CLIENTS)
    return server
  }
  const verify = async () => {
    const { ended, output } = startHilumProcess(context, ['verify', '--data', 'data'], { cwd, env })
    assert.equal(await ended, 0, output())
  }
  let server = await start()
  await load.prepare()
  for (let round = 1; round <= ROUNDS; round++) {
    let isKilled = false
    const running = load.run({ clients: CLIENTS, isOver: () => isKilled })
    // By answers, not by time: a slow machine gets as many.
    const killAt = load.answers.count + ANSWERS_MIN + Math.random() * (ANSWERS_MAX - ANSWERS_MIN)
    while (load.answers.count < killAt) await Promise.race([setTimeout(2), running])
    isKilled = true
    server.child.kill('SIGKILL')
    await running
    await server.ended
    server = await start()
    await load.checkTags()
    if (round % 25 === 0) {
      await load.checkAll()
      await verify()
    }
  }
  await load.checkAll()
  await verify()
  const { jobs, tags, ...others } = load.acknowledged
  // In a few rounds no copy may be complete long enough to be deleted.
  for (const [what, count] of Object.entries({ jobs, tags, ...(isSoak && others) })) assert.ok(count > 0, `no ${what}`)
  context.diagnostic(JSON.stringify({ processes, partitions, rounds: ROUNDS, ...load.acknowledged }))
}
