/**
 * Errors of PostgreSQL and of the connection as errors of the store. PostgreSQL's messages quote values ("Key (file_key)=(...) already
 * exists"), so that none is passed on: errors name the code and contain no value.
 */
import pg from 'pg'
import { StoreUnavailable, type UnavailableReason } from '../../../store-unavailable.ts'

/** By SQLSTATE (PostgreSQL, appendix A), the most specific first. */
const REASONS: readonly (readonly [code: RegExp, reason: UnavailableReason])[] = [
  [/^53100/, 'full'],
  [/^25006/, 'read-only'],
  [/^(28|42501)/, 'access'],
  // Too many connections, no memory, a statement or a lock that took too long, transactions that kept colliding.
  [/^(53|57014|55P03|40)/, 'busy'],
  [/^XX00[12]/, 'corrupt'],
  // A broken connection, a server that starts, stops or was killed, a disk that it cannot read, a missing database.
  [/^(08|57P|58|3D000)/, 'away'],
]

/** Of Node, for the connection. */
const NETWORK =
  /^(E(CONN|HOST|NET|PIPE|TIMEDOUT|ADDRNOT|NOTFOUND|AI_)|ENOENT|EACCES|(ERR_|UNABLE_|CERT_|SELF_SIGNED|DEPTH_))/

/** What libpq says in a coordinator of Citus whose connection to a node was broken. */
const BROKEN =
  'terminating connection|server closed the connection|connection not open|no connection to|could not (send|receive) data|SSL connection has been closed'

/**
 * Errors of a node of Citus to which its coordinator gives no SQLSTATE of their own (XX000): rows are copied to the node, it has not answered to
 * COMMIT, or the coordinator was killed while it waited for the node. Whether such a transaction was committed is not known, as after a broken connection.
 */
const OF_NODE: readonly (readonly [message: RegExp, reason: UnavailableReason])[] = [
  [
    /^(could not commit transaction for shard|failure on connection marked as essential|postmaster was shut down)/,
    'away',
  ],
  [new RegExp(`^(${BROKEN})`), 'away'],
  [/^canceling statement due to/, 'busy'],
]
/** The node has the transaction no more: it was restarted, or ended its connection to the coordinator. */
const NODE_LOST = new RegExp(`(^|error: )(${BROKEN})`)
const IN_NODE = /while executing command on /
/** The same without an SQLSTATE. */
const COLLISION_IN_NODE = /^(deadlock detected|could not serialize access)/
/** A statement was planned before the tables were moved to another node. */
const MOVED = /^(relation ".*_\d+" does not exist|could not find valid entry for shard)/

/** pg errors without a code. */
const NO_FREE_CONNECTION = 'timeout exceeded when trying to connect'
/** The server wants a password, and neither the address nor PGPASSWORD nor a password file has one. */
const NO_PASSWORD = /client password must be a (non-empty )?string$/
const CONNECTION_LOST =
  /^(Connection terminated|timeout expired$|Client has encountered a connection error|Query read timeout|Client was closed)/

/** PostgreSQL rolled the transaction back because of another one: it can run again. */
export const isCollision = (error: unknown): boolean =>
  error instanceof pg.DatabaseError &&
  (error.code === '40001' ||
    error.code === '40P01' ||
    (error.code === 'XX000' && COLLISION_IN_NODE.test(error.message)) ||
    MOVED.test(error.message))

/**
 * The coordinator of Citus has lost its connection to a node during a transaction, which can run again if it was not at its COMMIT: the
 * coordinator makes a new one. Of a node that is away it says so instead.
 */
export const isNodeLost = (error: unknown): boolean =>
  error instanceof pg.DatabaseError &&
  (/^(08|XX000)/.test(error.code ?? '') || IN_NODE.test(error.where ?? '')) &&
  NODE_LOST.test(error.message)

/** An idle connection was broken. Not of a node of Citus that is away: each connection to the coordinator says the same. */
export const isStale = (error: unknown): boolean =>
  isNodeLost(error) ||
  (reasonOf(error)?.reason === 'away' && !(error instanceof pg.DatabaseError && /^08/.test(error.code ?? '')))

/** @param schema of the catalog, if it has one of its own */
export function withoutValues(error: unknown, schema?: string): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return withoutValues(error.errors[0], schema)
  const known = reasonOf(error)
  const store = schema === undefined ? 'the catalog' : `the catalog in schema ${schema}`
  if (known !== undefined) return new StoreUnavailable({ store, ...known })
  if (!(error instanceof pg.DatabaseError)) return error
  const about = [error.code, error.table, error.constraint].filter(Boolean).join(', ')
  return new Error(`PostgreSQL refused a statement (${about})`)
}

function reasonOf(error: unknown): { readonly reason: UnavailableReason; readonly code: string } | undefined {
  if (error instanceof pg.DatabaseError) {
    const { code = '' } = error
    const [known, text] = code === 'XX000' ? [OF_NODE, error.message] : [REASONS, code]
    const reason = known.find(([pattern]) => pattern.test(text))?.[1]
    return reason === undefined ? undefined : { reason, code }
  }
  if (!(error instanceof Error)) return undefined
  const { code } = error as NodeJS.ErrnoException
  if (code !== undefined && NETWORK.test(code)) return { reason: 'away', code }
  if (error.message === NO_FREE_CONNECTION) return { reason: 'busy', code: 'no connection in time' }
  if (NO_PASSWORD.test(error.message)) return { reason: 'access', code: 'no password' }
  return CONNECTION_LOST.test(error.message) ? { reason: 'away', code: 'connection lost' } : undefined
}
