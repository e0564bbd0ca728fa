/** Over how many partitions data stores are spread if the configuration does not say. The number of a data store never changes. */

/** Where a catalog is. */
export type CatalogEngine =
  | { readonly name: 'SQLite' | 'PostgreSQL' }
  | {
      readonly name: 'Citus'
      /** Nodes that can have partitions. */
      readonly nodes: number
    }

/** So that new nodes get their share. */
const OF_CITUS_NODE = 8
const OF_CITUS_MAX = 64

/** One where one machine has all: several refuse updates and copies between studies of different partitions, and cost each search more. */
export const defaultPartitions = (engine: CatalogEngine): number =>
  engine.name === 'Citus' ? Math.min(OF_CITUS_NODE * engine.nodes, OF_CITUS_MAX) : 1
