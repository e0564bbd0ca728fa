/** Opens the stores that the configuration names: in the server, in each import thread, and in commands. */
import { join } from 'node:path'
import type { ImportApp } from '../app.ts'
import { DataKeys } from '../security/keys/data-keys.ts'
import type { BlobStore } from '../stores/blobs/blob-store.ts'
import { openDiskBlobs } from '../stores/blobs/disk/disk-blobs.ts'
import { openFolderLocations } from '../stores/blobs/disk/folder-locations.ts'
import { storedSizeOf } from '../stores/blobs/encrypted/blob-cipher.ts'
import { type BlobKeys, encryptedBlobs, encryptedBucket } from '../stores/blobs/encrypted/encrypted-blobs.ts'
import type { Catalog } from '../stores/catalog/catalog.ts'
import { UPLOADS_OWNER } from '../stores/catalog/data-key-repository.ts'
import { type Bucket, type ClosedBucket, isClosed, type Locations } from '../stores/locations/locations.ts'
import { s3Place } from '../stores/locations/s3-uri.ts'
import { type Checkpoints, startCheckpoints } from '../stores/sql/engine/sqlite/sqlite-checkpoints.ts'
import { CATALOG_FILE, loadCatalogKey, PARTITION_FILE } from './catalog-key.ts'
import type { Config, S3Config } from './config.ts'
import { keyPlacesOf, openDataKeys } from './open-data-keys.ts'
import { type CatalogPlaces, type OpenOptions, openPartitions } from './open-partitions.ts'
import { OperatorError } from './operator-error.ts'
import { openRoleBuckets } from './role-buckets.ts'

/** Those of src/operations/uploads.ts. */
export const IMPORT_BUCKET = 'hilum-import'
const REPORT_BUCKET = 'hilum-import-output'
const UPLOADS = /^(uploads|upload-parts)\//

export interface StorePlaces extends CatalogPlaces {
  readonly s3: S3Config | undefined
  /** Of import jobs, by ARN. */
  readonly roles?: { readonly byArn: NonNullable<Config['roles']>; readonly region: string }
  /** `s3://bucket/prefix` on a server, or undefined for a folder in the data folder. */
  readonly blobs?: { readonly uri: string; readonly server: S3Config } | undefined
}

/** With `blobs` but no S3 server configured, blobs are in Amazon S3 and import buckets are folders. */
export const placesOf = ({
  dataFolder,
  s3,
  blobs,
  region,
  catalog,
  partitionCatalogs,
  allowPlainPostgresql,
  partitions,
  limits,
  ...config
}: Config): StorePlaces => ({
  ...(config.roles && { roles: { byArn: config.roles, region } }),
  keys: keyPlacesOf({ dataFolder, region, limits, ...config }),
  dataFolder,
  s3,
  blobs: blobs === undefined ? undefined : { uri: blobs, server: s3 ?? { region } },
  catalog,
  partitionCatalogs,
  allowPlainPostgresql,
  partitions,
  limits,
})

type Stores = Pick<ImportApp, 'catalog' | 'blobs' | 'locations' | 'bucketsOf'> & { readonly dataKeys: DataKeys }

export async function openStores(
  places: StorePlaces,
  options: Pick<OpenOptions, 'log' | 'onSearch'> = {},
): Promise<Stores> {
  const [blobs, locations] = [await openBlobs(places), await openLocations(places)]
  const catalog = await openCatalog(places, options)
  const { dataKeyMs } = places.limits
  if (places.keys === undefined) {
    return {
      blobs,
      locations,
      bucketsOf: openRoleBuckets(places, locations),
      catalog,
      dataKeys: new DataKeys({ catalog, dataKeyMs, services: undefined, encryptsNew: false }),
    }
  }
  try {
    const dataKeys = await openDataKeys(places.keys, { catalog, dataKeyMs })
    const withFiles = withEncryptedFiles(locations, { keys: dataKeys, inFolders: places.s3 === undefined })
    return {
      blobs: withDataKeys(blobs, dataKeys, places.limits.decryptedCacheBytes),
      locations: withFiles,
      bucketsOf: openRoleBuckets(places, withFiles),
      ...{ catalog, dataKeys },
    }
  } catch (error) {
    await catalog.close()
    throw error
  }
}

