/**
 * Transaction functions on PostgreSQL. A read has one snapshot (REPEATABLE READ). A write is READ COMMITTED: each statement sees what is
 * committed when it begins. Every write first locks the row that conflicting writes lock too, so that what it reads afterwards is the latest
 * and does not change. SERIALIZABLE would lock whole tables while they are small, and roll back batches of unrelated jobs.
 *
 * The order of locks is `creations`, data store, import job or workflow, the data store's row in `changes`, image set. A transaction locks the
 * rows of one data store. On a deadlock PostgreSQL rolls one transaction back, which runs again.
 */
import { setTimeout } from 'node:timers/promises'
import pg, { type Pool, type PoolClient } from 'pg'
import type { TransactionFunction, Transactions, WriteOptions } from '../statement.ts'
import { inOneWrite, limitPrepared, PostgresTexts, runPrepared } from './postgres-connection.ts'
import type { PostgresDatabase } from './postgres-database.ts'
import { isCollision, isNodeLost, isStale, withoutValues } from './postgres-failure.ts'

/** Generic plans ignore how few rows a page has. Planning each time costs a fraction of a wrong plan. */
const BEGIN_READ = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL plan_cache_mode = force_custom_plan'
const BEGIN_WRITE = 'BEGIN ISOLATION LEVEL READ COMMITTED'
const BEGIN_ONE = 'BEGIN READ ONLY'
/**
 * On Citus a schema can be moved to another node between two statements of a read, which would see a later moment there. The lock that a move takes at
 * its end, of one table for all, lets it wait for the read (ShareLock is 5). No row before the schema exists.
 */
const holdPlace = (schema: string): string =>
  `SELECT lock_shard_metadata(5, array_agg(shardid)) FROM pg_dist_shard WHERE logicalrelid = to_regclass('${schema}.changes')`
const ATTEMPTS = 8
const RETRY_MS = 5
/** A transaction takes no further writes of its queue after this time: others wait for its locks. */
const QUEUE_MS = 50

interface Waiting {
  readonly transaction: TransactionFunction<unknown>
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Nothing of the transaction was committed, and it may succeed now. */
class RolledBack extends Error {
  constructor(cause: unknown) {
    super('rolled back', { cause })
  }
}

export class PostgresTransactions implements Transactions {
  readonly #schema: string | undefined
  readonly #reads: Pool
  readonly #writes: Pool
  readonly #texts: PostgresTexts
  readonly #beginRead: string
  readonly #beginWrite: string
  /** Before and after a single statement, if it needs the schema to be set. */
  readonly #aroundOne: readonly [begin: string, end: string] | undefined
  readonly #preparedMax: number
  readonly #queues = new Map<string, Waiting[]>()
  readonly #running = new Set<Promise<unknown>>()

  /** @param options.schema undefined: the one that connections have. @param options.isDistributed by Citus */
  constructor(
    { reads, writes, translated, preparedMax }: PostgresDatabase,
    { schema, isDistributed }: { readonly schema: string | undefined; readonly isDistributed: boolean },
  ) {
    this.#schema = schema
    this.#reads = reads
    this.#writes = writes
    this.#preparedMax = preparedMax
    this.#texts = new PostgresTexts({ schema, translated, isDistributed })
    // Until the end of the transaction: also behind a pooler, which gives a connection to others between transactions.
    const inSchema = schema === undefined ? '' : `; SET LOCAL search_path = ${schema}`
    this.#beginRead = `${BEGIN_READ}${inSchema}${isDistributed ? `; ${holdPlace(schema!)}` : ''}`
    this.#beginWrite = `${BEGIN_WRITE}${inSchema}`
    this.#aroundOne = schema === undefined ? undefined : [`${BEGIN_ONE}${inSchema}`, 'COMMIT']
  }

  read<T>(transaction: TransactionFunction<T>): Promise<T> {
    return this.#counted(this.#transaction(this.#reads, this.#beginRead, transaction))
  }

  readOne<T>(statement: TransactionFunction<T>): Promise<T> {
    return this.#counted(this.#readOne(statement))
  }

  write<T>(transaction: TransactionFunction<T>, options: WriteOptions = {}): Promise<T> {
    const { queue } = options
    if (queue === undefined) return this.#counted(this.#transaction(this.#writes, this.#beginWrite, transaction))
    return new Promise<T>((resolve, reject) => {
      const waiting = this.#queues.get(queue)
      const entry = { transaction, resolve: resolve as Waiting['resolve'], reject }
      if (waiting !== undefined) {
        waiting.push(entry)
        return
      }
      const started = [entry]
      this.#queues.set(queue, started)
      this.#counted(this.#runQueue(queue, started))
    })
  }

