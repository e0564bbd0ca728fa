/**
 * The key with which the file of a SQLite catalog is encrypted. It is in `catalog.key` beside the catalog, wrapped by Hilum's own key of the
 * key ring. Whether a catalog is encrypted is seen from its file, so that one that was encrypted is read whatever the settings are.
 */
import { access, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encryptionContextOf, type KeyServices } from '../security/keys/data-keys.ts'
import { KeyRefused } from '../security/keys/key-service.ts'
import { createExclusively, replaceDurably } from '../security/private-file.ts'
import { asUnavailable } from '../stores/sql/engine/sqlite/sqlite-connection.ts'
import { encryptSqliteFile, kindOfSqliteFile, removeDrafts } from '../stores/sql/engine/sqlite/sqlite-file.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { type KeyPlaces, openKeyServices } from './open-data-keys.ts'
import { OperatorError } from './operator-error.ts'

export const CATALOG_FILE = 'catalog.sqlite'
export const PARTITION_FILE = /^catalog-\d{3}\.sqlite$/
/** Of a partition; 0 is the control catalog. */
export const catalogFileOf = (partition: number): string =>
  partition === 0 ? CATALOG_FILE : `catalog-${String(partition).padStart(3, '0')}.sqlite`
const CATALOG_KEY_FILE = 'catalog.key'
/** In the encryption context, where data keys have the id of their data store. */
const OWNER = 'catalog'

interface Places {
  readonly dataFolder: string
  /** Without it nothing is encrypted. */
  readonly keys?: KeyPlaces | undefined
}

interface WrappedCatalogKey {
  readonly keyArn: string
  /** In base64. */
  readonly wrapped: string
}

/**
 * The key of the catalog's file: 32 bytes; undefined if the file is plain. Creates a key for a catalog that does not exist yet, if encryption
 * is on.
 * @param options.readOnly creates nothing
 * @throws OperatorError if the key cannot be unwrapped
 */
export async function loadCatalogKey(
  { dataFolder, keys }: Places,
  options: { readonly readOnly?: boolean } = {},
): Promise<Uint8Array | undefined> {
  const kind = await kindOfSqliteFile(join(dataFolder, CATALOG_FILE))
  if (kind === 'plain') return undefined
  if (kind === 'encrypted') return unwrapCatalogKey({ dataFolder, keys })
  if (keys?.encryption !== 'on' || options.readOnly === true) return undefined
  return createdKey({ dataFolder, keys })
}

/** The key of the file of a partition: that of the control catalog, unless it is plain. */
export const keyOfPartition = async (path: string, key: Uint8Array | undefined): Promise<Uint8Array | undefined> =>
  (await kindOfSqliteFile(path)) === 'plain' ? undefined : key

