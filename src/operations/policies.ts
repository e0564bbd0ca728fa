/** Policies that are kept by their name, below /hilum/ (docs/operating/access.md). */
import type { App } from '../app.ts'
import type { AccessExtensions, PolicyInput, PolicySummary } from '../contract/access.ts'
import { ContractError } from '../contract/errors.ts'
import { arnsOf } from '../security/authorization/arns.ts'
import { compilePolicies } from '../security/policies/compile-policies.ts'
import { tagsOfPrincipal } from '../security/policies/condition-keys.ts'
import { MalformedPolicy } from '../security/policies/malformed-policy.ts'
import { MANAGED_POLICIES } from '../security/policies/managed-policies.ts'
import { parsePolicy } from '../security/policies/parse-policy.ts'

type Policies = Pick<
  AccessExtensions<App>,
  'putPolicy' | 'listPolicies' | 'getPolicy' | 'deletePolicy' | 'simulatePolicy'
>

export const policies: Policies = {
  async putPolicy({ policyName, policyDocument }, app) {
    if (isManaged(policyName)) {
      throw new ContractError('ConflictException', `${policyName} is a managed policy, which cannot be changed`)
    }
    const document = checkedDocument({ policyName: checkedPolicyName(policyName), policyDocument }, app)
    const policy = { policyName, document, updatedAt: app.clock() }
    const outcome = await app.catalog.access.putPolicy(policy, { policiesMax: app.limits.policies })
    await app.callers.refresh()
    if (outcome === 'too-many') {
      throw new ContractError(
        'ServiceQuotaExceededException',
        `There can be at most ${app.limits.policies} policies. Delete one that is not used`,
      )
    }
  },

  async listPolicies(app) {
    const stored = (await app.catalog.access.listPolicies()).map(
      ({ policyName, document, updatedAt }): PolicySummary => ({
        policyName,
        policyDocument: document,
        updatedAt: updatedAt / 1000,
        isManaged: false,
      }),
    )
    return [...Object.keys(MANAGED_POLICIES).map(managedPolicy), ...stored]
  },

  async getPolicy(policyName, app) {
    if (isManaged(policyName)) return managedPolicy(policyName)
    const found = await app.catalog.access.getPolicy(policyName)
    if (found === undefined) throw noPolicy(policyName)
    return { policyName, policyDocument: found.document, updatedAt: found.updatedAt / 1000, isManaged: false }
  },

  async deletePolicy(policyName, app) {
    if (isManaged(policyName)) {
      throw new ContractError('ConflictException', `${policyName} is a managed policy, which cannot be deleted`)
    }
    const outcome = await app.catalog.access.deletePolicy(policyName)
    await app.callers.refresh()
    if (outcome === 'absent') throw noPolicy(policyName)
    if (outcome === 'attached') {
      throw new ContractError('ConflictException', `${policyName} is attached to a principal. Detach it first`)
    }
  },

  async simulatePolicy({ principalName, action, resource, context }, app) {
    const principal = await app.catalog.access.getPrincipal(principalName)
    if (principal === undefined) {
      throw new ContractError('ResourceNotFoundException', `There is no principal ${principalName}`)
    }
    const parsed = await Promise.all(
      principal.policies.map(async ({ policyName, document }) => {
        const text = document ?? (await policies.getPolicy(policyName, app)).policyDocument
        return parsePolicy(policyName, text, app.limits)
      }),
    )
    const own = new Map<string, readonly string[]>([
      ...tagsOfPrincipal(principal.tags),
      ['aws:username', [principalName]],
      ['aws:principalarn', [arnsOf(app).principal(principalName)]],
      ['aws:principalaccount', [app.accountId]],
      ['aws:principaltype', ['User']],
    ])
    const valuesOf = (key: string) => (Object.hasOwn(context, key) ? context[key] : own.get(key))
    return compilePolicies(parsed).decide({ action, resource, valuesOf })
  },
}

export function checkedPolicyName(policyName: string): string {
  if (/^[\w+=,.@-]{1,128}$/.test(policyName)) return policyName
  throw new ContractError(
    'ValidationException',
    'The name of a policy must be 1 to 128 letters, digits and characters of +=,.@_-',
  )
}

/** @throws ContractError with what is wrong in the document */
export function checkedDocument({ policyName, policyDocument }: PolicyInput, app: App): string {
  try {
    parsePolicy(policyName, policyDocument, app.limits)
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error
    throw new ContractError('ValidationException', `The policy ${policyName} is malformed. ${error.message}`)
  }
  return policyDocument
}

const isManaged = (policyName: string): boolean => Object.hasOwn(MANAGED_POLICIES, policyName)

const managedPolicy = (policyName: string): PolicySummary => ({
  policyName,
  policyDocument: MANAGED_POLICIES[policyName]!,
  isManaged: true,
})

const noPolicy = (policyName: string) =>
  new ContractError('ResourceNotFoundException', `There is no policy ${policyName}`)
