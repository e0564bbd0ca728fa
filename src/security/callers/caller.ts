/** Who sent a signed request, and what the verification of its signature needs. */
import type { PolicySet } from '../policies/compile-policies.ts'

/** Who a bearer token names, and who vouched for it. */
export type BearerIdentity = {
  /** The `lambdaAuthorizerArn` of the data store. */
  readonly authorizerArn: string
  readonly subject: string
} & (
  | { readonly kind: 'role'; readonly roleArn: string }
  /** An OpenID Connect provider. */
  | { readonly kind: 'provider'; readonly issuer: string }
)

export interface Caller {
  /** The same for all access keys and sessions of one principal. Uploads and throttles belong to it. */
  readonly id: string
  /** Empty for a bearer token. */
  readonly accessKeyId: string
  /** The permanent access key: that of the request, or the one that its session was started with. */
  readonly signInKeyId: string
  /** `arn:aws:iam::123456789012:root` for the owner, `arn:aws:iam::123456789012:user/<name>` for a principal. */
  readonly arn: string
  /** Of a principal. */
  readonly name: string | undefined
  /** `aws:userid`: the account of the owner, a number of a principal that is never given again, `<role>:<subject>` or `<account>:<subject>` of a token. */
  readonly userId: string
  /** Of a principal, by condition key: `aws:principaltag/team`. */
  readonly tags?: ReadonlyMap<string, readonly string[]>
  readonly policies: PolicySet
  /** Of a session: until when it may start another. Undefined for a permanent key. */
  readonly renewableUntil: number | undefined
  /** Of a session: when the sign-in was, which its renewals keep. */
  readonly sessionStartedAt?: number
  readonly bearer?: BearerIdentity
}

export interface SigningKey {
  readonly secretAccessKey: string
  readonly caller: Caller
}

export interface Credentials {
  /**
   * Undefined for a key that is unknown, disabled or expired. The owner's key is found without waiting.
   * @throws ContractError for an expired session, and a ThrottlingException for a key that is not looked up
   */
  find(claim: {
    readonly accessKeyId: string
    /** X-Amz-Security-Token. */
    readonly sessionToken: string | undefined
    /** The address sent too many bad signatures: a key that was never found is not looked up now. */
    readonly lookUpAfterSeconds?: number | undefined
  }): SigningKey | undefined | Promise<SigningKey | undefined>
}
