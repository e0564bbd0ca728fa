/**
 * Principals with their access keys, and the policies that are attached to them. Each change of any of these has a number, so that a process
 * knows when what it has cached is no longer valid.
 */

export interface Principal {
  readonly name: string
  readonly isEnabled: boolean
  readonly createdAt: number
  readonly accessKeys: readonly {
    readonly accessKeyId: string
    readonly createdAt: number
    /** Of a key that was rotated. */
    readonly expiresAt: number | undefined
  }[]
  readonly policies: readonly AttachedPolicy[]
  readonly tags: PrincipalTags
}

/** Keys are not case-sensitive: a principal has `Team` or `team`. */
export type PrincipalTags = Readonly<Record<string, string>>

export interface AttachedPolicy {
  readonly policyName: string
  /** Of an inline policy, which belongs to the principal. Undefined for a policy that is kept by its name. */
  readonly document: string | undefined
}

export interface NewAccessKey {
  readonly accessKeyId: string
  readonly sealedSecret: Uint8Array
  readonly createdAt: number
}

export interface StoredPolicy {
  readonly policyName: string
  readonly document: string
  readonly updatedAt: number
}

/** What a request signed with an access key is verified and authorized with. */
export interface AccessKeyRecord {
  readonly sealedSecret: Uint8Array
  readonly expiresAt: number | undefined
  /** Never given to another principal, even of the same name. */
  readonly principalId: number
  readonly name: string
  readonly isEnabled: boolean
  /** Without a document: a policy that exists without being created. */
  readonly policies: readonly AttachedPolicy[]
  readonly tags: PrincipalTags
}

/** The caller that a principal is: its sessions are ended by this. */
export const callerIdOf = (principalId: number): string => `principal ${principalId}`

export interface Access {
  createPrincipal(request: {
    readonly name: string
    readonly key: NewAccessKey
    readonly policies: readonly AttachedPolicy[]
    readonly tags: PrincipalTags
    readonly principalsMax: number
    readonly managedNames: readonly string[]
  }): Promise<'created' | 'exists' | 'too-many' | 'no-such-policy'>
  /** By name. */
  listPrincipals(): Promise<readonly Principal[]>
  getPrincipal(name: string): Promise<Principal | undefined>
  setEnabled(name: string, isEnabled: boolean): Promise<'changed' | 'absent'>
  /** Adds tags, and replaces those of the same key. */
  tagPrincipal(
    name: string,
    tags: PrincipalTags,
    options: { readonly tagsMax: number },
  ): Promise<'tagged' | 'absent' | 'too-many'>
  /** Keys that it does not have are ignored. */
  untagPrincipal(name: string, tagKeys: readonly string[]): Promise<'untagged' | 'absent'>
  /** Gives the principal another key. Its other keys expire at `otherKeysExpireAt`, unless they expire before. */
  rotateKey(
    name: string,
    request: { readonly key: NewAccessKey; readonly otherKeysExpireAt: number },
  ): Promise<'rotated' | 'absent'>
  /** Replaces a policy of the same name. A policy without a document is stored, or one of `managedNames`, which need not be. */
  attachPolicy(
    name: string,
    policy: AttachedPolicy,
    options: { readonly policiesMax: number; readonly managedNames: readonly string[] },
  ): Promise<'attached' | 'absent' | 'too-many' | 'no-such-policy'>
  detachPolicy(name: string, policyName: string): Promise<'detached' | 'absent' | 'not-attached'>
  deletePrincipal(name: string): Promise<'deleted' | 'absent'>
  putPolicy(policy: StoredPolicy, options: { readonly policiesMax: number }): Promise<'stored' | 'too-many'>
  /** By name. */
  listPolicies(): Promise<readonly StoredPolicy[]>
  getPolicy(policyName: string): Promise<StoredPolicy | undefined>
  deletePolicy(policyName: string): Promise<'deleted' | 'absent' | 'attached'>
  /** Sessions of the caller that started before are no longer valid. */
  endSessions(callerId: string, endedAt: number): Promise<void>
  /** With the number of the last change that it includes. 0 if they were never ended. */
  sessionsEndedAt(callerId: string): Promise<{ readonly changeNumber: number; readonly endedAt: number }>
  /** Of the last change. */
  changeNumber(): Promise<number>
  /** With the number of the last change that it includes. */
  findKey(accessKeyId: string): Promise<{ readonly changeNumber: number; readonly key: AccessKeyRecord | undefined }>
}
