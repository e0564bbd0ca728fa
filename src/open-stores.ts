/** Turns places in the configuration into open stores: once in the server, once in each import thread. */
import { join } from 'node:path'
import type { ImportApp } from './app.ts'
import type { S3Config } from './config.ts'
import type { Limits } from './limits.ts'
import { newId } from './new-id.ts'
import type { Catalog } from './stores/catalog.ts'
import { openDiskBlobs } from './stores/disk-blobs.ts'
import { openFolderLocations } from './stores/folder-locations.ts'
import type { Locations } from './stores/locations.ts'
import { openSqliteCatalog } from './stores/sql/sqlite.ts'
import { type Checkpoints, startCheckpoints } from './stores/sql/sqlite-checkpoints.ts'

const CATALOG_FILE = 'catalog.sqlite'

export interface StorePlaces {
  readonly dataFolder: string
  readonly s3: S3Config | undefined
  /** `postgres://...`, or undefined for a SQLite file in the data folder. */
  readonly catalog: string | undefined
  readonly limits: Limits
}

export async function openStores(places: StorePlaces): Promise<Pick<ImportApp, 'catalog' | 'blobs' | 'locations'>> {
  const { dataFolder } = places
  return {
    blobs: await openDiskBlobs(join(dataFolder, 'blobs')),
    locations: await openLocations(places),
    catalog: await openCatalog(places),
  }
}

/** @param options.onlyToLook beside a server: nothing is made, brought forward or written. */
export async function openCatalog(
  { dataFolder, catalog, limits }: Omit<StorePlaces, 's3'>,
  options: { readonly onlyToLook?: boolean } = {},
): Promise<Catalog> {
  if (catalog === undefined) {
    return openSqliteCatalog({ path: join(dataFolder, CATALOG_FILE), newId, ...options })
  }
  const { openPostgresCatalog } = await import('./stores/sql/postgres.ts')
  return openPostgresCatalog({ url: catalog, newId, limits, ...options })
}

/** For the server that holds the data folder, once it answers: a thread is nothing that a start need wait for. */
export function startCatalogCheckpoints(
  { dataFolder, catalog }: Pick<StorePlaces, 'dataFolder' | 'catalog'>,
  onDeath: (error: unknown) => void,
): Checkpoints | undefined {
  return catalog === undefined ? startCheckpoints(join(dataFolder, CATALOG_FILE), onDeath) : undefined
}

/** The buckets of an S3 server where one is configured, else folders. The S3 client is only loaded when it is needed. */
export async function openLocations({ dataFolder, s3 }: Pick<StorePlaces, 'dataFolder' | 's3'>): Promise<Locations> {
  if (s3 === undefined) return openFolderLocations(join(dataFolder, 'buckets'))
  const { openS3Locations } = await import('./stores/s3-locations.ts')
  return openS3Locations(s3)
}