  /** Waits for running transactions; the connections are those of the database. */
  async close(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
  }

  #counted<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work)
    const done = () => this.#running.delete(work)
    work.then(done, done)
    return work
  }

  /** In order, several in a commit. If one fails, all are rolled back and run again one by one, so that it fails alone. */
  async #runQueue(queue: string, waiting: Waiting[]): Promise<void> {
    while (waiting.length > 0) {
      const taken: Waiting[] = []
      try {
        const answers = await this.#attempts(this.#writes, this.#beginWrite, async (run) => {
          waiting.unshift(...taken.splice(0))
          const started = performance.now()
          const answers: unknown[] = []
          while (waiting.length > 0 && performance.now() - started < QUEUE_MS) {
            taken.push(waiting.shift()!)
            answers.push(await run(taken.at(-1)!.transaction()))
          }
          return answers
        })
        for (const [index, { resolve }] of taken.entries()) resolve(answers[index])
      } catch (error) {
        if (taken.length === 1) taken[0]!.reject(error)
        else if (taken.length === 0) for (const { reject } of waiting.splice(0)) reject(error)
        for (const { transaction, resolve, reject } of taken.length > 1 ? taken : []) {
          await this.#transaction(this.#writes, this.#beginWrite, transaction).then(resolve, reject)
        }
      }
    }
    this.#queues.delete(queue)
  }

  async #readOne<T>(statement: TransactionFunction<T>): Promise<T> {
    try {
      return await onLiveClient(this.#reads, async (client) => {
        limitPrepared(client, this.#preparedMax)
        const run = runPrepared(client, this.#texts)
        const answer = await (this.#aroundOne === undefined
          ? run(statement())
          : runBetween(client, this.#aroundOne, () => run(statement())))
        client.release()
        return answer
      })
    } catch (error) {
      throw withoutValues(error, this.#schema)
    }
  }

  #transaction<T>(pool: Pool, begin: string, transaction: TransactionFunction<T>): Promise<T> {
    return this.#attempts(pool, begin, (run) => run(transaction()))
  }

  /** @throws StoreUnavailable if the database is away; errors of the work are passed on */
  async #attempts<T>(pool: Pool, begin: string, work: (run: ReturnType<typeof runPrepared>) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        const client = await onLiveClient(pool, async (each) => {
          limitPrepared(each, this.#preparedMax)
          await each.query(begin)
          return each
        })
        return await this.#attempt(client, work)
      } catch (error) {
        const cause = error instanceof RolledBack ? error.cause : error
        if (!(error instanceof RolledBack || isCollision(error)) || attempt === ATTEMPTS)
          throw withoutValues(cause, this.#schema)
      }
      await setTimeout(attempt * RETRY_MS)
    }
  }

  async #attempt<T>(client: PoolClient, work: (run: ReturnType<typeof runPrepared>) => Promise<T>): Promise<T> {
    let isUsable = false
    let isCommitting = false
    try {
      const answer = await work(runPrepared(client, this.#texts))
      isCommitting = true
      await client.query('COMMIT')
      isUsable = true
      return answer
    } catch (error) {
      const isRolledBack = await client.query('ROLLBACK').then(
        () => true,
        () => false,
      )
      // After a refused statement those sent behind it were refused too: pg takes them for prepared.
      isUsable = isRolledBack && !(error instanceof pg.DatabaseError)
      if (isRolledBack && !isCommitting && isNodeLost(error)) throw new RolledBack(error)
      throw error
    } finally {
      client.release(!isUsable)
    }
  }
}

/** A transaction of one statement in one round trip: nothing waits for the answer to what was sent before it. */
async function runBetween<T>(
  client: PoolClient,
  [begin, end]: readonly [begin: string, end: string],
  run: () => Promise<T>,
): Promise<T> {
  const [, answer] = await inOneWrite(client, () => Promise.all([client.query(begin), run(), client.query(end)]))
  return answer
}

/**
 * An idle connection is dead after a restart of the server, or of a node behind it. Nothing was done on it, so that the next is tried. `work`
 * releases the client, unless it throws.
 */
async function onLiveClient<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  for (let left = pool.totalCount; ; left--) {
    const client = await pool.connect()
    try {
      return await work(client)
    } catch (error) {
      client.release(true)
      if (left <= 0 || !isStale(error)) throw error
    }
  }
}
