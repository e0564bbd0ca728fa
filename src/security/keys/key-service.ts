/**
 * The interface of a key service: it keeps the keys of customers and wraps data keys with them (envelope encryption). Two adapters pass one
 * suite (key-service.conformance.ts): the key ring, a file for one machine, and AWS KMS.
 *
 * The first five methods act for the service principal (key-policy.ts), which the policy of a key must grant. The others are those of the
 * owner, who administers keys.
 */

/** Bound to a wrapped data key: it can only be unwrapped with the same context. */
export type EncryptionContext = Readonly<Record<string, string>>

export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion'

export interface KeyDescription {
  /** That of the key, also if an alias was asked for. */
  readonly keyArn: string
  readonly state: KeyState
  /** Whether it can wrap data keys. */
  readonly isSymmetric: boolean
  /** Milliseconds since 1970. */
  readonly createdAt: number | undefined
  readonly deletionAt: number | undefined
}

export interface NewDataKey {
  /** 32 bytes. The caller overwrites them after use. */
  readonly plaintext: Uint8Array
  readonly wrapped: Uint8Array
}

/** What is wrapped by which key, under which context. */
export interface WrappedKey {
  readonly keyArn: string
  readonly context: EncryptionContext
  readonly wrapped: Uint8Array
}

export interface KeyService {
  /** Undefined if there is no such key. @param keyArn of a key or an alias */
  describe(keyArn: string): Promise<KeyDescription | undefined>
  /** Whether the key policy grants the service the action, such as `kms:Decrypt`. */
  isGranted(keyArn: string, request: { readonly action: string; readonly context: EncryptionContext }): Promise<boolean>
  /** @throws KeyRefused, StoreUnavailable */
  createDataKey(keyArn: string, context: EncryptionContext): Promise<NewDataKey>
  /** @throws KeyRefused, StoreUnavailable */
  unwrap(key: WrappedKey): Promise<Uint8Array>
  /** Wraps the data key with the latest version of its key. @throws KeyRefused, StoreUnavailable */
  rewrap(key: WrappedKey): Promise<Uint8Array>

  /** @param policy undefined: only the owner's account may use the key */
  create(policy: object | undefined): Promise<KeyDescription>
  list(): Promise<readonly KeyDescription[]>
  /** @throws KeyRefused */
  policyOf(keyArn: string): Promise<object>
  /** @throws KeyRefused */
  putPolicy(keyArn: string, policy: object): Promise<void>
  /** Adds a new version of the key. Data keys that earlier versions wrapped can still be unwrapped. @throws KeyRefused */
  rotate(keyArn: string): Promise<void>
  /** @throws KeyRefused */
  disable(keyArn: string): Promise<void>
  /** Also cancels a scheduled deletion. @throws KeyRefused */
  enable(keyArn: string): Promise<void>
  /** @returns when it is deleted. @throws KeyRefused */
  scheduleDeletion(keyArn: string, days: number): Promise<number>
}

export type RefusalReason = 'absent' | 'disabled' | 'pending-deletion' | 'not-granted' | 'not-symmetric' | 'damaged'

const IN_WORDS: Readonly<Record<RefusalReason, string>> = {
  absent: 'does not exist',
  disabled: 'is disabled',
  'pending-deletion': 'is scheduled for deletion',
  'not-granted': 'does not grant the service this action',
  'not-symmetric': 'is not a symmetric encryption key',
  damaged: 'did not wrap this data key, or it was changed',
}

/** The key cannot be used until its owner changes it. */
export class KeyRefused extends Error {
  override readonly name = 'KeyRefused'
  readonly keyArn: string
  readonly reason: RefusalReason

  constructor(keyArn: string, reason: RefusalReason) {
    super(`The KMS key ${keyArn} ${IN_WORDS[reason]}`)
    this.keyArn = keyArn
    this.reason = reason
  }
}
