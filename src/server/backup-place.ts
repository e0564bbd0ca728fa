/**
 * Opens the place of backups: a folder, or a bucket and prefix in S3. Everything in it is encrypted with a data key of the place, which
 * Hilum's own key of the key ring wraps. Blobs of encrypted data stores are kept as they are stored, under the data keys of the catalog.
 */
import { createHash, randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import { z } from 'zod'
import type { Limits } from '../limits.ts'
import { BLOB_FOLDERS, FORMAT } from '../maintenance/backup/backup-format.ts'
import type { KeyServices } from '../security/keys/data-keys.ts'
import { type EncryptionContext, KeyRefused } from '../security/keys/key-service.ts'
import { type BlobStore, readAll } from '../stores/blobs/blob-store.ts'
import { openDiskBlobs } from '../stores/blobs/disk/disk-blobs.ts'
import { encryptedBlobs } from '../stores/blobs/encrypted/encrypted-blobs.ts'
import type { Catalog } from '../stores/catalog/catalog.ts'
import type { Config, S3Config } from './config.ts'
import { openBlobs } from './open-stores.ts'
import { OperatorError } from './operator-error.ts'

/** The only files that are not encrypted. They say which key wraps the data key. */
const PLACE_FILE = 'hilum-backup.json'
/** Without its data key no backup could be read: it is there twice. */
const PLACE_FILES = [PLACE_FILE, 'hilum-backup-copy.json']

const PlaceFile = z.object({
  format: z.literal(FORMAT),
  placeId: z.string(),
  /** A digest: backups of one archive only are in a place. */
  archiveId: z.string(),
  keyArn: z.string(),
  /** The data key of the place, wrapped: base64. */
  wrapped: z.base64(),
})

interface PlaceAddress {
  /** A path, or `s3://bucket/prefix`. */
  readonly to: string
  /** Relative paths start here. */
  readonly cwd: string
  readonly dataFolder: string
  readonly s3: S3Config
  readonly limits: Limits
}

export const backupPlaceOf = (
  config: Config,
  { place, cwd }: { readonly place: string; readonly cwd: string },
): PlaceAddress => {
  const { dataFolder, limits, region, s3 = { region } } = config
  return { to: place, cwd, dataFolder, s3, limits }
}

const isInS3 = ({ to }: PlaceAddress): boolean => to.startsWith('s3://')

/** Creates the place if it is empty. @throws OperatorError */
export async function openPlaceToWrite(
  address: PlaceAddress,
  { services, catalog }: { readonly services: KeyServices; readonly catalog: Pick<Catalog, 'secret'> },
): Promise<BlobStore> {
  const stored = await openStored(address)
  const archiveId = createHash('sha256')
    .update(await catalog.secret('archive'))
    .digest('hex')
  const known = await readPlaceFile(stored, address)
  if (known !== undefined && known.archiveId !== archiveId) {
    throw new OperatorError(`${address.to} holds backups of another archive. Name an empty place.`)
  }
  return unlocked(stored, known ?? (await createPlace(stored, { address, services, archiveId })), { services, address })
}

/** @throws OperatorError if there is none */
export async function openPlaceToRead(address: PlaceAddress, services: () => Promise<KeyServices>): Promise<BlobStore> {
  if (!isInS3(address) && !(await isFolder(resolve(address.cwd, address.to)))) throw noBackups(address)
  const stored = await openStored(address)
  const known = await readPlaceFile(stored, address)
  if (known === undefined) throw noBackups(address)
  return unlocked(stored, known, { services: await services(), address })
}

const noBackups = ({ to }: PlaceAddress) => new OperatorError(`${to} holds no backups of Hilum.`)

async function openStored(address: PlaceAddress): Promise<BlobStore> {
  const { to, cwd, dataFolder, s3, limits } = address
  if (isInS3(address)) {
    if (!/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/(?!\.{1,2}(\/|$))[\w!.*'()-]+)*\/?$/.test(to)) {
      throw new OperatorError(`${to} is not an address such as s3://bucket or s3://bucket/prefix.`, { exitCode: 2 })
    }
    return openBlobs({ dataFolder, blobs: { uri: to, server: s3 }, limits })
  }
  const folder = resolve(cwd, to)
  if (folder === dataFolder || folder.startsWith(dataFolder + sep)) {
    throw new OperatorError(`${to} is in the data folder. Keep backups in another place, best on another machine.`)
  }
  return openDiskBlobs(folder)
}

async function readPlaceFile(stored: BlobStore, { to }: PlaceAddress): Promise<z.infer<typeof PlaceFile> | undefined> {
  let damaged: unknown
  for (const file of PLACE_FILES) {
    const blob = await stored.open(file)
    if (blob === undefined) continue
    try {
      return PlaceFile.parse(JSON.parse(Buffer.from(await readAll(blob)).toString()))
    } catch (cause) {
      if (!(cause instanceof SyntaxError || cause instanceof z.ZodError)) throw cause
      damaged = cause
    }
  }
  if (damaged !== undefined) {
    throw new OperatorError(`${PLACE_FILE} in ${to} is damaged, or of another version of Hilum.`, { cause: damaged })
  }
  for await (const _ of stored.list('')) {
    throw new OperatorError(`${to} holds other files, and no backups of Hilum. Name an empty place.`)
  }
  return undefined
}

async function createPlace(
  stored: BlobStore,
  of: { readonly address: PlaceAddress; readonly services: KeyServices; readonly archiveId: string },
): Promise<z.infer<typeof PlaceFile>> {
  const { archiveId, services } = of
  const placeId = randomBytes(16).toString('hex')
  const keyArn = await services.ring.ownKeyArn()
  const { plaintext, wrapped } = await services.ring.createDataKey(keyArn, contextOf(placeId))
  plaintext.fill(0)
  const place = {
    format: FORMAT,
    placeId,
    archiveId,
    keyArn,
    wrapped: Buffer.from(wrapped).toString('base64'),
  } as const
  for (const file of PLACE_FILES) await stored.put(file, Buffer.from(`${JSON.stringify(place, undefined, 2)}\n`))
  return place
}

const contextOf = (placeId: string): EncryptionContext => ({ 'hilum:backup-place': placeId })

async function unlocked(
  stored: BlobStore,
  { placeId, keyArn, wrapped }: z.infer<typeof PlaceFile>,
  { services, address }: { readonly services: KeyServices; readonly address: PlaceAddress },
): Promise<BlobStore> {
  const dataKey = await services.ring
    .unwrap({ keyArn, context: contextOf(placeId), wrapped: Buffer.from(wrapped, 'base64') })
    .catch((cause: unknown) => {
      if (!(cause instanceof KeyRefused)) throw cause
      throw new OperatorError(
        `The backups in ${address.to} were made with another key ring, which has the key ${keyArn}. Name it with --key-ring and --key-file.`,
        { cause },
      )
    })
  const keys = { isEncrypted: async () => true, dataKeyOf: async () => dataKey, onExpiry() {} }
  return encryptedBlobs(stored, {
    keys,
    datastoreOf: (key) => (PLACE_FILES.includes(key) || key.startsWith(BLOB_FOLDERS.asStored) ? undefined : placeId),
    headersMax: 0,
  })
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
