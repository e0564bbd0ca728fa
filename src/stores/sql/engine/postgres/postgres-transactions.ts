/**
 * Verbs of the catalog as transactions of PostgreSQL. A read has one snapshot (REPEATABLE READ). A write is READ COMMITTED: each
 * statement sees what is committed when it begins, and every verb first locks the row that those it must not meet lock too, so that
 * all it reads behind that lock is the latest and stays so. SERIALIZABLE would need no thought, but measures whole tables while they
 * are small: two workers on two jobs would undo each other's batches for nothing.
 *
 * The order of locks is data store, import job, `changes`, image set; where it is broken PostgreSQL undoes one, which runs again.
 */
import { setTimeout } from 'node:timers/promises'
import type { Pool, PoolClient } from 'pg'
import type { TransactionFunction, Transactions, WriteOptions } from '../statement.ts'
import { drive, executePrepared, PostgresTexts } from './postgres-connection.ts'
import { isAway, isCollision, withoutValues } from './postgres-failure.ts'

/** Generic plans do not know how few rows a page has; planning anew costs a fraction of what a wrong plan does. */
const BEGIN_READ = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL plan_cache_mode = force_custom_plan'
const BEGIN_WRITE = 'BEGIN ISOLATION LEVEL READ COMMITTED'
const ATTEMPTS = 8
const RETRY_MS = 5
/** A transaction takes no further verb of its line after this long: others wait for its locks. */
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
      // A connection that breaks while nobody waits on it is replaced by the pool; whoever uses it learns of it by its statement.
      pool.on('error', () => {})
      pool.on('connect', (client) => client.on('error', () => {}))
    }
  }

  read<T>(transaction: TransactionFunction<T>): Promise<T> {
    return this.#counted(this.#transaction(this.#reads, BEGIN_READ, transaction))
  }

  write<T>(transaction: TransactionFunction<T>, options: WriteOptions = {}): Promise<T> {
    const { line } = options
    if (line === undefined) return this.#counted(this.#transaction(this.#writes, BEGIN_WRITE, transaction))
    return new Promise<T>((resolve, reject) => {
      const waiting = this.#queues.get(line)
      const entry = { transaction, resolve: resolve as Waiting['resolve'], reject }
      if (waiting !== undefined) {
        waiting.push(entry)
        return
      }
      const started = [entry]
      this.#queues.set(line, started)
      this.#counted(this.#runQueue(line, started))
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

  /** In order, many to a commit. Where one fails, none has happened, and each is tried by itself so that it fails alone. */
  async #runQueue(line: string, waiting: Waiting[]): Promise<void> {
    while (waiting.length > 0) {
      const taken: Waiting[] = []
      try {
        const answers = await this.#attempts(this.#writes, BEGIN_WRITE, async (execute) => {
          waiting.unshift(...taken.splice(0))
          const started = performance.now()
          const answers: unknown[] = []
          while (waiting.length > 0 && performance.now() - started < QUEUE_MS) {
            taken.push(waiting.shift()!)
            answers.push(await drive(taken.at(-1)!.transaction(), execute))
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
    this.#queues.delete(line)
  }

  #transaction<T>(pool: Pool, begin: string, transaction: TransactionFunction<T>): Promise<T> {
    return this.#attempts(pool, begin, (execute) => drive(transaction(), execute))
  }

  /** @throws StoreUnavailable where the database is away, and what the work throws as it is. */
  async #attempts<T>(
    pool: Pool,
    begin: string,
    work: (execute: ReturnType<typeof executePrepared>) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(await beginOn(pool, begin), work)
      } catch (error) {
        if (!isCollision(error) || attempt === ATTEMPTS) throw withoutValues(error)
      }
      await setTimeout(attempt * RETRY_MS)
    }
  }

  async #attempt<T>(client: PoolClient, work: (execute: ReturnType<typeof executePrepared>) => Promise<T>): Promise<T> {
    let isUsable = false
    try {
      const answer = await work(executePrepared(client, this.#texts))
      await client.query('COMMIT')
      isUsable = true
      return answer
    } catch (error) {
      isUsable = await client.query('ROLLBACK').then(
        () => true,
        () => false,
      )
      throw error
    } finally {
      client.release(!isUsable)
    }
  }
}

/** A connection that lay in the pool while the server was started anew is dead: nothing has been done on it, so the next is tried. */
async function beginOn(pool: Pool, begin: string): Promise<PoolClient> {
  for (let left = pool.totalCount; ; left--) {
    const client = await pool.connect()
    try {
      await client.query(begin)
      return client
    } catch (error) {
      client.release(true)
      if (left <= 0 || !isAway(error)) throw error
    }
  }
}
