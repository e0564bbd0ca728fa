/**
 * Two servers on a Citus whose nodes have the partitions: partitions that move between nodes and onto a new one, servers and nodes that are
 * killed under a mixed load. Nothing acknowledged is lost, nothing is there twice, and every answer is one of the service's modelled errors.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { askCitus, citusIsMissing, citusNodesAreMissing, onNode, openCitus } from '../fixtures/citus.ts'
import { openS3 } from '../fixtures/shared-servers.ts'
import { isSoak } from '../fixtures/soak.ts'
import { LOAD_KEYS, MixedLoad, MOSTLY_WRITING } from '../server/mixed-load.fixture.ts'
import { OWN_KEYS, openSharedStores, type SharedServer, startShared, storesAreMissing } from './servers.fixture.ts'

const PARTITIONS = 4
const CLIENTS = 4
/** Before the next event. */
const ANSWERS_MIN = 5
const ANSWERS_MAX = 150
const rounds = (soak: number): number => (isSoak ? soak : 4)
/** Work of a killed server resumes sooner than usual, and the kills are not the fault of a file. */
const LIMITS = {
  ...{ importLeaseMs: 3_000, workflowLeaseMs: 3_000, importAttempts: 1_000, workflowAttempts: 1_000 },
  ...{ serverBeatMs: 500, serverSilenceMs: 3_000 },
}

const skip = citusIsMissing ?? storesAreMissing
const skipOfNodes = citusNodesAreMissing ?? storesAreMissing

interface Place {
  readonly schema: string
  readonly nodename: string
  readonly nodeport: number
}

const PLACES = `SELECT DISTINCT split_part(table_name::text, '.', 1) AS schema, nodename, nodeport
  FROM citus_shards WHERE citus_table_type = 'schema'`

class Pair {
  readonly #servers: SharedServer[]
  readonly #loads: readonly MixedLoad[]
  readonly catalog: string
  readonly workers: readonly string[]

  constructor(parts: {
    readonly servers: readonly SharedServer[]
    readonly loads: readonly MixedLoad[]
    readonly catalog: string
    readonly workers: readonly string[]
  }) {
    this.#servers = [...parts.servers]
    this.#loads = parts.loads
    this.catalog = parts.catalog
    this.workers = parts.workers
  }

  /**
   * @param options.mayBeAway whether a request may be answered that the catalog is away
   * @param options.workers how many nodes the catalog begins with, by default all
   */
  static async start(
    t: TestContext,
    { mayBeAway = false, workers: count }: { readonly mayBeAway?: boolean; readonly workers?: number } = {},
  ): Promise<Pair> {
    const citus = await openCitus()
    const newDatabase = () => citus.newDatabase(count === undefined ? {} : { workers: count })
    const stores = await openSharedStores(t, Promise.all([{ ...citus, newDatabase }, openS3()]))
    const options = { env: { ...OWN_KEYS, ...ENV }, limits: LIMITS }
    const servers = [await startShared(t, stores, options), await startShared(t, stores, options)]
    const loads = servers.map(() => new MixedLoad({ input: stores, mix: MOSTLY_WRITING, mayBeAway }))
    for (const load of loads) t.after(() => load.close())
    const workers = citus.workersOf(stores.catalog)
    const pair = new Pair({ servers, loads, catalog: stores.catalog, workers })
    for (const [at, load] of loads.entries()) {
      load.connect(servers[at]!.endpoint, CLIENTS)
      await load.prepare()
    }
    return pair
  }

