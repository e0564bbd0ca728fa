/** Opens the key services that the configuration names, and the data keys that they wrap. */
import { access } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DataKeys, type KeyServices } from '../security/keys/data-keys.ts'
import { openKeyRing } from '../security/keys/key-ring.ts'
import type { KmsServer } from '../security/keys/kms.ts'
import { UnreadableRing } from '../security/keys/ring-file.ts'
import type { RingPlace } from '../security/keys/ring-store.ts'
import type { Catalog } from '../stores/catalog/catalog.ts'
import type { Config } from './config.ts'
import { KEYS_FOLDER } from './data-folder.ts'
import { OperatorError } from './operator-error.ts'

export interface KeyPlaces {
  readonly ring: RingPlace
  readonly kms: KmsServer | undefined
  readonly encryption: Config['encryption']
  /** In the ARNs of keys of the ring. */
  readonly region: string
  readonly accountId: string
}

type KeySettings =
  | 'keyRing'
  | 'keyFile'
  | 'keyPassphrase'
  | 'kms'
  | 'encryption'
  | 'dataFolder'
  | 'region'
  | 'accountId'
  | 'limits'

export function keyPlacesOf(config: Pick<Config, KeySettings>): KeyPlaces {
  const ringFile = config.keyRing ?? join(config.dataFolder, KEYS_FOLDER, 'ring.json')
  const keyFile = config.keyFile ?? join(dirname(ringFile), 'ring.key')
  const { encryption, region, accountId, keyPassphrase: passphrase } = config
  const kms = config.kms && { ...config.kms, timeoutMs: config.limits.keyServiceTimeoutMs }
  return { ring: { ringFile, keyFile, passphrase }, encryption, region, accountId, kms }
}

/**
 * @param options.readOnly creates nothing
 * @throws OperatorError if the key ring cannot be opened
 */
export async function openDataKeys(
  places: KeyPlaces,
  { catalog, dataKeyMs }: { readonly catalog: Catalog; readonly dataKeyMs: number },
  options: { readonly readOnly?: boolean } = {},
): Promise<DataKeys> {
  const isNew = places.encryption === 'on' && options.readOnly !== true
  const services = isNew || (await exists(places.ring.ringFile)) ? await openKeyServices(places) : undefined
  const dataKeys = new DataKeys({ catalog, services, dataKeyMs, encryptsNew: places.encryption === 'on' })
  dataKeys.onExpiry((datastoreId, isCustomers) => {
    if (!isCustomers) return
    catalog.imageSets.forgetSearches(datastoreId)
    catalog.studies.forgetSearches(datastoreId)
  })
  if (isNew) await explained(places, () => dataKeys.encryptUploads())
  return dataKeys
}

/** @throws OperatorError if the key ring cannot be opened */
export function openKeyServices({ ring, kms, ...names }: KeyPlaces): Promise<KeyServices> {
  return explained({ ring }, async () => {
    const opened = await openKeyRing(ring, names)
    await opened.ownKeyArn()
    if (kms === undefined) return { ring: opened, kms: undefined }
    const { openKms } = await import('../security/keys/kms.ts')
    return { ring: opened, kms: openKms(kms) }
  })
}

/** Whether there is a key ring. */
export const hasKeyRing = ({ ring }: KeyPlaces): Promise<boolean> => exists(ring.ringFile)

/** As openKeyServices, but creates nothing. @throws OperatorError that names the file that is missing */
export async function openExistingKeyServices(places: KeyPlaces): Promise<KeyServices> {
  const { ringFile, keyFile, passphrase } = places.ring
  for (const [what, path] of [
    ['key ring', ringFile],
    ...(passphrase === undefined ? [['key file', keyFile] as const] : []),
  ]) {
    if (await exists(path!)) continue
    throw new OperatorError(
      `The ${what} ${path} does not exist. Put the copies of the key ring and its key file that you keep apart from the backups there, or ` +
        'name them with --key-ring and --key-file. Without them nothing in the backups can be read.',
    )
  }
  return openKeyServices(places)
}

async function explained<T>({ ring }: Pick<KeyPlaces, 'ring'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (!(cause instanceof UnreadableRing)) throw cause
    throw new OperatorError(
      `The key ring ${ring.ringFile} cannot be used: ${cause.message}. Check --key-ring, --key-file and HILUM_KEY_PASSPHRASE.`,
      { cause },
    )
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
