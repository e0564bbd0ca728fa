/** The key service of one machine: keys in a file (ring-file.ts), with key policies in the JSON of KMS. */
import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto'
import { grantsService, ownerPolicy, SERVICE_STATEMENT } from './key-policy.ts'
import {
  type EncryptionContext,
  type KeyDescription,
  KeyRefused,
  type KeyService,
  type NewDataKey,
  type WrappedKey,
} from './key-service.ts'
import type { KeyEntry, KeyVersion, RingKeys } from './ring-file.ts'
import { type RingPlace, RingStore } from './ring-store.ts'

const DATA_KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const VERSION_BYTES = 4
const ALGORITHM = 'aes-256-gcm'
const DAY_MS = 86_400_000

interface RingOptions {
  /** In the ARNs of new keys. */
  readonly region: string
  readonly accountId: string
  readonly clock?: () => number
}

/** A key service, and Hilum's own key in it. */
export interface KeyRing extends KeyService {
  /** The ARN of the key for data stores without a customer's key. It grants the service, and cannot be disabled or deleted. */
  ownKeyArn(): Promise<string>
}

/** Creates the ring with Hilum's own key unless it exists. @throws UnreadableRing, StoreUnavailable */
export async function openKeyRing(place: RingPlace, options: RingOptions): Promise<KeyRing> {
  const ring = new FileKeyRing(new RingStore(place), options)
  await ring.createIfMissing()
  return ring
}

class FileKeyRing implements KeyRing {
  readonly #store: RingStore
  readonly #options: RingOptions

  constructor(store: RingStore, options: RingOptions) {
    this.#store = store
    this.#options = options
  }

  createIfMissing(): Promise<void> {
    const policy = { ...ownerPolicy(this.#options.accountId), Statement: [SERVICE_STATEMENT] }
    return this.#store.createIfMissing((keys) => [{ ...this.#newEntry(policy, keys), isOwn: true }])
  }

  async ownKeyArn(): Promise<string> {
    const { ring } = await this.#store.read()
    return ring.keys.find(({ isOwn }) => isOwn === true)!.keyArn
  }

  async describe(keyArn: string): Promise<KeyDescription | undefined> {
    const found = await this.#find(keyArn)
    return found && descriptionOf(found)
  }

  async isGranted(keyArn: string, request: { action: string; context: EncryptionContext }): Promise<boolean> {
    const found = await this.#find(keyArn)
    return found !== undefined && grantsService(found.policy, { ...request, keyArn })
  }

  async createDataKey(keyArn: string, context: EncryptionContext): Promise<NewDataKey> {
    const { entry, keys } = await this.#usable(keyArn, { action: 'kms:GenerateDataKey', context })
    const plaintext = randomBytes(DATA_KEY_BYTES)
    return { plaintext, wrapped: wrap(plaintext, { entry, keys, context }) }
  }

  async unwrap({ keyArn, context, wrapped }: WrappedKey): Promise<Uint8Array> {
    const { entry, keys } = await this.#usable(keyArn, { action: 'kms:Decrypt', context })
    return unwrap(wrapped, { entry, keys, context })
  }

  async rewrap({ keyArn, context, wrapped }: WrappedKey): Promise<Uint8Array> {
    const { entry, keys } = await this.#usable(keyArn, undefined)
    const plaintext = unwrap(wrapped, { entry, keys, context })
    try {
      return wrap(plaintext, { entry, keys, context })
    } finally {
      plaintext.fill(0)
    }
  }

  async create(policy: object | undefined): Promise<KeyDescription> {
    let made: KeyEntry | undefined
    await this.#store.change((ring, keys) => {
      made = this.#newEntry(policy ?? ownerPolicy(this.#options.accountId), keys)
      return [...ring.keys, made]
    })
    return descriptionOf(made!)
  }

