/** A catalog on PostgreSQL with outages during chosen calls. */
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import type { PostgresServer } from './postgres.fixture.ts'

/** Runs the call during an outage. Rejects as the call does. */
export type Outage = <T>(call: () => Promise<T>) => Promise<T>

/** The server is killed before the call and started after it: calls that follow at once fail too. */
export function killing(server: PostgresServer): { readonly outage: Outage; readonly isBack: () => Promise<void> } {
  let back: Promise<void> = Promise.resolve()
  return {
    isBack: () => back,
    async outage(call) {
      await back
      await server.kill()
      try {
        return await call()
      } finally {
        back = server.start()
      }
    },
  }
}

/**
 * Every connection is cut while a statement of the call waits for a lock on one of the tables. The lock is held until the call has failed:
 * a statement of another call may wait first, and is cut too.
 */
export function cutting(url: string, tables: readonly string[]): Outage {
  return async (call) => {
    const client = new pg.Client(url)
    await client.connect()
    try {
      await client.query(`BEGIN; LOCK TABLE ${tables.join(', ')} IN ACCESS EXCLUSIVE MODE`)
      let hasEnded = false
      const onEnd = () => {
        hasEnded = true
      }
      const called = call()
      called.then(onEnd, onEnd)
      const others = `FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`
      while (!hasEnded) {
        const { rowCount } = await client.query(`SELECT 1 ${others} AND wait_event_type = 'Lock'`)
        if ((rowCount ?? 0) > 0) await client.query(`SELECT pg_terminate_backend(pid) ${others}`)
        await setTimeout(2)
      }
      await client.query('ROLLBACK')
      return await called
    } finally {
      await client.end()
    }
  }
}

/** The first `times` calls of a method have the outage. */
export function firstCalls(times: number, outage: Outage): Outage & { count(): number } {
  let count = 0
  const first: Outage = (call) => (++count <= times ? outage(call) : call())
  return Object.assign(first, { count: () => count })
}
