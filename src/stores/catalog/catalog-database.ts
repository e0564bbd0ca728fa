/** What any catalog answers about its own database: the control catalog, and each partition. */
/** While it lasts, no transaction of the catalog commits that changes data stores, jobs, workflows or image sets: they wait. */
export interface PausedWrites {
  /** @throws StoreUnavailable if it has ended before */
  release(): Promise<void>
}

/** What a catalog takes up, and where it is. */
export interface CatalogUse {
  readonly bytes: number
  /** Of all search indexes: an image set has one for each text that it is found by. */
  readonly indexEntries: number
  /** Image sets whose words are not merged into the postings yet. */
  readonly indexBacklog: number
  /** Of all its data stores. */
  readonly changes: number
  /** Of Citus, `host:port`; empty elsewhere. */
  readonly nodes: readonly string[]
  /** The nodes of Citus that it is being moved to now. */
  readonly movingTo: readonly string[]
}

/** The database of a catalog itself: of a catalog with partitions, that of its control catalog. */
export interface CatalogDatabase {
  /** Returns if it answers. @throws StoreUnavailable */
  answers(): Promise<void>
  /** The value with the name; undefined if there is none. */
  setting(name: string): Promise<string | undefined>
  /** Stores the value, unless there is one. @returns the stored one, which never changes */
  keepSetting(name: string, value: string): Promise<string>
  use(): Promise<CatalogUse>
  /** For the moment in which the snapshots of all catalogs begin, so that they are of one state. @throws StoreUnavailable */
  pauseWrites(): Promise<PausedWrites>
}
