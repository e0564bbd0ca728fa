/** New databases on all nodes of a Citus cluster, or on the one server that there is. */
import pg from 'pg'
import { createDatabase, type Databases } from '../search/postgres-store.ts'

/** An empty one: on Citus, if the database that the names of the others begin with has it. */
export async function createLike(databases: Databases, created: string): Promise<void> {
  const nodes = await nodesOf(databases)
  if (nodes.length === 0) return databases.admin((client) => createDatabase(client, created))
  for (const { urlOf } of nodes) {
    await on(urlOf('postgres'), async (client) => {
      await client.query('SET citus.enable_create_database_propagation TO off').catch(() => {})
      await createDatabase(client, created)
    })
    await on(urlOf(created), (client) => client.query('CREATE EXTENSION citus'))
  }
  await on(databases.urlOf(created), async (client) => {
    for (const { host, port, group } of nodes) {
      if (group === 0) await client.query('SELECT citus_set_coordinator_host($1, $2)', [host, port])
      else await client.query('SELECT citus_add_node($1, $2)', [host, port])
    }
  })
}

interface Node {
  readonly host: string
  readonly port: number
  /** 0 is the coordinator. */
  readonly group: number
  readonly urlOf: (database: string) => string
}

/** The coordinator first; none where there is no Citus, or no such database. */
export async function nodesOf({ prefix, urlOf }: Databases): Promise<readonly Node[]> {
  try {
    return await on(urlOf(prefix), async (client) => {
      const text = 'SELECT nodename AS host, nodeport AS port, groupid AS group FROM pg_dist_node ORDER BY groupid'
      const { rows } = await client.query<Omit<Node, 'urlOf'>>(text)
      return rows.map((node) => ({
        ...node,
        urlOf: (database) =>
          Object.assign(new URL(urlOf(database)), { hostname: node.host, port: `${node.port}` }).href,
      }))
    })
  } catch (error) {
    if (error instanceof pg.DatabaseError && ['42P01', '3D000'].includes(error.code ?? '')) return []
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
