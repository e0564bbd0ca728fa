/** Over how many partitions data stores are spread if the configuration does not say. */

export type CatalogEngine = 'SQLite' | 'PostgreSQL' | 'Citus'

const DEFAULTS: Readonly<Record<CatalogEngine, number>> = { SQLite: 1, PostgreSQL: 1, Citus: 1 }

export const defaultPartitions = (engine: CatalogEngine): number => DEFAULTS[engine]
