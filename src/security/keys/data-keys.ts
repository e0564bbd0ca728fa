/**
 * The data keys of this process: unwrapped by the key service when they are needed, cached for a short time, and overwritten when that ends.
 * A key whose use was revoked is therefore used no longer than `limits.dataKeyMs`.
 */
import { ContractError } from '../../contract/errors.ts'
import type { Catalog } from '../../stores/catalog/catalog.ts'
import { type DataKeyRecord, UPLOADS_OWNER } from '../../stores/catalog/data-key-repository.ts'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import { SERVICE_STATEMENT } from './key-policy.ts'
import type { KeyRing } from './key-ring.ts'
import { type EncryptionContext, KeyRefused, type KeyService } from './key-service.ts'
import { UnreadableRing } from './ring-file.ts'

const DATA_KEY_MS_MAX = 60_000
const DATA_KEYS_MAX = 1_000
const OWNERS_MAX = 10_000

export interface KeyServices {
  readonly ring: KeyRing
  /** Of customers' keys; undefined if they are in the ring too. */
  readonly kms: KeyService | undefined
}

interface Options {
  readonly catalog: Pick<Catalog, 'dataKeys'>
  /** Undefined if there is no key ring, because no data store was ever encrypted. */
  readonly services: KeyServices | undefined
  /** Whether new data stores are encrypted. */
  readonly encryptsNew: boolean
  /** Accept a kmsKeyArn that has no effect. */
  readonly ignoresKmsKeys?: boolean
  readonly dataKeyMs: number
}

interface Owner {
  readonly keyArn: string
  readonly isCustomers: boolean
}

/** `isCustomers`: a customer's key wraps it. Then nothing that was read with it may stay in memory. */
type ExpiryListener = (ownerId: string, isCustomers: boolean) => void

interface CachedKey {
  readonly bytes: Uint8Array
  readonly expiry: NodeJS.Timeout
}

export class DataKeys {
  readonly #options: Options
  /** What never changes of an owner; undefined for a data store that is not encrypted. */
  readonly #owners = new Map<string, Owner | undefined>()
  readonly #keys = new Map<string, CachedKey>()
  readonly #loading = new Map<string, Promise<Uint8Array>>()

  readonly #listeners: ExpiryListener[] = []

  constructor(options: Options) {
    this.#options = options
  }