  async list(): Promise<readonly KeyDescription[]> {
    const { ring } = await this.#store.read()
    return ring.keys.filter((entry) => !this.#isDeleted(entry)).map(descriptionOf)
  }

  async policyOf(keyArn: string): Promise<object> {
    const found = await this.#find(keyArn)
    if (found === undefined) throw new KeyRefused(keyArn, 'absent')
    return found.policy
  }

  putPolicy(keyArn: string, policy: object): Promise<void> {
    return this.#change(keyArn, (entry) => ({ ...entry, policy }))
  }

  rotate(keyArn: string): Promise<void> {
    return this.#change(keyArn, (entry, keys) => {
      if (entry.state !== 'Enabled') throw new KeyRefused(keyArn, refusalOf(entry))
      const version = this.#newVersion(keys, { keyArn, number: entry.versions.length })
      return { ...entry, versions: [...entry.versions, version] }
    })
  }

  disable(keyArn: string): Promise<void> {
    return this.#change(keyArn, (entry) => ({ ...this.#customers(entry), state: 'Disabled' }))
  }

  enable(keyArn: string): Promise<void> {
    return this.#change(keyArn, ({ deletionAt: _, ...entry }) => ({ ...entry, state: 'Enabled' }))
  }

  async scheduleDeletion(keyArn: string, days: number): Promise<number> {
    const deletionAt = this.#now() + days * DAY_MS
    await this.#change(keyArn, (entry) => ({ ...this.#customers(entry), state: 'PendingDeletion', deletionAt }))
    return deletionAt
  }

  #newEntry(policy: object, keys: RingKeys): KeyEntry {
    const { region, accountId } = this.#options
    const keyArn = `arn:aws:kms:${region}:${accountId}:key/${randomUUID()}`
    const versions = [this.#newVersion(keys, { keyArn, number: 0 })]
    return { keyArn, createdAt: this.#now(), state: 'Enabled', policy, versions }
  }

  #newVersion(keys: RingKeys, { keyArn, number }: { readonly keyArn: string; readonly number: number }): KeyVersion {
    const material = randomBytes(DATA_KEY_BYTES)
    const sealed = keys.seal(material, sealedFor(keyArn, number))
    material.fill(0)
    return { createdAt: this.#now(), sealed }
  }

  #customers(entry: KeyEntry): KeyEntry {
    if (entry.isOwn !== true) return entry
    throw new OwnKeyIsKept()
  }

  async #find(keyArn: string): Promise<KeyEntry | undefined> {
    const { ring } = await this.#store.read()
    return ring.keys.find((entry) => entry.keyArn === keyArn && !this.#isDeleted(entry))
  }

  async #usable(keyArn: string, service: { action: string; context: EncryptionContext } | undefined) {
    const { ring, keys } = await this.#store.read()
    const entry = ring.keys.find((each) => each.keyArn === keyArn)
    if (entry === undefined || this.#isDeleted(entry)) throw new KeyRefused(keyArn, 'absent')
    if (entry.state !== 'Enabled') throw new KeyRefused(keyArn, refusalOf(entry))
    const isGranted = service === undefined || grantsService(entry.policy, { ...service, keyArn })
    if (!isGranted) throw new KeyRefused(keyArn, 'not-granted')
    return { entry, keys }
  }

  /** Also removes the material of keys whose time has come. */
  #change(keyArn: string, changed: (entry: KeyEntry, keys: RingKeys) => KeyEntry): Promise<void> {
    return this.#store.change((ring, keys) => {
      const entries = ring.keys.map((entry) => (this.#isDeleted(entry) ? { ...entry, versions: [] } : entry))
      const at = entries.findIndex((entry) => entry.keyArn === keyArn && !this.#isDeleted(entry))
      if (at < 0) throw new KeyRefused(keyArn, 'absent')
      return entries.with(at, changed(entries[at]!, keys))
    })
  }

  #isDeleted({ deletionAt, versions }: KeyEntry): boolean {
    return versions.length === 0 || (deletionAt !== undefined && deletionAt <= this.#now())
  }

  #now(): number {
    return (this.#options.clock ?? Date.now)()
  }
}

/** Data stores without a customer's key could not be read any more. */
export class OwnKeyIsKept extends Error {
  override readonly name = 'OwnKeyIsKept'
  constructor() {
    super("This is Hilum's own key. It cannot be disabled or deleted")
  }
}

const descriptionOf = ({ keyArn, state, createdAt, deletionAt }: KeyEntry): KeyDescription => ({
  ...{ keyArn, state, createdAt, deletionAt },
  isSymmetric: true,
})

const refusalOf = ({ state }: KeyEntry) => (state === 'Disabled' ? 'disabled' : 'pending-deletion')

const sealedFor = (keyArn: string, number: number): string => JSON.stringify([keyArn, number])

interface Wrapping {
  readonly entry: KeyEntry
  readonly keys: RingKeys
  readonly context: EncryptionContext
}

/** The number of the key version, nonce, encrypted data key, tag. */
function wrap(plaintext: Uint8Array, { entry, keys, context }: Wrapping): Buffer {
  const number = entry.versions.length - 1
  const nonce = randomBytes(NONCE_BYTES)
  return withMaterial({ entry, keys, number }, (material) => {
    const cipher = createCipheriv(ALGORITHM, material, nonce).setAAD(boundTo(entry, context))
    const version = Buffer.alloc(VERSION_BYTES)
    version.writeUInt32BE(number)
    return Buffer.concat([version, nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  })
}

/** @throws KeyRefused if it was not wrapped by this key under this context */
function unwrap(wrapped: Uint8Array, { entry, keys, context }: Wrapping): Buffer {
  const bytes = Buffer.from(wrapped)
  const isWhole = bytes.length === VERSION_BYTES + NONCE_BYTES + DATA_KEY_BYTES + TAG_BYTES
  const number = isWhole ? bytes.readUInt32BE(0) : Number.POSITIVE_INFINITY
  if (number >= entry.versions.length) throw new KeyRefused(entry.keyArn, 'damaged')
  return withMaterial({ entry, keys, number }, (material) => {
    const nonce = bytes.subarray(VERSION_BYTES, VERSION_BYTES + NONCE_BYTES)
    const decipher = createDecipheriv(ALGORITHM, material, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(boundTo(entry, context)).setAuthTag(bytes.subarray(-TAG_BYTES))
    try {
      return Buffer.concat([decipher.update(bytes.subarray(VERSION_BYTES + NONCE_BYTES, -TAG_BYTES)), decipher.final()])
    } catch {
      throw new KeyRefused(entry.keyArn, 'damaged')
    }
  })
}

function withMaterial<T>(
  { entry, keys, number }: { entry: KeyEntry; keys: RingKeys; number: number },
  use: (material: Buffer) => T,
): T {
  const material = keys.unseal(entry.versions[number]!.sealed, sealedFor(entry.keyArn, number))
  try {
    return use(material)
  } finally {
    material.fill(0)
  }
}

const boundTo = ({ keyArn }: KeyEntry, context: EncryptionContext): Buffer =>
  Buffer.from(JSON.stringify([keyArn, Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))]))
