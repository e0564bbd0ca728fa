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

/** pg errors without a code. */
const NO_FREE_CONNECTION = 'timeout exceeded when trying to connect'
/** The server wants a password, and neither the address nor PGPASSWORD nor a password file has one. */
const NO_PASSWORD = /client password must be a (non-empty )?string$/
const CONNECTION_LOST =
  /^(Connection terminated|Client has encountered a connection error|Query read timeout|Client was closed)/

/** PostgreSQL rolled the transaction back because of another one: it can run again. */
export const isCollision = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && (error.code === '40001' || error.code === '40P01')

export const isAway = (error: unknown): boolean => reasonOf(error)?.reason === 'away'

export function withoutValues(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return withoutValues(error.errors[0])
  const known = reasonOf(error)
  if (known !== undefined) return new StoreUnavailable({ store: 'the catalog', ...known })
  if (!(error instanceof pg.DatabaseError)) return error
  const about = [error.code, error.table, error.constraint].filter(Boolean).join(', ')
  return new Error(`PostgreSQL refused a statement (${about})`)
}

function reasonOf(error: unknown): { readonly reason: UnavailableReason; readonly code: string } | undefined {
  if (error instanceof pg.DatabaseError) {
    const { code = '' } = error
    const reason = REASONS.find(([pattern]) => pattern.test(code))?.[1]
    return reason === undefined ? undefined : { reason, code }
  }
  if (!(error instanceof Error)) return undefined
  const { code } = error as NodeJS.ErrnoException
  if (code !== undefined && NETWORK.test(code)) return { reason: 'away', code }
  if (error.message === NO_FREE_CONNECTION) return { reason: 'busy', code: 'no connection in time' }
  if (NO_PASSWORD.test(error.message)) return { reason: 'access', code: 'no password' }
  return CONNECTION_LOST.test(error.message) ? { reason: 'away', code: 'connection lost' } : undefined
}