  /** For a new data store: the ARN of the key that wraps its data key; undefined if it is not encrypted. @throws ContractError */
  async keyFor(kmsKeyArn: string | undefined): Promise<string | undefined> {
    const { services, encryptsNew, ignoresKmsKeys } = this.#options
    if (!encryptsNew || services === undefined) {
      if (kmsKeyArn === undefined || ignoresKmsKeys === true) return undefined
      throw new ContractError(
        'ValidationException',
        'This server does not encrypt new data stores (--encryption none), so that kmsKeyArn would have no effect. Leave it out',
      )
    }
    if (kmsKeyArn === undefined) return services.ring.ownKeyArn()
    const key = await (await this.#serviceOf(kmsKeyArn)).describe(kmsKeyArn)
    if (key === undefined)
      throw new ContractError('ResourceNotFoundException', `The KMS key ${kmsKeyArn} does not exist`)
    const fault = key.isSymmetric ? (key.state === 'Enabled' ? undefined : STATES[key.state]) : 'not-symmetric'
    if (fault !== undefined) throw new ContractError('ValidationException', new KeyRefused(kmsKeyArn, fault).message)
    return key.keyArn
  }

  /**
   * Whether image sets of the data store may be used now: undefined if so, a promise if a key service has to be asked. Data stores with
   * Hilum's own key, and those that do not exist, pass.
   * @throws ContractError (AccessDeniedException), StoreUnavailable
   */
  check(datastoreId: string): Promise<void> | undefined {
    const isKnown = this.#owners.has(datastoreId)
    if (isKnown && this.#owners.get(datastoreId)?.isCustomers !== true) return undefined
    return this.#keys.has(datastoreId) ? undefined : this.#check(datastoreId)
  }

  async #check(datastoreId: string): Promise<void> {
    const owner = await this.#ownerOf(datastoreId)
    if (owner?.isCustomers === true) await this.dataKeyOf(datastoreId)
  }

  async isEncrypted(ownerId: string): Promise<boolean> {
    return (await this.#ownerOf(ownerId)) !== undefined
  }

  /** Use it before the next await: it is overwritten when it expires. @throws ContractError (AccessDeniedException), StoreUnavailable */
  async dataKeyOf(ownerId: string): Promise<Uint8Array> {
    const cached = this.#keys.get(ownerId)
    if (cached !== undefined) return cached.bytes
    const loading = this.#loading.get(ownerId) ?? this.#load(ownerId)
    return loading
  }

  /** Of a data store that is deleted. */
  forget(ownerId: string): void {
    const cached = this.#keys.get(ownerId)
    if (cached === undefined) return
    this.#keys.delete(ownerId)
    clearTimeout(cached.expiry)
    cached.bytes.fill(0)
    const isCustomers = this.#owners.get(ownerId)?.isCustomers ?? true
    for (const listener of this.#listeners) listener(ownerId, isCustomers)
  }

  /** Calls the listener when a data key expires: after some seconds, whether it is needed again or not. */
  onExpiry(listener: ExpiryListener): void {
    this.#listeners.push(listener)
  }

  close(): void {
    for (const ownerId of [...this.#keys.keys()]) this.forget(ownerId)
  }

  /** Encrypts uploads from now on. @throws UnreadableRing if the catalog was encrypted with another key ring */
  async encryptUploads(): Promise<void> {
    const { catalog, services } = this.#options
    const keyArn = await services!.ring.ownKeyArn()
    await catalog.dataKeys.add({ ownerId: UPLOADS_OWNER, keyArn })
    const recorded = await catalog.dataKeys.get(UPLOADS_OWNER)
    if (recorded?.keyArn !== keyArn)
      throw new UnreadableRing(
        'the data of this catalog was encrypted with another key ring, which all its servers share',
      )
  }

  /** After a rotation: wraps the data keys of a key with its new version. No blob changes. @returns how many */
  async rewrap(keyArn: string): Promise<number> {
    const { dataKeys } = this.#options.catalog
    const service = await this.#serviceOf(keyArn)
    const owners = await dataKeys.list(keyArn)
    for (const { ownerId, wrapped } of owners) {
      const context = encryptionContextOf(ownerId, keyArn)
      await dataKeys.put({ ownerId, wrapped: await service.rewrap({ keyArn, context, wrapped }), replaces: wrapped })
    }
    return owners.length
  }

  #load(ownerId: string): Promise<Uint8Array> {
    const startedAt = performance.now()
    const loading = this.#unwrapped(ownerId)
      .then((bytes) => {
        this.#cache(ownerId, bytes, startedAt)
        return bytes
      })
      .finally(() => this.#loading.delete(ownerId))
    this.#loading.set(ownerId, loading)
    return loading
  }

  #cache(ownerId: string, bytes: Uint8Array, startedAt: number): void {
    const [oldest] = this.#keys.keys()
    if (oldest !== undefined && this.#keys.size >= DATA_KEYS_MAX) this.forget(oldest)
    // From the beginning of the request: the key may have been revoked right after it was checked.
    const leftMs = Math.min(this.#options.dataKeyMs, DATA_KEY_MS_MAX) - (performance.now() - startedAt)
    const expiry = setTimeout(() => this.forget(ownerId), Math.max(leftMs, 0)).unref()
    this.#keys.set(ownerId, { bytes, expiry })
  }

  async #unwrapped(ownerId: string): Promise<Uint8Array> {
    const record = await this.#options.catalog.dataKeys.get(ownerId)
    if (record === undefined) throw new Error(`${ownerId} has no data key`)
    if (record.isDestroyed) throw new DataKeyDestroyed(ownerId)
    const { keyArn } = record
    const context = encryptionContextOf(ownerId, keyArn)
    try {
      const service = await this.#serviceOf(keyArn)
      const { wrapped } = record.wrapped === undefined ? await this.#create(ownerId, { service, keyArn }) : record
      return Uint8Array.from(await service.unwrap({ keyArn, context, wrapped: wrapped! }))
    } catch (error) {
      throw await this.#asRefusal(error, context)
    }
  }

  /** At the first use, not with the data store: a key policy usually names the id of the data store, which is known only afterwards. */
  async #create(
    ownerId: string,
    by: { readonly service: KeyService; readonly keyArn: string },
  ): Promise<DataKeyRecord> {
    const { plaintext, wrapped } = await by.service.createDataKey(by.keyArn, encryptionContextOf(ownerId, by.keyArn))
    plaintext.fill(0)
    const stored = await this.#options.catalog.dataKeys.put({ ownerId, wrapped, replaces: undefined })
    if (stored?.wrapped === undefined) throw new DataKeyDestroyed(ownerId)
    return stored
  }

  async #ownerOf(ownerId: string): Promise<Owner | undefined> {
    if (this.#owners.has(ownerId)) return this.#owners.get(ownerId)
    const record = await this.#options.catalog.dataKeys.get(ownerId)
    const own = record && (await this.#options.services?.ring.ownKeyArn())
    const owner = record && { keyArn: record.keyArn, isCustomers: record.keyArn !== own }
    const [oldest] = this.#owners.keys()
    if (oldest !== undefined && this.#owners.size >= OWNERS_MAX) this.#owners.delete(oldest)
    this.#owners.set(ownerId, owner)
    return owner
  }

  async #serviceOf(keyArn: string): Promise<KeyService> {
    const { services } = this.#options
    if (services === undefined) throw new StoreUnavailable({ store: 'the key ring', reason: 'away', code: 'ENOENT' })
    return services.kms === undefined || keyArn === (await services.ring.ownKeyArn()) ? services.ring : services.kms
  }

  async #asRefusal(error: unknown, context: EncryptionContext): Promise<unknown> {
    if (!(error instanceof KeyRefused)) return error
    const isOwn = error.keyArn === (await this.#options.services?.ring.ownKeyArn())
    if (isOwn)
      return new StoreUnavailable({ store: 'the key ring', reason: 'access', code: error.reason }, { cause: error })
    return new ContractError('AccessDeniedException', sentenceOf(error, context), { cause: error })
  }
}

/** The data store was deleted: its blobs cannot be read any more. */
class DataKeyDestroyed extends Error {
  override readonly name = 'DataKeyDestroyed'
  constructor(ownerId: string) {
    super(`the data key of ${ownerId} was destroyed`)
  }
}

const STATES = { Disabled: 'disabled', PendingDeletion: 'pending-deletion' } as const

/** As the service: AWS's page on data protection of HealthImaging. */
export const encryptionContextOf = (ownerId: string, keyArn: string): EncryptionContext => ({
  'aws:medical-imaging:datastoreId': ownerId,
  'kms-arn': keyArn,
})

/** What the owner of the key has to do. */
function sentenceOf({ keyArn, reason, message }: KeyRefused, context: EncryptionContext): string {
  if (reason === 'not-granted') {
    return (
      `The policy of the KMS key ${keyArn} does not grant the service access to this data store. Add this statement to it: ` +
      `${JSON.stringify(statementFor(context))}`
    )
  }
  if (reason === 'disabled') return `${message}. Enable it to use this data store`
  if (reason === 'pending-deletion') return `${message}. Cancel the deletion and enable it to use this data store`
  return message
}

const statementFor = (context: EncryptionContext) => ({
  ...SERVICE_STATEMENT,
  Condition: {
    StringEquals: Object.fromEntries(
      Object.entries(context).map(([name, value]) => [`kms:EncryptionContext:${name}`, value]),
    ),
  },
})
