/**
 * Runs write transactions on one SQLite connection, one after the other: those that arrive during a commit share the next one (group commit).
 * Each has its own savepoint, so that it fails alone.
 */
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { TransactionFunction, WriteOptions } from '../statement.ts'
import { asUnavailable, isBusy, type SqliteConnection } from './sqlite-connection.ts'

/** Another process may hold the write lock this long. The event loop is not blocked. */
const LOCK_TIMEOUT_MS = 10_000
const LOCK_RETRY_MS = 2
/** A transaction takes no further writes after this time, so that neither the event loop nor another process waits longer. */
const TRANSACTION_MS = 20

interface Waiting {
  /** Runs the write inside the open transaction. @returns what resolves it after the commit */
  readonly attempt: (connection: SqliteConnection) => () => void
  readonly reject: (error: unknown) => void
}

export class WriteQueue {
  readonly #connection: SqliteConnection
  readonly #waiting: Waiting[] = []
  #running: Promise<void> | undefined

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  write<T>(transaction: TransactionFunction<T>, { secureDelete = false }: WriteOptions = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const attempt = (connection: SqliteConnection) => {
        const answer = secureDelete
          ? connection.secureDelete(() => connection.drive(transaction()))
          : connection.drive(transaction())
        return () => resolve(answer)
      }
      this.#waiting.push({ attempt, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when no write waits. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        // Includes all writes of this turn of the event loop.
        await setImmediate()
        await beginImmediate(this.#connection)
        this.#transaction()
      }
    } catch (error) {
      for (const { reject } of this.#waiting.splice(0)) reject(asUnavailable(error))
    } finally {
      this.#running = undefined
    }
  }

  /** Synchronous from BEGIN to COMMIT: no other code of this process runs in between. */
  #transaction(): void {
    const started = performance.now()
    const taken: Waiting[] = []
    const tell: (() => void)[] = []
    const alone = this.#waiting.length === 1
    try {
      while (this.#waiting.length > 0 && performance.now() - started < TRANSACTION_MS) {
        const next = this.#waiting.shift()!
        taken.push(next)
        tell.push(alone ? next.attempt(this.#connection) : this.#inSavepoint(next))
      }
      this.#connection.command('COMMIT')
    } catch (error) {
      if (this.#connection.inTransaction) this.#connection.command('ROLLBACK')
      for (const { reject } of taken) reject(asUnavailable(error))
      return
    }
    for (const each of tell) each()
  }

  #inSavepoint({ attempt, reject }: Waiting): () => void {
    this.#connection.command('SAVEPOINT one_write')
    try {
      const tell = attempt(this.#connection)
      this.#connection.command('RELEASE one_write')
      return tell
    } catch (error) {
      // Errors such as a full disk roll back the whole transaction.
      if (!this.#connection.inTransaction) throw error
      this.#connection.command('ROLLBACK TO one_write')
      this.#connection.command('RELEASE one_write')
      return () => reject(asUnavailable(error))
    }
  }
}

/** Takes the write lock without blocking. @throws if another process holds it for too long */
export async function beginImmediate(connection: SqliteConnection): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += LOCK_RETRY_MS) {
    try {
      connection.command('BEGIN IMMEDIATE')
      return
    } catch (error) {
      if (!isBusy(error) || waitedMs >= LOCK_TIMEOUT_MS) throw error
    }
    await setTimeout(LOCK_RETRY_MS)
  }
}
