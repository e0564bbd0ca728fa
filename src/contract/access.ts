/** Principals and policies, below /hilum/ (docs/extensions.md). Times are seconds since 1970, as in the API. */

/** Without a document: a policy that is stored by its name, or a managed one. */
export interface PolicyReference {
  readonly policyName: string
  readonly policyDocument?: string | undefined
}

/** With a document. */
export interface PolicyInput {
  readonly policyName: string
  readonly policyDocument: string
}

interface NamedPrincipal {
  readonly principalName: string
}

export interface CreatedKey {
  readonly accessKeyId: string
  /** Returned once. */
  readonly secretAccessKey: string
}

export interface PrincipalSummary {
  readonly principalName: string
  readonly arn: string
  readonly status: 'ENABLED' | 'DISABLED'
  readonly createdAt: number
  readonly accessKeys: readonly {
    readonly accessKeyId: string
    readonly createdAt: number
    readonly expiresAt?: number | undefined
  }[]
  readonly policies: readonly PolicyReference[]
  readonly tags: Readonly<Record<string, string>>
}

export interface PolicySummary {
  readonly policyName: string
  readonly policyDocument: string
  /** Undefined for a managed policy. */
  readonly updatedAt?: number | undefined
  readonly isManaged: boolean
}

interface SimulatedDecision {
  readonly outcome: 'allow' | 'explicit deny' | 'implicit deny'
  readonly by?: { readonly policy: string; readonly statement: number; readonly sid: string | undefined }
}

export interface AccessExtensions<App> {
  createPrincipal(
    input: NamedPrincipal & {
      readonly policies: readonly PolicyReference[]
      readonly tags: Readonly<Record<string, string>>
    },
    app: App,
  ): Promise<CreatedKey>
  listPrincipals(app: App): Promise<readonly PrincipalSummary[]>
  setPrincipalEnabled(input: NamedPrincipal & { readonly isEnabled: boolean }, app: App): Promise<void>
  /** Replaces tags of the same key. */
  tagPrincipal(input: NamedPrincipal & { readonly tags: Readonly<Record<string, string>> }, app: App): Promise<void>
  untagPrincipal(input: NamedPrincipal & { readonly tagKeys: readonly string[] }, app: App): Promise<void>
  /** The other keys of the principal stay valid for the overlap. */
  rotateAccessKey(input: NamedPrincipal & { readonly overlapMinutes: number }, app: App): Promise<CreatedKey>
  deletePrincipal(input: NamedPrincipal, app: App): Promise<void>
  attachPolicy(input: NamedPrincipal & PolicyReference, app: App): Promise<void>
  detachPolicy(input: NamedPrincipal & Pick<PolicyReference, 'policyName'>, app: App): Promise<void>
  putPolicy(input: PolicyInput, app: App): Promise<void>
  listPolicies(app: App): Promise<readonly PolicySummary[]>
  getPolicy(policyName: string, app: App): Promise<PolicySummary>
  deletePolicy(policyName: string, app: App): Promise<void>
  simulatePolicy(
    input: NamedPrincipal & {
      readonly action: string
      readonly resource: string
      readonly context: Readonly<Record<string, readonly string[]>>
    },
    app: App,
  ): Promise<SimulatedDecision>
}
