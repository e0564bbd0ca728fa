/**
 * The edge where facts are kept: data stores, import jobs, image sets, tags. Every verb is one transaction: what it answers has
 * happened, whole and durably, and what it did not answer has not happened at all. Times are milliseconds since 1970.
 */
import type { Blobs } from './blob-repository.ts'
import type { Datastores } from './datastore-repository.ts'
import type { ImageSets } from './image-set-repository.ts'
import type { ImportJobs } from './import-job-repository.ts'
import type { IntegrityStep } from './integrity.ts'
import type { SearchIndex } from './search-repository.ts'
import type { Tags } from './tagged-resources.ts'
import type { Workflows } from './workflow-repository.ts'
export interface Catalog {
  readonly datastores: Datastores
  readonly importJobs: ImportJobs
  readonly imageSets: ImageSets
  readonly workflows: Workflows
  readonly tags: Tags
  readonly blobs: Blobs
  readonly searchIndex: SearchIndex
  /** Random bytes made at first use and kept: every process of one catalog gets the same for a name. */
  secret(name: string): Promise<Uint8Array>
  /** Answers when a write can be made; throws where the store is away or read-only. */
  checkWritable(): Promise<void>
  /** The database's own check of its files. */
  integrity(options: { readonly isQuick: boolean }): AsyncIterable<IntegrityStep>
  close(): Promise<void>
}