/** The files of the partitions that were created, as absolute paths. */
async function partitionFiles(dataFolder: string): Promise<readonly string[]> {
  const names = await readdir(dataFolder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names.filter((name) => PARTITION_FILE.test(name)).map((name) => join(dataFolder, name))
}

/**
 * Encrypts the plain files of a catalog, if encryption is on. The caller has locked the data folder, and nothing has opened the catalog yet.
 * @returns whether there were any
 */
export async function encryptCatalog(places: Places): Promise<boolean> {
  const { dataFolder, keys } = places
  if (keys?.encryption !== 'on') return false
  let isEncrypted = false
  for (const path of [...(await partitionFiles(dataFolder)), join(dataFolder, CATALOG_FILE)]) {
    if (await encryptFile(path, { dataFolder, keys })) isEncrypted = true
  }
  return isEncrypted
}

async function encryptFile(
  path: string,
  { dataFolder, keys }: { readonly dataFolder: string; readonly keys: KeyPlaces },
): Promise<boolean> {
  await removeDrafts(path)
  if ((await kindOfSqliteFile(path)) !== 'plain') return false
  const key = await createdKey({ dataFolder, keys })
  try {
    await encryptSqliteFile(path, key)
  } catch (error) {
    const cause = asUnavailable(error)
    if (!(cause instanceof StoreUnavailable)) throw error
    throw new OperatorError(
      `The catalog was not encrypted, and is as before: ${cause.message}. It needs as much free space as ${path} has bytes, and no other ` +
        'process may use it. --encryption none starts without.',
      { cause },
    )
  } finally {
    key.fill(0)
  }
  return true
}

/** After a rotation of Hilum's own key: wraps the catalog's key with its new version. @returns whether there is one */
export async function rewrapCatalogKey(dataFolder: string, { ring }: KeyServices): Promise<boolean> {
  const recorded = await readRecord(dataFolder)
  if (recorded === undefined) return false
  const { keyArn } = recorded
  const context = encryptionContextOf(OWNER, keyArn)
  const wrapped = await ring.rewrap({ keyArn, context, wrapped: Buffer.from(recorded.wrapped, 'base64') })
  await replaceDurably(join(dataFolder, CATALOG_KEY_FILE), textOf({ keyArn, wrapped }))
  return true
}

async function createdKey({ dataFolder, keys }: { dataFolder: string; keys: KeyPlaces }): Promise<Uint8Array> {
  if ((await readRecord(dataFolder)) === undefined) {
    const { ring } = await openKeyServices(keys)
    const keyArn = await ring.ownKeyArn()
    const { plaintext, wrapped } = await ring.createDataKey(keyArn, encryptionContextOf(OWNER, keyArn))
    plaintext.fill(0)
    // If another process was faster, its key is used.
    await createExclusively(join(dataFolder, CATALOG_KEY_FILE), textOf({ keyArn, wrapped }))
  }
  return unwrapCatalogKey({ dataFolder, keys })
}

async function unwrapCatalogKey({ dataFolder, keys }: Places): Promise<Uint8Array> {
  const path = join(dataFolder, CATALOG_KEY_FILE)
  const recorded = await readRecord(dataFolder)
  if (recorded === undefined)
    throw new OperatorError(
      `${join(dataFolder, CATALOG_FILE)} is encrypted, and the file of its key, ${path}, is missing. Restore it from a backup.`,
    )
  if (keys === undefined) throw new Error('an encrypted catalog cannot be opened without the place of the key ring')
  const { ringFile } = keys.ring
  if (!(await exists(ringFile)))
    throw new OperatorError(
      `The key ring ${ringFile} does not exist, and the catalog in ${dataFolder} is encrypted with a key of it. Restore the key ring and ` +
        'its key file from a backup, or name it with --key-ring.',
    )
  const { ring } = await openKeyServices(keys)
  const { keyArn } = recorded
  try {
    const context = encryptionContextOf(OWNER, keyArn)
    return Uint8Array.from(await ring.unwrap({ keyArn, context, wrapped: Buffer.from(recorded.wrapped, 'base64') }))
  } catch (cause) {
    if (!(cause instanceof KeyRefused)) throw cause
    throw new OperatorError(
      `The catalog in ${dataFolder} was encrypted with another key ring than ${ringFile}. Restore the right one from a backup, or name ` +
        'it with --key-ring.',
      { cause },
    )
  }
}

const textOf = ({ keyArn, wrapped }: { keyArn: string; wrapped: Uint8Array }): string =>
  `${JSON.stringify({ keyArn, wrapped: Buffer.from(wrapped).toString('base64') } satisfies WrappedCatalogKey)}\n`

async function readRecord(dataFolder: string): Promise<WrappedCatalogKey | undefined> {
  const path = join(dataFolder, CATALOG_KEY_FILE)
  let recorded: Partial<WrappedCatalogKey> | null
  try {
    recorded = JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    const fault = code === undefined ? 'is not JSON' : `cannot be read (${code})`
    throw new OperatorError(`The file of the catalog's key, ${path}, ${fault}. Restore it from a backup.`, { cause })
  }
  if (typeof recorded?.keyArn !== 'string' || typeof recorded.wrapped !== 'string')
    throw new OperatorError(`${path} is not the file of a catalog's key. Restore it from a backup.`)
  return { keyArn: recorded.keyArn, wrapped: recorded.wrapped }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
