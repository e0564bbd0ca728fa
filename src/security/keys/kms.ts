/**
 * The key service of AWS KMS, or of a server with its API. Imported only if one is configured, because its client is large.
 *
 * KMS decides whether the credentials of this server may use a key. That the policy grants the service principal is checked here, on the
 * policy that GetKeyPolicy returns; if the credentials may not read it, KMS's own decision counts.
 */
import {
  CancelKeyDeletionCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GenerateDataKeyCommand,
  GetKeyPolicyCommand,
  type KeyMetadata,
  KMSClient,
  PutKeyPolicyCommand,
  paginateListKeys,
  ReEncryptCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import { grantsService } from './key-policy.ts'
import {
  type EncryptionContext,
  type KeyDescription,
  KeyRefused,
  type KeyService,
  type RefusalReason,
  type WrappedKey,
} from './key-service.ts'

export interface KmsServer {
  /** Default: that of AWS for the region. */
  readonly endpoint?: string
  readonly region: string
  /** Default: the credential chain of AWS (environment, profile, instance role). */
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly timeoutMs: number
}

const CONNECT_TIMEOUT_MS = 2_000
const POLICY_NAME = 'default'

export function openKms({ endpoint, region, accessKeyId, secretAccessKey, timeoutMs }: KmsServer): KeyService {
  const client = new KMSClient({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey } }),
    maxAttempts: 2,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: timeoutMs,
      // Otherwise the client of the SDK prints a warning and waits on.
      throwOnRequestTimeout: true,
      socketTimeout: timeoutMs,
    },
  })
  return new Kms(client)
}

class Kms implements KeyService {
  readonly #client: KMSClient

  constructor(client: KMSClient) {
    this.#client = client
  }

  async describe(keyArn: string): Promise<KeyDescription | undefined> {
    try {
      const { KeyMetadata } = await this.#client.send(new DescribeKeyCommand({ KeyId: keyArn }))
      return descriptionOf(KeyMetadata!)
    } catch (error) {
      if (nameOf(error) === 'NotFoundException') return undefined
      throw asKeyError(error, keyArn)
    }
  }

  async isGranted(keyArn: string, request: { action: string; context: EncryptionContext }): Promise<boolean> {
    try {
      return grantsService(await this.policyOf(keyArn), { ...request, keyArn })
    } catch (error) {
      if (error instanceof KeyRefused && error.reason === 'not-granted') return true
      throw error
    }
  }

  async createDataKey(keyArn: string, context: EncryptionContext) {
    await this.#requireGrant(keyArn, { action: 'kms:GenerateDataKey', context })
    const command = new GenerateDataKeyCommand({ KeyId: keyArn, KeySpec: 'AES_256', EncryptionContext: context })
    const { Plaintext, CiphertextBlob } = await this.#send(keyArn, () => this.#client.send(command))
    return { plaintext: Plaintext!, wrapped: CiphertextBlob! }
  }

  async unwrap({ keyArn, context, wrapped }: WrappedKey): Promise<Uint8Array> {
    await this.#requireGrant(keyArn, { action: 'kms:Decrypt', context })
    const command = new DecryptCommand({ KeyId: keyArn, CiphertextBlob: wrapped, EncryptionContext: context })
    const { Plaintext } = await this.#send(keyArn, () => this.#client.send(command))
    return Plaintext!
  }

  async rewrap({ keyArn, context, wrapped }: WrappedKey): Promise<Uint8Array> {
    const command = new ReEncryptCommand({
      ...{ CiphertextBlob: wrapped, SourceKeyId: keyArn, SourceEncryptionContext: context },
      ...{ DestinationKeyId: keyArn, DestinationEncryptionContext: context },
    })
    const { CiphertextBlob } = await this.#send(keyArn, () => this.#client.send(command))
    return CiphertextBlob!
  }

  async create(policy: object | undefined): Promise<KeyDescription> {
    const command = new CreateKeyCommand({
      ...{ KeySpec: 'SYMMETRIC_DEFAULT', KeyUsage: 'ENCRYPT_DECRYPT' },
      ...(policy === undefined ? {} : { Policy: JSON.stringify(policy) }),
    })
    const { KeyMetadata } = await this.#send('', () => this.#client.send(command))
    return descriptionOf(KeyMetadata!)
  }

