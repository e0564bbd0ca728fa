/** A new database on all nodes of a Citus cluster. */
import pg from 'pg'
import { createDatabase } from '../search/postgres-store.ts'

/** @returns false if the database `like` has no Citus, and nothing was created */
export async function createCitusDatabase(
  urlOf: (database: string) => string,
  { like, created }: { readonly like: string; readonly created: string },
): Promise<boolean> {
  const nodes = await nodesOf(urlOf(like))
  if (nodes === undefined) return false
  const urlAt = ({ host, port }: Node, database: string) =>
    Object.assign(new URL(urlOf(database)), { hostname: host, port: `${port}` }).href
  for (const node of nodes) {
    await on(urlAt(node, 'postgres'), async (client) => {
      await client.query('SET citus.enable_create_database_propagation TO off').catch(() => {})
      await createDatabase(client, created)
    })
    await on(urlAt(node, created), (client) => client.query('CREATE EXTENSION citus'))
  }
  await on(urlOf(created), async (client) => {
    for (const { host, port, group } of nodes) {
      if (group === 0) await client.query('SELECT citus_set_coordinator_host($1, $2)', [host, port])
      else await client.query('SELECT citus_add_node($1, $2)', [host, port])
    }
  })
  return true
}

interface Node {
  readonly host: string
  readonly port: number
  /** 0 is the coordinator. */
  readonly group: number
}

/** The coordinator first; undefined where there is no Citus, or no such database. */
async function nodesOf(url: string): Promise<readonly Node[] | undefined> {
  try {
    return await on(url, async (client) => {
      const text = 'SELECT nodename AS host, nodeport AS port, groupid AS group FROM pg_dist_node ORDER BY groupid'
      return (await client.query<Node>(text)).rows
    })
  } catch (error) {
    if (error instanceof pg.DatabaseError && ['42P01', '3D000'].includes(error.code ?? '')) return undefined
    throw error
  }
}

async function on<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
