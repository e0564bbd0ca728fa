/**
 * The file of a key ring: keys with their policies and states. The material of each key is encrypted, and each entry is authenticated, as is
 * the list of entries. Both use keys derived from a key file or a passphrase.
 *
 * A copy of an earlier whole file is not detected: nothing outside the file says which is the latest.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  scrypt,
  timingSafeEqual,
} from 'node:crypto'
import type { KeyState } from './key-service.ts'

const FORMAT = 'hilum-key-ring-1'
const NONCE_BYTES = 12
const TAG_BYTES = 16
const MATERIAL_BYTES = 32
const ALGORITHM = 'aes-256-gcm'
/** 64 MiB of memory and about 0.2 s. */
const SCRYPT = { N: 2 ** 16, r: 8, p: 1, maxmem: 128 * 1024 ** 2 }
/** A file may not make the process use more than this. */
const SCRYPT_N_MAX = 2 ** 20

export type Protection =
  | { readonly kind: 'key-file' }
  | { readonly kind: 'passphrase'; readonly salt: string; readonly N: number; readonly r: number; readonly p: number }

export interface KeyVersion {
  readonly createdAt: number
  /** Nonce, encrypted material and tag: base64. */
  readonly sealed: string
}

export interface KeyEntry {
  readonly keyArn: string
  readonly createdAt: number
  readonly state: KeyState
  readonly deletionAt?: number
  /** Hilum's own key, for data stores without a customer's key. */
  readonly isOwn?: true
  readonly policy: object
  /** The last one wraps. None after the key was deleted. */
  readonly versions: readonly KeyVersion[]
}

export interface Ring {
  /** Counts the changes of the file. */
  readonly generation: number
  readonly keys: readonly KeyEntry[]
}

interface RingFile {
  readonly format: string
  readonly generation: number
  readonly protection: Protection
  readonly keys: readonly (KeyEntry & { readonly mac: string })[]
  readonly mac: string
}

/** What protects the ring: the bytes of a key file, or a passphrase. */
export type RingSecret = Uint8Array

/** The message contains no content of the file. */
export class UnreadableRing extends Error {
  override readonly name = 'UnreadableRing'
}

export const newProtection = (kind: Protection['kind']): Protection =>
  kind === 'key-file'
    ? { kind }
    : { kind, salt: randomBytes(16).toString('base64'), N: SCRYPT.N, r: SCRYPT.r, p: SCRYPT.p }

/** The keys that a secret gives: one encrypts material, one authenticates. */
export class RingKeys {
  readonly protection: Protection
  readonly #sealing: Buffer
  readonly #authenticating: Buffer

  private constructor(protection: Protection, root: Uint8Array) {
    this.protection = protection
    this.#sealing = Buffer.from(hkdfSync('sha256', root, '', `${FORMAT} sealing`, 32))
    this.#authenticating = Buffer.from(hkdfSync('sha256', root, '', `${FORMAT} authenticating`, 32))
  }

  static async derive(secret: RingSecret, protection: Protection): Promise<RingKeys> {
    return new RingKeys(protection, protection.kind === 'key-file' ? secret : await stretched(secret, protection))
  }

  seal(material: Uint8Array, boundTo: string): string {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(ALGORITHM, this.#sealing, nonce).setAAD(Buffer.from(boundTo))
    return Buffer.concat([nonce, cipher.update(material), cipher.final(), cipher.getAuthTag()]).toString('base64')
  }

  /** @throws UnreadableRing */
  unseal(sealed: string, boundTo: string): Buffer {
    const bytes = Buffer.from(sealed, 'base64')
    if (bytes.length !== NONCE_BYTES + MATERIAL_BYTES + TAG_BYTES) throw new UnreadableRing('a key in it is damaged')
    const decipher = createDecipheriv(ALGORITHM, this.#sealing, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    })
    decipher.setAAD(Buffer.from(boundTo)).setAuthTag(bytes.subarray(-TAG_BYTES))
    try {
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()])
    } catch {
      throw new UnreadableRing('a key in it is damaged')
    }
  }

  mac(content: unknown): string {
    return createHmac('sha256', this.#authenticating).update(JSON.stringify(content)).digest('base64')
  }

  isMac(mac: unknown, content: unknown): boolean {
    const expected = Buffer.from(this.mac(content))
    const given = Buffer.from(String(mac))
    return given.length === expected.length && timingSafeEqual(given, expected)
  }
}

function stretched(passphrase: RingSecret, protection: Protection & { kind: 'passphrase' }): Promise<Buffer> {
  const { salt, N, r, p } = protection
  return new Promise((resolve, reject) => {
    const options = { N, r, p, maxmem: 2 * 128 * N * r }
    scrypt(passphrase, Buffer.from(salt, 'base64'), 32, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
}

export function encodeRing({ generation, keys }: Ring, by: RingKeys): string {
  const entries = keys.map((entry) => ({ ...entry, mac: by.mac(entry) }))
  const head = { format: FORMAT, generation, protection: by.protection }
  const file: RingFile = { ...head, keys: entries, mac: by.mac([head, entries.map(({ mac }) => mac)]) }
  return `${JSON.stringify(file, undefined, 2)}\n`
}

/** Before its authentication; needed to derive the keys. @throws UnreadableRing */
export function protectionOf(text: string): Protection {
  const { protection } = parsed(text)
  if (protection?.kind === 'key-file') return { kind: 'key-file' }
  const { salt, N, r, p } = protection ?? {}
  const isSane = [N, r, p].every((number) => Number.isSafeInteger(number) && number! > 0) && N! <= SCRYPT_N_MAX
  if (protection?.kind !== 'passphrase' || typeof salt !== 'string' || !isSane || r! > 16 || p! > 4) {
    throw new UnreadableRing('it does not say how it is protected')
  }
  return { kind: 'passphrase', salt, N: N!, r: r!, p: p! }
}

/** @throws UnreadableRing if anything in it was changed, or the secret is another */
export function decodeRing(text: string, by: RingKeys): Ring {
  const { format, generation, protection, keys, mac } = parsed(text)
  const entries = Array.isArray(keys) ? keys : []
  const head = { format, generation, protection }
  const macs = entries.map((entry) => entry?.mac)
  if (format !== FORMAT || !by.isMac(mac, [head, macs])) {
    throw new UnreadableRing('the key file or passphrase is another, or the key ring was changed')
  }
  return { generation: generation!, keys: entries.map((entry) => authenticated(entry, by)) }
}

function authenticated({ mac, ...entry }: KeyEntry & { readonly mac: string }, by: RingKeys): KeyEntry {
  if (!by.isMac(mac, entry)) throw new UnreadableRing('an entry of the key ring was changed')
  return entry
}

type Untrusted = Partial<Omit<RingFile, 'protection'>> & {
  readonly protection?: { kind?: string; salt?: string; N?: number; r?: number; p?: number }
}

function parsed(text: string): Untrusted {
  try {
    const file: unknown = JSON.parse(text)
    if (typeof file === 'object' && file !== null) return file as Untrusted
  } catch {
    // The error of JSON.parse quotes the file.
  }
  throw new UnreadableRing('it is not JSON')
}