  async list(): Promise<readonly KeyDescription[]> {
    const keys: KeyDescription[] = []
    try {
      for await (const page of paginateListKeys({ client: this.#client }, {})) {
        for (const { KeyArn } of page.Keys ?? []) {
          const key = await this.describe(KeyArn!)
          if (key !== undefined) keys.push(key)
        }
      }
    } catch (error) {
      throw asKeyError(error, '')
    }
    return keys
  }

  async policyOf(keyArn: string): Promise<object> {
    const command = new GetKeyPolicyCommand({ KeyId: keyArn, PolicyName: POLICY_NAME })
    const { Policy } = await this.#send(keyArn, () => this.#client.send(command))
    return JSON.parse(Policy!) as object
  }

  async putPolicy(keyArn: string, policy: object): Promise<void> {
    const command = new PutKeyPolicyCommand({
      ...{ KeyId: keyArn, PolicyName: POLICY_NAME },
      Policy: JSON.stringify(policy),
    })
    await this.#send(keyArn, () => this.#client.send(command))
  }

  async rotate(keyArn: string): Promise<void> {
    await this.#send(keyArn, () => this.#client.send(new RotateKeyOnDemandCommand({ KeyId: keyArn })))
  }

  async disable(keyArn: string): Promise<void> {
    await this.#send(keyArn, () => this.#client.send(new DisableKeyCommand({ KeyId: idOf(keyArn) })))
  }

  async enable(keyArn: string): Promise<void> {
    const KeyId = idOf(keyArn)
    const key = await this.describe(keyArn)
    if (key?.state === 'PendingDeletion') {
      await this.#send(keyArn, () => this.#client.send(new CancelKeyDeletionCommand({ KeyId })))
    }
    await this.#send(keyArn, () => this.#client.send(new EnableKeyCommand({ KeyId })))
  }

  async scheduleDeletion(keyArn: string, days: number): Promise<number> {
    const command = new ScheduleKeyDeletionCommand({ KeyId: idOf(keyArn), PendingWindowInDays: days })
    const { DeletionDate } = await this.#send(keyArn, () => this.#client.send(command))
    return DeletionDate!.getTime()
  }

  async #requireGrant(keyArn: string, request: { action: string; context: EncryptionContext }): Promise<void> {
    const key = await this.describe(keyArn)
    if (key === undefined) throw new KeyRefused(keyArn, 'absent')
    if (key.state !== 'Enabled')
      throw new KeyRefused(keyArn, key.state === 'Disabled' ? 'disabled' : 'pending-deletion')
    if (!(await this.isGranted(keyArn, request))) throw new KeyRefused(keyArn, 'not-granted')
  }

  async #send<T>(keyArn: string, request: () => Promise<T>): Promise<T> {
    try {
      return await request()
    } catch (error) {
      throw asKeyError(error, keyArn)
    }
  }
}

/** The owner changes keys of its own account, for which some servers accept the id only. */
const idOf = (keyArn: string): string => keyArn.slice(keyArn.lastIndexOf('/') + 1)

const descriptionOf = (key: KeyMetadata): KeyDescription => ({
  keyArn: key.Arn!,
  state: key.KeyState === 'Enabled' || key.KeyState === 'PendingDeletion' ? key.KeyState : 'Disabled',
  isSymmetric: key.KeySpec === 'SYMMETRIC_DEFAULT' && key.KeyUsage === 'ENCRYPT_DECRYPT',
  createdAt: key.CreationDate?.getTime(),
  deletionAt: key.DeletionDate?.getTime(),
})

const REASONS: Readonly<Record<string, RefusalReason>> = {
  NotFoundException: 'absent',
  DisabledException: 'disabled',
  KMSInvalidStateException: 'pending-deletion',
  AccessDeniedException: 'not-granted',
  InvalidKeyUsageException: 'not-symmetric',
  InvalidCiphertextException: 'damaged',
  IncorrectKeyException: 'damaged',
}

/** The name of the error of KMS, or the code of a connection's. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const { code } = error as NodeJS.ErrnoException
  return error.name === 'Error' && typeof code === 'string' ? code : error.name
}

/** Without the cause, which holds the request. */
function asKeyError(error: unknown, keyArn: string): Error {
  if (error instanceof KeyRefused || error instanceof StoreUnavailable) return error
  const name = nameOf(error)
  const reason = REASONS[name]
  return reason === undefined
    ? new StoreUnavailable({ store: 'the key service', reason: 'away', code: name })
    : new KeyRefused(keyArn, reason)
}
