/** What a catalog takes up, and on which node of Citus it is: for `hilum partitions`. It reads sums of small tables and what the database keeps. */
import type { CatalogUse } from '../../catalog/catalog-database.ts'
import { all, one, type Sql, type Transactions } from '../engine/statement.ts'

type Sum = number | string | null

interface Place {
  readonly bytes: number
  readonly nodes: CatalogUse['nodes']
  readonly movingTo: CatalogUse['movingTo']
}

export async function catalogUse(
  database: Transactions,
  placeOf: (database: Transactions) => Promise<Place>,
): Promise<CatalogUse> {
  const [counts, place] = [await database.read(counted), await placeOf(database)]
  return { ...counts, ...place }
}

function* counted(): Sql<Omit<CatalogUse, keyof Place>> {
  const row = yield* one<{ entries: Sum; backlog: Sum; changes: Sum }>(
    `SELECT (SELECT SUM(entry_count) FROM search_leaves) AS entries, (SELECT COUNT(*) FROM search_tail) AS backlog,
       (SELECT SUM(number) FROM changes) AS changes`,
  )
  const { entries, backlog, changes } = row!
  return { indexEntries: numberOf(entries), indexBacklog: numberOf(backlog), changes: numberOf(changes) }
}

/** PostgreSQL sums to NUMERIC, which its client returns as text. */
const numberOf = (sum: Sum): number => Number(sum ?? 0)

export async function sqlitePlace(database: Transactions): Promise<Place> {
  const row = await database.read(() =>
    one<{ bytes: number }>('SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()'),
  )
  return { bytes: row!.bytes, nodes: [], movingTo: [] }
}

/** The tables of the schema: the rest of SQL that ends in a condition on them. */
const IN_SCHEMA = 'relnamespace = CAST(CAST(current_schema() AS TEXT) AS regnamespace)'

export async function postgresPlace(database: Transactions): Promise<Place> {
  const citus = await database.read(() => one(`SELECT 1 AS found FROM pg_extension WHERE extname = 'citus'`))
  if (citus !== undefined && (await database.read(isDistributed))) return database.read(distributedPlace)
  const row = await database.read(() =>
    one<{ bytes: Sum }>(
      `SELECT SUM(pg_total_relation_size(oid)) AS bytes FROM pg_class WHERE relkind = 'r' AND ${IN_SCHEMA}`,
    ),
  )
  return { bytes: numberOf(row!.bytes), nodes: [], movingTo: [] }
}

const DISTRIBUTED = `FROM pg_dist_partition JOIN pg_class ON pg_class.oid = logicalrelid WHERE ${IN_SCHEMA}`

function* isDistributed(): Sql<boolean> {
  return (yield* one(`SELECT 1 AS found ${DISTRIBUTED} LIMIT 1`)) !== undefined
}

/** All tables of a distributed schema are on one node. */
function* distributedPlace(): Sql<Place> {
  const size = yield* one<{ bytes: Sum }>(`SELECT SUM(citus_total_relation_size(logicalrelid)) AS bytes ${DISTRIBUTED}`)
  const nodes = yield* all<{ node: string }>(
    `SELECT DISTINCT nodename || ':' || nodeport AS node FROM pg_dist_node
     JOIN pg_dist_placement ON pg_dist_placement.groupid = pg_dist_node.groupid AND noderole = 'primary'
     JOIN pg_dist_shard ON pg_dist_shard.shardid = pg_dist_placement.shardid
     WHERE logicalrelid IN (SELECT logicalrelid ${DISTRIBUTED}) ORDER BY node`,
  )
  const moves = yield* all<{ node: string }>(
    `SELECT DISTINCT targetname || ':' || targetport AS node FROM get_rebalance_progress()
     WHERE progress < 2 AND table_name IN (SELECT logicalrelid ${DISTRIBUTED}) ORDER BY node`,
  )
  return {
    bytes: numberOf(size!.bytes),
    nodes: nodes.map(({ node }) => node),
    movingTo: moves.map(({ node }) => node),
  }
}

export function* answers(): Sql<void> {
  yield* one('SELECT 1 AS found FROM datastores LIMIT 1')
}
