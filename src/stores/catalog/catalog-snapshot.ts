/** All rows of a catalog at one moment: what a backup keeps of it, and what a restored catalog is made from. With partitions it has several parts. */
import type { BlobDigest } from '../blobs/blob-store.ts'

export type Engine = 'SQLite' | 'PostgreSQL'

export type CellValue = string | number | Uint8Array | null

/** Some rows of one table, as arrays of values in the order of the columns. */
export interface TableRows {
  readonly table: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly CellValue[])[]
}

/** A blob that image sets use, or that an import job still fills. */
export interface SnapshotBlob {
  readonly blobKey: string
  /** Of the bytes before encryption. */
  readonly digest: BlobDigest
}

/** Of which catalog the rows are. */
export interface SnapshotFormat {
  readonly engine: Engine
  /** Of its tables. */
  readonly schemaVersion: number
}

/** The rows of the control catalog, or of a partition. */
interface SnapshotPart {
  /** 0: the control catalog. */
  readonly partition: number
  /** Each table in batches, in an order in which no row refers to a later table. */
  rows(): AsyncIterable<TableRows>
  /** The greatest key that was given in each table whose keys are never given again. */
  counters(): Promise<Readonly<Record<string, number>>>
}

/** One state of the catalog, whatever is committed meanwhile. It keeps a transaction open for each part: close it soon. */
export interface CatalogSnapshot extends SnapshotFormat {
  /** The control catalog, then the partitions by number. */
  readonly parts: readonly SnapshotPart[]
  /** Those of all parts, in byte order of their keys. */
  blobs(): AsyncIterable<SnapshotBlob>
  /** The data stores, and uploads, whose bytes are encrypted with a data key. */
  encryptedOwners(): Promise<ReadonlySet<string>>
  close(): Promise<void>
}

/** The place of a restored catalog is not empty. The message is a clause without a full stop. */
export class CatalogNotEmpty extends Error {
  override readonly name = 'CatalogNotEmpty'
  constructor() {
    super('the database is not empty, and a catalog is restored into an empty one only')
  }
}

/** What the control catalog, or a partition, is filled with when it is created. */
export interface CatalogContent extends SnapshotFormat {
  readonly partition: number
  readonly rows: AsyncIterable<TableRows>
  readonly counters: Readonly<Record<string, number>>
}
