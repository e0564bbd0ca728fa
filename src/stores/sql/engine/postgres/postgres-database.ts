/**
 * A PostgreSQL database: one pool of connections for reads and one for writes, which all catalogs in it share. Each catalog has a schema of its
 * own, which its transactions set.
 */
import pg, { type ClientConfig, type Pool } from 'pg'
import type { TranslatedTexts } from './postgres-connection.ts'
import { POSTGRES_TYPES } from './postgres-values.ts'

export interface PostgresLimits {
  readonly catalogReadConnections: number
  readonly catalogWriteConnections: number
  /** To connect, or to wait for an idle connection of the pool. */
  readonly catalogConnectTimeoutMs: number
  readonly catalogStatementTimeoutMs: number
  /** An idle connection is closed after this time. */
  readonly catalogIdleTimeoutMs: number
  /** That a connection keeps: with many schemas, those that were used last. */
  readonly catalogPreparedStatements: number
}

export class PostgresDatabase {
  /** For connections beside the pools, without a statement timeout. */
  readonly connection: ClientConfig
  /** With one. */
  readonly forStatements: ClientConfig
  /** `host:port/database`, without a user and a password. */
  readonly name: string
  readonly reads: Pool
  /** A separate pool, so that writes that wait for locks never delay a search. */
  readonly writes: Pool
  readonly preparedMax: number
  /** Texts of the catalog in the words of PostgreSQL: the same for every schema. */
  readonly translated: TranslatedTexts = new Map()

  /** @param options.url `postgres://user@host:5432/database`; missing parts come from the PG* variables and ~/.pgpass, as with psql */
  constructor({ url, limits }: { readonly url: string; readonly limits: PostgresLimits }) {
    this.preparedMax = limits.catalogPreparedStatements
    this.connection = {
      connectionString: url,
      types: POSTGRES_TYPES,
      application_name: 'hilum',
      connectionTimeoutMillis: limits.catalogConnectTimeoutMs,
      keepAlive: true,
      // Statements of a step are sent without waiting for each other.
      pipeline: true,
    }
    this.name = nameOfDatabase(url)
    this.forStatements = {
      ...this.connection,
      statement_timeout: limits.catalogStatementTimeoutMs,
      // A process that hangs in a transaction must not hold its locks for ever.
      idle_in_transaction_session_timeout: limits.catalogStatementTimeoutMs,
      // Nothing else ends the wait for a server that vanished without closing the connection.
      query_timeout: limits.catalogStatementTimeoutMs + limits.catalogConnectTimeoutMs,
    }
    const pooled = { ...this.forStatements, idleTimeoutMillis: limits.catalogIdleTimeoutMs }
    this.reads = new pg.Pool({ ...pooled, max: limits.catalogReadConnections })
    this.writes = new pg.Pool({ ...pooled, max: limits.catalogWriteConnections })
    for (const pool of [this.reads, this.writes]) {
      // The pool replaces an idle connection that breaks; on one in use the statement fails.
      pool.on('error', () => {})
      pool.on('connect', (client) => client.on('error', () => {}))
    }
  }

  /** Waits for connections in use. */
  async close(): Promise<void> {
    await Promise.all([this.reads.end(), this.writes.end()])
  }
}

/** As the client understands the address, the PG* variables and their defaults. */
export function nameOfDatabase(url: string): string {
  const { host, port, database } = new pg.Client({ connectionString: url })
  return `${host}:${port}/${database}`
}
