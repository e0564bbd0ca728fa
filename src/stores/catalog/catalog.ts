/**
 * The catalog: the database of data stores, import jobs, image sets and tags, one repository for each. Every method is one transaction:
 * if it returned, its effect is durable; if it threw, it had none. Times are milliseconds since 1970.
 */

import type { Access } from './access-repository.ts'
import type { Blobs } from './blob-repository.ts'
import type { CatalogDatabase } from './catalog-database.ts'
import type { CatalogSnapshot } from './catalog-snapshot.ts'
import type { ControlRecords } from './control-repository.ts'
import type { DataKeyRecords } from './data-key-repository.ts'
import type { Datastores } from './datastore-repository.ts'
import type { DeclaredAttributes } from './declared-attribute-repository.ts'
import type { ImageSets } from './image-set-repository.ts'
import type { ImportJobs } from './import-job-repository.ts'
import type { IntegrityStep } from './integrity.ts'
import type { Maintenance } from './maintenance-repository.ts'
import type { OneTimeLinkRecords } from './one-time-link-repository.ts'
import type { PartitionRecords } from './partition-repository.ts'
import type { SearchIndex } from './search-repository.ts'
import type { SeriesSearches } from './series-repository.ts'
import type { Servers } from './server-repository.ts'
import type { Statistics } from './statistics.ts'
import type { Studies } from './study-repository.ts'
import type { Tags } from './tagged-resources.ts'
import type { Workflows } from './workflow-repository.ts'

/** The control catalog, or a partition. */
interface CatalogPart {
  /** 0: the control catalog. */
  readonly partition: number
  /** @throws StoreUnavailable if it is away */
  open(): Promise<Catalog>
}

export interface Catalog {
  readonly datastores: Datastores
  readonly dataKeys: DataKeyRecords
  readonly importJobs: ImportJobs
  readonly imageSets: ImageSets
  readonly series: SeriesSearches
  readonly studies: Studies
  readonly workflows: Workflows
  readonly declaredAttributes: DeclaredAttributes
  readonly tags: Tags
  readonly blobs: Blobs
  readonly access: Access
  readonly maintenance: Maintenance
  readonly servers: Servers
  readonly oneTimeLinks: OneTimeLinkRecords
  readonly searchIndex: SearchIndex
  /** The time by the clock that all processes of the catalog share: the machine's, or that of PostgreSQL. */
  now(): number
  readonly database: CatalogDatabase
  /** What it has as the control catalog of partitions. */
  readonly asControl: ControlRecords
  /** What it has as a partition. */
  readonly asPartition: PartitionRecords
  /** Over how many partitions the studies of new data stores are spread. */
  readonly spread: number
  /** The numbers of the partitions that do not answer in this time. */
  awayPartitions(options: { readonly timeoutMs: number }): Promise<readonly number[]>
  /** The catalogs that it is made of: itself, or the control catalog and then the partitions by number. */
  parts(): Promise<readonly CatalogPart[]>
  /** Random bytes, generated at the first call and stored. Every process of the catalog gets the same bytes for a name. */
  secret(name: string): Promise<Uint8Array>
  /** @throws StoreUnavailable if the database is away or read-only */
  checkWritable(): Promise<void>
  /** Runs the database's own check of its files. */
  integrity(options: { readonly isQuick: boolean }): AsyncIterable<IntegrityStep>
  statistics(): Promise<Statistics>
  /** All rows as they are now. The caller closes it. @throws StoreUnavailable */
  snapshot(): Promise<CatalogSnapshot>
  close(): Promise<void>
}