/** The size of a blob of an encrypted data store, as it is stored. */
export const encryptedSizeOf = (sizeBytes: number): number => storedSizeOf(sizeBytes)

/** 200 bytes each. */
const HEADERS_MAX = 50_000

/** The blobs of data stores with a data key are encrypted. The first part of a blob key is the id of its data store. */
export const withDataKeys = (blobs: BlobStore, keys: BlobKeys, decryptedBytesMax = 0): BlobStore =>
  encryptedBlobs(blobs, {
    keys,
    datastoreOf: (key) => key.slice(0, key.indexOf('/')),
    headersMax: HEADERS_MAX,
    decryptedBytesMax,
  })

/**
 * Uploads through the API are encrypted until they are imported; other files of the bucket are not, because commands put them there. Reports in
 * the bucket of the console and of `hilum import` are encrypted if it is a folder in the data folder. All other buckets are the caller's.
 */
function withEncryptedFiles(
  locations: Locations,
  { keys, inFolders }: { readonly keys: BlobKeys; readonly inFolders: boolean },
): Locations {
  const isEncrypted = (bucket: string, key: string) =>
    bucket === IMPORT_BUCKET ? UPLOADS.test(key) : inFolders && bucket === REPORT_BUCKET
  const encrypted = <Opened extends Bucket | ClosedBucket>(name: string, bucket: Opened) =>
    isClosed(bucket) || ![IMPORT_BUCKET, REPORT_BUCKET].includes(name)
      ? bucket
      : encryptedBucket(bucket, {
          keys,
          datastoreOf: (key) => (isEncrypted(name, key) ? UPLOADS_OWNER : undefined),
          // A client may send a part again.
          headersMax: 0,
          // Written before encryption was on.
          mayBePlain: name === REPORT_BUCKET,
        })
  return {
    openBucket: async (name) => encrypted(name, await locations.openBucket(name)),
    openOwnBucket: async (name) => encrypted(name, await locations.openOwnBucket(name)),
    freeBytes: (name) => locations.freeBytes(name),
  }
}

/** @throws OperatorError if the bucket does not exist or access is denied */
export async function openBlobs({
  dataFolder,
  blobs,
  limits,
}: Pick<StorePlaces, 'dataFolder' | 'blobs' | 'limits'>): Promise<BlobStore> {
  if (blobs === undefined) return openDiskBlobs(join(dataFolder, 'blobs'))
  const { bucket, prefix } = s3Place(blobs.uri)
  const { openS3Blobs } = await import('../stores/blobs/s3/s3-locations.ts')
  const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`
  const opened = await openS3Blobs(blobs.server, limits, { bucket, prefix: folder })
  if (isClosed(opened)) throw new OperatorError(`Blobs cannot be kept in ${blobs.uri}: ${opened.reason}.`)
  return opened
}

/**
 * Opens the catalog; an encrypted one with its key.
 * @param options.readOnly beside a running server: creates, migrates and writes nothing
 * @throws OperatorError if it is encrypted and its key cannot be had
 */
export const openCatalog = (places: CatalogPlaces, options: OpenOptions = {}): Promise<Catalog> =>
  openPartitions(places, options)

/** Called by the server after it has started, so that starting the thread does not delay it. */
export async function startCatalogCheckpoints(
  { dataFolder, keys, catalog }: Pick<StorePlaces, 'dataFolder' | 'keys' | 'catalog'>,
  onDeath: (error: unknown) => void,
): Promise<Checkpoints | undefined> {
  if (catalog !== undefined) return undefined
  const key = await loadCatalogKey({ dataFolder, keys }, { readOnly: true })
  return startCheckpoints({ path: join(dataFolder, CATALOG_FILE), key, others: PARTITION_FILE }, onDeath)
}

/** Buckets of the configured S3 server, else folders. The S3 client is loaded only if needed. */
export async function openLocations({
  dataFolder,
  s3,
  limits,
}: Pick<StorePlaces, 'dataFolder' | 's3' | 'limits'>): Promise<Locations> {
  if (s3 === undefined) return openFolderLocations(join(dataFolder, 'buckets'))
  const { openS3Locations } = await import('../stores/blobs/s3/s3-locations.ts')
  return openS3Locations(s3, limits)
}
