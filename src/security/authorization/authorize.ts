/** Authorizes every signed request, of every protocol, before its handler runs. */
import { ContractError } from '../../contract/errors.ts'
import type { Tags } from '../../stores/catalog/tagged-resources.ts'
import type { Caller } from '../callers/caller.ts'
import { PRINCIPAL_TAG, RESOURCE_TAG } from '../policies/condition-keys.ts'
import type { ConditionValues, Decision } from '../policies/policy.ts'
import { resourceOfArn } from './arns.ts'
import type { Need } from './operation-needs.ts'

/** What conditions may ask of a request. */
interface RequestFacts {
  readonly remoteAddress?: string | undefined
  /** The client used TLS. */
  readonly isSecure?: boolean | undefined
  /** Milliseconds since 1970. */
  readonly now: number
}

export type Authorize = (caller: Caller, needs: readonly Need[], facts: RequestFacts) => void | Promise<void>

/**
 * The returned function throws AccessDeniedException unless the caller's policies allow all needs. It returns a promise only if a policy reads
 * the tags of resources.
 */
export function createAuthorize(options: {
  readonly region: string
  readonly accountId: string
  readonly tags: Pick<Tags, 'list'>
}): Authorize {
  const { accountId, tags } = options
  const region = [options.region]

  function valuesOf(caller: Caller, facts: RequestFacts, need: Need, resourceTags: ResourceTags): ConditionValues {
    return (key) => {
      const own = need.values?.[key]
      if (own !== undefined) return own
      if (key.startsWith(RESOURCE_TAG)) return resourceTags.get(key)
      if (key.startsWith(PRINCIPAL_TAG)) return caller.tags?.get(key)
      switch (key) {
        case 'aws:sourceip':
          return facts.remoteAddress === undefined ? undefined : [facts.remoteAddress]
        case 'aws:currenttime':
          return [new Date(facts.now).toISOString()]
        case 'aws:epochtime':
          return [String(Math.floor(facts.now / 1000))]
        case 'aws:securetransport':
          return [String(facts.isSecure === true)]
        case 'aws:principalarn':
          return [caller.arn]
        case 'aws:principalaccount':
          return [accountId]
        case 'aws:principaltype':
          return [principalTypeOf(caller)]
        case 'aws:userid':
          return [caller.userId]
        case 'aws:username':
          return caller.name === undefined ? undefined : [caller.name]
        case 'aws:requestedregion':
          return region
        default:
          return undefined
      }
    }
  }

  function check(caller: Caller, need: Need, facts: RequestFacts, resourceTags: ResourceTags): void {
    const { action, resource } = need
    const request = { action, resource, valuesOf: valuesOf(caller, facts, need, resourceTags) }
    const decision = caller.policies.decide(request)
    if (need.isAllowedByDefault && decision.outcome !== 'explicit deny') return
    if (decision.outcome !== 'allow') throw accessDenied(caller, need, decision)
  }

  async function checkWithTags(caller: Caller, needs: readonly Need[], facts: RequestFacts): Promise<void> {
    for (const need of needs) check(caller, need, facts, await tagsOf(need.resource))
  }

  async function tagsOf(arn: string): Promise<ResourceTags> {
    const resource = resourceOfArn(arn)
    const found = resource === undefined ? undefined : await tags.list(resource)
    const values = new Map<string, string[]>()
    for (const [key, value] of Object.entries(found ?? {})) {
      const name = `${RESOURCE_TAG}${key.toLowerCase()}`
      values.set(name, [...(values.get(name) ?? []), value])
    }
    return values
  }

  return (caller, needs, facts) => {
    if (caller.policies.readsResourceTags) return checkWithTags(caller, needs, facts)
    for (const need of needs) check(caller, need, facts, NO_TAGS)
  }
}

/** IAM User Guide, "AWS global condition context keys". */
function principalTypeOf({ name, bearer }: Caller): string {
  if (bearer !== undefined) return bearer.kind === 'role' ? 'AssumedRole' : 'FederatedUser'
  return name === undefined ? 'Account' : 'User'
}

/** By the name of the condition key in lower case: tags `Team` and `team` are two values of one key. */
type ResourceTags = ReadonlyMap<string, readonly string[]>
const NO_TAGS: ResourceTags = new Map()

/** AWS's sentences (IAM User Guide, "Troubleshoot access denied error messages"). */
function accessDenied({ arn }: Caller, { action, resource }: Need, { outcome }: Decision): ContractError {
  const reason =
    outcome === 'explicit deny'
      ? 'with an explicit deny in an identity-based policy'
      : `because no identity-based policy allows the ${action} action`
  const message = `User: ${arn} is not authorized to perform: ${action} on resource: ${resource} ${reason}`
  return new ContractError('AccessDeniedException', message)
}
