/** What the configuration says of authorizers and roles. `src/server/access-settings.ts` checks it. */

/** A service that decides each bearer token, as the Lambda function of that ARN does on AWS. */
interface EndpointAuthorizer {
  readonly endpoint: string
}

/** An OpenID Connect provider, whose tokens are verified here. */
export interface OidcAuthorizer {
  /** As in the claim `iss`. */
  readonly issuer: string
  /** One of them must be in the claim `aud`. */
  readonly audience: readonly string[]
  /** The address of the provider's keys. Default: that of its discovery document. */
  readonly jwks?: string | undefined
  /** The claim that names the caller in the audit log. */
  readonly principalClaim: string
  /** All rows that a token matches apply. */
  readonly policies: readonly ClaimPolicy[]
}

interface ClaimPolicy {
  /** `groups`, or `realm_access.roles` for a member of an object. */
  readonly claim: string
  /** The claim has this value, or is a list with it. */
  readonly value: string
  /** The name of a managed policy, or of one of `hilum policies put`. */
  readonly policy: string
}

export type AuthorizerConfig = EndpointAuthorizer | OidcAuthorizer

export interface RoleConfig {
  /** What a bearer token may do whose authorizer returns the role: names of policies. */
  readonly policies?: readonly string[] | undefined
}
