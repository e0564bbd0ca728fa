/**
 * Pauses the writes of a catalog for a moment, by locks on the rows that they lock first, in the same order (postgres-transactions.ts). They wait,
 * as they do for each other.
 */
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import type { PausedWrites } from '../../../catalog/catalog-database.ts'
import { StoreUnavailable } from '../../../store-unavailable.ts'
import { lockCreations } from '../../datastores/lock-creations.ts'
import { LOCKED } from '../differences.ts'
import { run, type Sql } from '../statement.ts'
import { drive, executeOnce } from './postgres-connection.ts'
import type { PostgresDatabase } from './postgres-database.ts'
import { withoutValues } from './postgres-failure.ts'

/** For each lock: a transaction that takes longer is waited for by the next attempt, and others go on meanwhile. */
const LOCK_TIMEOUT_MS = 2_000
/** The server ends the pause of a process that hangs. */
const PAUSE_MAX_MS = 15_000
const ATTEMPTS = 10
const RETRY_MS = 200

/** @throws StoreUnavailable */
export async function pausePostgresWrites(
  { connection }: PostgresDatabase,
  schema: string | undefined,
): Promise<PausedWrites> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await pauseOnce(connection, schema)
    } catch (cause) {
      const error = withoutValues(cause)
      // A lock that took too long, or a deadlock with a transaction that PostgreSQL runs again.
      const isBusy = error instanceof StoreUnavailable && error.reason === 'busy'
      if (!isBusy || attempt === ATTEMPTS) throw error
    }
    await setTimeout(attempt * RETRY_MS)
  }
}

async function pauseOnce(connection: pg.ClientConfig, schema: string | undefined): Promise<PausedWrites> {
  const client = new pg.Client(connection)
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED')
    if (schema !== undefined) await client.query(`SET LOCAL search_path = ${schema}`)
    await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`)
    await client.query(`SET LOCAL idle_in_transaction_session_timeout = ${PAUSE_MAX_MS}`)
    await drive(lockAll(), executeOnce(client))
  } catch (error) {
    await client.end().catch(() => {})
    throw error
  }
  return {
    async release() {
      try {
        await client.query('ROLLBACK')
      } catch (error) {
        throw withoutValues(error)
      } finally {
        await client.end().catch(() => {})
      }
    },
  }
}

function* lockAll(): Sql<void> {
  yield* lockCreations()
  yield* run(`SELECT datastore FROM datastores WHERE datastore_status <> 'DELETED' ORDER BY datastore ${LOCKED}`)
  yield* run(`SELECT job FROM import_jobs WHERE ended_at IS NULL ORDER BY job ${LOCKED}`)
  yield* run(`SELECT workflow FROM workflows ORDER BY workflow ${LOCKED}`)
  yield* run(`SELECT datastore FROM changes ORDER BY datastore ${LOCKED}`)
}
