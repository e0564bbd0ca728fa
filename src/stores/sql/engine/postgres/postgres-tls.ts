/** Whether others on the network could read what the catalog on PostgreSQL is sent: patients' values are in its statements. */
import { isIPv4 } from 'node:net'
import pg from 'pg'

/** As the client understands the address, the PG* variables and their defaults. */
type Reach = 'this machine' | 'verified TLS' | 'readable by others'

/** @param url `postgres://user@host/database?sslmode=verify-full` */
export function reachOf(url: string): Reach {
  const { host, ssl } = new pg.Client({ connectionString: url }) as unknown as {
    readonly host: string
    readonly ssl: boolean | { readonly rejectUnauthorized?: boolean; readonly checkServerIdentity?: unknown }
  }
  // Of a Unix socket it is the folder.
  if (host.startsWith('/') || isLoopback(host)) return 'this machine'
  if (typeof ssl === 'boolean') return ssl ? 'verified TLS' : 'readable by others'
  // Without verification, a machine between the two can answer as the server.
  const isVerified = ssl.rejectUnauthorized !== false && ssl.checkServerIdentity === undefined
  return isVerified ? 'verified TLS' : 'readable by others'
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