  /** The clients of both servers, until the work has ended. Those of a server that is killed meanwhile end with it. */
  async during(work: (running: Promise<unknown>) => Promise<void>): Promise<void> {
    let isOver = false
    const running = Promise.all(this.#loads.map((load) => load.run({ clients: CLIENTS, isOver: () => isOver })))
    try {
      await work(running)
      isOver = true
      await running
    } catch (error) {
      isOver = true
      await running.catch(() => {})
      throw new Error(this.#servers.map(({ server }) => failuresIn(server.output())).join('\n'), { cause: error })
    }
  }

  /** The clients of the server end, and go on when it is there again. */
  async killServer(at: number): Promise<void> {
    const [load, server] = [this.#loads[at]!, this.#servers[at]!]
    let isOver = false
    const running = load.run({ clients: CLIENTS, isOver: () => isOver })
    await this.answered(running, [load])
    isOver = true
    server.server.child.kill('SIGKILL')
    await running
    await server.server.ended
    this.#servers[at] = await server.again()
    load.connect(this.#servers[at]!.endpoint, CLIENTS)
    await load.checkTags()
  }

  /** By answers, not by time: a slow machine gets as many. */
  async answered(running: Promise<unknown>, loads = this.#loads): Promise<void> {
    for (const load of loads) {
      const until = load.answers.count + ANSWERS_MIN + Math.random() * (ANSWERS_MAX - ANSWERS_MIN)
      while (load.answers.count < until) await Promise.race([setTimeout(5), running])
    }
  }

  async checkAll(): Promise<void> {
    for (const load of this.#loads) await load.checkAll()
  }

  report(t: TestContext): void {
    for (const { acknowledged, answers } of this.#loads) {
      t.diagnostic(
        JSON.stringify({ ...acknowledged, answers: answers.count, refused: Object.fromEntries(answers.refused) }),
      )
    }
  }
}

/** The lines of a server's log about requests that it failed to answer, with the cause. */
const failuresIn = (log: string): string =>
  log
    .split('\n')
    .filter((line) => line.includes('an operation failed'))
    .slice(-5)
    .join('\n')

const ENV = {
  HILUM_PARTITIONS: `${PARTITIONS}`,
  HILUM_ACCESS_KEY_ID: LOAD_KEYS.accessKeyId,
  HILUM_SECRET_ACCESS_KEY: LOAD_KEYS.secretAccessKey,
}

const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)]!

test('no request fails while partitions move between nodes', { skip }, async (t) => {
  const pair = await Pair.start(t)
  const { catalog, workers } = pair
  await pair.during(async (running) => {
    for (let round = 0; round < rounds(20); round++) {
      await pair.answered(running)
      const { schema, nodeport } = pick(await askCitus<Place>(catalog, PLACES))
      const to = new URL(pick(workers.filter((each) => new URL(each).port !== String(nodeport))))
      await askCitus(catalog, `SELECT citus_schema_move('${schema}', '${to.hostname}', ${to.port})`)
    }
  })
  await pair.checkAll()
  pair.report(t)
})

test('no request fails while a node is added and takes its share of the partitions', { skip }, async (t) => {
  const pair = await Pair.start(t, { workers: 1 })
  const { catalog, workers } = pair
  await pair.during(async (running) => {
    for (const added of workers.slice(1)) {
      await pair.answered(running)
      const { hostname, port } = new URL(added)
      await askCitus(catalog, `SELECT citus_add_node('${hostname}', ${port})`)
      await askCitus(catalog, 'SELECT citus_rebalance_start()')
      await endOfRebalance(catalog, running)
    }
    await pair.answered(running)
  })
  await pair.checkAll()
  pair.report(t)
  const places = await askCitus<Place>(catalog, PLACES)
  const shares = Map.groupBy(places, ({ nodename, nodeport }) => `${nodename}:${nodeport}`)
  assert.deepEqual(
    workers.map((each) => shares.get(new URL(each).host)?.length),
    workers.map(() => PARTITIONS / workers.length),
  )
})

/** Of the background job that moves partitions. */
async function endOfRebalance(catalog: string, running: Promise<unknown>): Promise<void> {
  const ended = ['finished', 'failed', 'cancelled']
  for (;;) {
    const [job] = await askCitus<{ readonly state: string; readonly details: unknown }>(
      catalog,
      'SELECT state, details FROM citus_rebalance_status()',
    )
    if (job !== undefined && ended.includes(job.state)) {
      return assert.equal(job.state, 'finished', JSON.stringify(job.details))
    }
    await Promise.race([setTimeout(200), running])
  }
}

test('nothing acknowledged is lost when one of two servers is killed again and again', { skip }, async (t) => {
  const pair = await Pair.start(t)
  for (let round = 0; round < rounds(60); round++) {
    await pair.killServer(round % 2)
    if (round % 20 === 19) await pair.checkAll()
  }
  await pair.checkAll()
  pair.report(t)
})

test('nothing acknowledged is lost when nodes are killed again and again', { skip: skipOfNodes }, async (t) => {
  const pair = await Pair.start(t, { mayBeAway: true })
  const nodes = [...pair.workers, pair.catalog]
  await pair.during(async (running) => {
    for (let round = 0; round < rounds(30); round++) {
      await pair.answered(running)
      const node = nodes[round % nodes.length]!
      await onNode('kill', node)
      await setTimeout(Math.random() * 2_000)
      await onNode('start', node)
    }
    await pair.answered(running)
  })
  await pair.checkAll()
  pair.report(t)
})
