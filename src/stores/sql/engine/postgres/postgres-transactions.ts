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
import { PostgresTexts, runPrepared } from './postgres-connection.ts'
import { isAway, isCollision, withoutValues } from './postgres-failure.ts'

/** Generic plans ignore how few rows a page has. Planning each time costs a fraction of a wrong plan. */
const BEGIN_READ = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL plan_cache_mode = force_custom_plan'
const BEGIN_WRITE = 'BEGIN ISOLATION LEVEL READ COMMITTED'
const ATTEMPTS = 8
const RETRY_MS = 5
/** A transaction takes no further writes of its queue after this time: others wait for its locks. */
const QUEUE_MS = 50

interface Waiting {
  readonly transaction: TransactionFunction<unknown>
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: unknown) => void
}

export class PostgresTransactions implements Transactions {
  readonly #reads: Pool
  readonly #writes: Pool
  readonly #texts = new PostgresTexts()
  readonly #queues = new Map<string, Waiting[]>()
  readonly #running = new Set<Promise<unknown>>()

  constructor(pools: { readonly reads: Pool; readonly writes: Pool }) {
    this.#reads = pools.reads
    this.#writes = pools.writes
    for (const pool of [this.#reads, this.#writes]) {
      // The pool replaces an idle connection that breaks; on one in use the statement fails.
      pool.on('error', () => {})
      pool.on('connect', (client) => client.on('error', () => {}))
    }
  }

  read<T>(transaction: TransactionFunction<T>): Promise<T> {
    return this.#counted(this.#transaction(this.#reads, BEGIN_READ, transaction))
  }

  readOne<T>(statement: TransactionFunction<T>): Promise<T> {
    return this.#counted(this.#readOne(statement))
  }

  write<T>(transaction: TransactionFunction<T>, options: WriteOptions = {}): Promise<T> {
    const { queue } = options
    if (queue === undefined) return this.#counted(this.#transaction(this.#writes, BEGIN_WRITE, transaction))
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

  async close(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
    await Promise.all([this.#reads.end(), this.#writes.end()])
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
        const answers = await this.#attempts(this.#writes, BEGIN_WRITE, async (run) => {
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
          await this.#transaction(this.#writes, BEGIN_WRITE, transaction).then(resolve, reject)
        }
      }
    }
    this.#queues.delete(queue)
  }

  async #readOne<T>(statement: TransactionFunction<T>): Promise<T> {
    try {
      return await onLiveClient(this.#reads, async (client) => {
        const answer = await runPrepared(client, this.#texts)(statement())
        client.release()
        return answer
      })
    } catch (error) {
      throw withoutValues(error)
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
          await each.query(begin)
          return each
        })
        return await this.#attempt(client, work)
      } catch (error) {
        if (!isCollision(error) || attempt === ATTEMPTS) throw withoutValues(error)
      }
      await setTimeout(attempt * RETRY_MS)
    }
  }

  async #attempt<T>(client: PoolClient, work: (run: ReturnType<typeof runPrepared>) => Promise<T>): Promise<T> {
    let isUsable = false
    try {
      const answer = await work(runPrepared(client, this.#texts))
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
      throw error
    } finally {
      client.release(!isUsable)
    }
  }
}

/**
 * An idle connection is dead after a restart of the server. Nothing was done on it, so that the next is tried. `work` releases the client, unless it
 * throws.
 */
async function onLiveClient<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  for (let left = pool.totalCount; ; left--) {
    const client = await pool.connect()
    try {
      return await work(client)
    } catch (error) {
      client.release(true)
      if (left <= 0 || !isAway(error)) throw error
    }
  }
}
