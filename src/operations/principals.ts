/** Principals and their access keys, below /hilum/ (docs/operating/access.md). */
import type { App } from '../app.ts'
import type { AccessExtensions, PolicyReference, PrincipalSummary } from '../contract/access.ts'
import { ContractError } from '../contract/errors.ts'
import { arnsOf } from '../security/authorization/arns.ts'
import { MANAGED_POLICIES } from '../security/policies/managed-policies.ts'
import type { AttachedPolicy, Principal } from '../stores/catalog/access-repository.ts'
import { checkedDocument, checkedPolicyName } from './policies.ts'

type Principals = Pick<
  AccessExtensions<App>,
  | 'createPrincipal'
  | 'listPrincipals'
  | 'setPrincipalEnabled'
  | 'tagPrincipal'
  | 'untagPrincipal'
  | 'rotateAccessKey'
  | 'deletePrincipal'
  | 'attachPolicy'
  | 'detachPolicy'
>

const managedNames = Object.keys(MANAGED_POLICIES)

export const principals: Principals = {
  async createPrincipal({ principalName: name, policies, tags }, app) {
    if (!/^[\w+=,.@-]{1,64}$/.test(name)) {
      throw invalid('The name of a principal must be 1 to 64 letters, digits and characters of +=,.@_-')
    }
    if (policies.length > app.limits.policiesPerPrincipal) throw tooManyPolicies(app)
    checkTags(tags)
    if (Object.keys(tags).length > app.limits.tagsPerPrincipal) throw tooManyTags(app)
    const { secretAccessKey, stored } = app.callers.makeKey()
    const outcome = await app.catalog.access.createPrincipal({
      name,
      key: stored,
      policies: policies.map((each) => attached(each, app)),
      tags,
      principalsMax: app.limits.principals,
      managedNames,
    })
    await app.callers.refresh()
    switch (outcome) {
      case 'exists':
        throw new ContractError('ConflictException', `There is a principal ${name} already`)
      case 'too-many':
        throw quota(`There can be at most ${app.limits.principals} principals`)
      case 'no-such-policy':
        throw notFound(`One of the policies ${policies.map(({ policyName }) => policyName).join(', ')} does not exist`)
      case 'created':
        return { accessKeyId: stored.accessKeyId, secretAccessKey }
    }
  },

  async listPrincipals(app) {
    const arns = arnsOf(app)
    return (await app.catalog.access.listPrincipals()).map((each) => summaryOf(each, arns.principal(each.name)))
  },

  async setPrincipalEnabled({ principalName, isEnabled }, app) {
    const outcome = await app.catalog.access.setEnabled(principalName, isEnabled)
    await app.callers.refresh()
    if (outcome === 'absent') throw noPrincipal(principalName)
  },

  async tagPrincipal({ principalName, tags }, app) {
    checkTags(tags)
    const outcome = await app.catalog.access.tagPrincipal(principalName, tags, { tagsMax: app.limits.tagsPerPrincipal })
    await app.callers.refresh()
    if (outcome === 'absent') throw noPrincipal(principalName)
    if (outcome === 'too-many') throw tooManyTags(app)
  },

  async untagPrincipal({ principalName, tagKeys }, app) {
    const outcome = await app.catalog.access.untagPrincipal(principalName, tagKeys)
    await app.callers.refresh()
    if (outcome === 'absent') throw noPrincipal(principalName)
  },

  async rotateAccessKey({ principalName, overlapMinutes }, app) {
    const overlapMs = overlapMinutes * 60_000
    if (overlapMs > app.limits.keyOverlapMs) {
      throw invalid(`The overlap can be at most ${app.limits.keyOverlapMs / 60_000} minutes`)
    }
    const { secretAccessKey, stored } = app.callers.makeKey()
    const request = { key: stored, otherKeysExpireAt: app.clock() + overlapMs }
    const outcome = await app.catalog.access.rotateKey(principalName, request)
    await app.callers.refresh()
    if (outcome === 'absent') throw noPrincipal(principalName)
    return { accessKeyId: stored.accessKeyId, secretAccessKey }
  },

  async deletePrincipal({ principalName }, app) {
    const outcome = await app.catalog.access.deletePrincipal(principalName)
    await app.callers.refresh()
    if (outcome === 'absent') throw noPrincipal(principalName)
  },

  async attachPolicy({ principalName, ...policy }, app) {
    const outcome = await app.catalog.access.attachPolicy(principalName, attached(policy, app), {
      policiesMax: app.limits.policiesPerPrincipal,
      managedNames,
    })
    await app.callers.refresh()
    switch (outcome) {
      case 'absent':
        throw noPrincipal(principalName)
      case 'no-such-policy':
        throw notFound(`There is no policy ${policy.policyName}`)
      case 'too-many':
        throw tooManyPolicies(app)
    }
  },

  async detachPolicy({ principalName, policyName }, app) {
    const outcome = await app.catalog.access.detachPolicy(principalName, policyName)
    await app.callers.refresh()
    if (outcome === 'absent') throw noPrincipal(principalName)
    if (outcome === 'not-attached') throw notFound(`${principalName} has no policy ${policyName}`)
  },
}

function attached({ policyName, policyDocument }: PolicyReference, app: App): AttachedPolicy {
  return {
    policyName: checkedPolicyName(policyName),
    document: policyDocument === undefined ? undefined : checkedDocument({ policyName, policyDocument }, app),
  }
}

/** The limits of IAM ("IAM and AWS STS quotas"). */
function checkTags(tags: Readonly<Record<string, string>>): void {
  const keys = Object.keys(tags)
  if (new Set(keys.map((key) => key.toLowerCase())).size < keys.length) {
    throw invalid('The keys of tags are not case-sensitive: each can be given once')
  }
  for (const [key, value] of Object.entries(tags)) {
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key) || /^aws:/i.test(key)) {
      throw invalid(
        'The key of a tag must be 1 to 128 letters, digits, spaces and characters of _.:/=+-@, and not begin with aws:',
      )
    }
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value)) {
      throw invalid('The value of a tag must be at most 256 letters, digits, spaces and characters of _.:/=+-@')
    }
  }
}

const summaryOf = (
  { name, isEnabled, createdAt, accessKeys, policies, tags }: Principal,
  arn: string,
): PrincipalSummary => ({
  principalName: name,
  arn,
  status: isEnabled ? 'ENABLED' : 'DISABLED',
  createdAt: createdAt / 1000,
  accessKeys: accessKeys.map((key) => ({
    accessKeyId: key.accessKeyId,
    createdAt: key.createdAt / 1000,
    expiresAt: key.expiresAt && key.expiresAt / 1000,
  })),
  policies: policies.map(({ policyName, document }) => ({ policyName, policyDocument: document })),
  tags,
})

const invalid = (message: string) => new ContractError('ValidationException', message)
const quota = (message: string) => new ContractError('ServiceQuotaExceededException', message)
const notFound = (message: string) => new ContractError('ResourceNotFoundException', message)
const noPrincipal = (name: string) => notFound(`There is no principal ${name}`)
const tooManyTags = (app: App) => quota(`A principal can have at most ${app.limits.tagsPerPrincipal} tags`)
const tooManyPolicies = (app: App) => quota(`A principal can have at most ${app.limits.policiesPerPrincipal} policies`)
