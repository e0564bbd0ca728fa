/**
 * The access keys of principals, from the catalog, with their policies compiled, and when the sessions of a caller were ended. They are cached for two seconds (`accessCacheMs`); then the
 * number of the last change is read, and only if it is another one are they read again. So a disabled key stops in every process.
 */
import { ContractError } from '../../contract/errors.ts'
import type { Limits } from '../../limits.ts'
import {
  type Access,
  type AccessKeyRecord,
  type AttachedPolicy,
  callerIdOf,
} from '../../stores/catalog/access-repository.ts'
import { compilePolicies, type PolicySet } from '../policies/compile-policies.ts'
import { tagsOfPrincipal } from '../policies/condition-keys.ts'
import { MANAGED_POLICIES } from '../policies/managed-policies.ts'
import { parsePolicy } from '../policies/parse-policy.ts'
import type { SigningKey } from './caller.ts'
import type { Seal } from './seal.ts'

interface PrincipalKeys {
  /**
   * Undefined for a key that is unknown, expired or disabled.
   * @param lookUpAfterSeconds if set, a key that this process never found is not looked up
   * @throws ContractError, a ThrottlingException for such a key
   */
  find(
    accessKeyId: string,
    lookUpAfterSeconds?: number | undefined,
  ): SigningKey | undefined | Promise<SigningKey | undefined>
  /** When the sessions of a caller were ended last; 0 if never. */
  sessionsEndedAt(callerId: string): number | Promise<number>
  /** This process has made a change: the next request reads it. */
  refresh(): void
}

interface CachedKey {
  readonly key: SigningKey
  readonly expiresAt: number | undefined
}

/** Other texts are no access keys of Hilum, and are not looked up. */
const ACCESS_KEY_ID = /^HILUM[A-Z2-7]{15}$/

export function openPrincipalKeys(options: {
  readonly access: Pick<Access, 'changeNumber' | 'findKey' | 'sessionsEndedAt'>
  readonly seal: Seal
  readonly accountId: string
  readonly limits: Pick<Limits, 'accessCacheMs' | 'accessKeysCached'> & Parameters<typeof parsePolicy>[2]
  /** Milliseconds since 1970, for keys that expire. */
  readonly clock: () => number
  /** Milliseconds that never go back, for the age of the cache. */
  readonly elapsed?: () => number
  readonly log: { error(fields: object, message: string): void }
}): PrincipalKeys {
  const { access, seal, accountId, limits, clock, elapsed = () => performance.now(), log } = options
  const cached = new Map<string, CachedKey>()
  /** The catalog has no key of these ids that can be used. */
  const unknown = new Set<string>()
  const ends = new Map<string, number>()
  /** Were found once, whatever has changed since. */
  const foundOnce = new Set<string>()
  let changeNumber = -1
  let checkedAt = Number.NEGATIVE_INFINITY
  let changedAt = Number.NEGATIVE_INFINITY
  let checking: Promise<void> | undefined

  const isFresh = () => checkedAt > changedAt && elapsed() - checkedAt < limits.accessCacheMs

  /** @param readAt when the read began: a change after that may be missing */
  function saw(number: number, readAt: number): void {
    if (number > changeNumber) {
      cached.clear()
      unknown.clear()
      ends.clear()
    }
    changeNumber = Math.max(changeNumber, number)
    checkedAt = Math.max(checkedAt, readAt)
  }

  async function check(): Promise<void> {
    const readAt = elapsed()
    saw(await access.changeNumber(), readAt)
  }

  /** Requests at the same time wait for one check. */
  function checkOnce(): Promise<void> {
    if (checking !== undefined) return checking
    const started = check().finally(() => {
      if (checking === started) checking = undefined
    })
    checking = started
    return started
  }

  async function read(accessKeyId: string): Promise<SigningKey | undefined> {
    if (!isFresh()) await checkOnce()
    const known = cached.get(accessKeyId)
    if (known !== undefined) return valid(known)
    if (unknown.has(accessKeyId)) return undefined
    const readAt = elapsed()
    const found = await access.findKey(accessKeyId)
    if (found.changeNumber < changeNumber) return read(accessKeyId)
    saw(found.changeNumber, readAt)
    const made = found.key && cachedKey(accessKeyId, found.key)
    if (made === undefined) {
      unknown.add(accessKeyId)
      keepNewest(unknown)
      return undefined
    }
    cached.set(accessKeyId, made)
    keepNewest(cached)
    foundOnce.add(accessKeyId)
    keepNewest(foundOnce)
    return valid(made)
  }

  async function readEnd(callerId: string): Promise<number> {
    if (!isFresh()) await checkOnce()
    const known = ends.get(callerId)
    if (known !== undefined) return known
    const readAt = elapsed()
    const found = await access.sessionsEndedAt(callerId)
    if (found.changeNumber < changeNumber) return readEnd(callerId)
    saw(found.changeNumber, readAt)
    ends.set(callerId, found.endedAt)
    keepNewest(ends)
    return found.endedAt
  }

  function keepNewest(of: Map<string, unknown> | Set<string>): void {
    for (const oldest of of.keys()) {
      if (of.size <= limits.accessKeysCached) break
      of.delete(oldest)
    }
  }

  function cachedKey(accessKeyId: string, record: AccessKeyRecord): CachedKey | undefined {
    const { sealedSecret, expiresAt, isEnabled, name, principalId, tags } = record
    if (!isEnabled) return undefined
    const secretAccessKey = seal.open(sealedSecret, accessKeyId)
    if (secretAccessKey === undefined) {
      log.error(
        { accessKeyId },
        'the secret of an access key was sealed with another key: copy sealing.key from the server that created it, or set HILUM_SEALING_KEY',
      )
      return undefined
    }
    const caller = {
      id: callerIdOf(principalId),
      accessKeyId,
      signInKeyId: accessKeyId,
      arn: `arn:aws:iam::${accountId}:user/${name}`,
      name,
      userId: String(principalId),
      tags: tagsOfPrincipal(tags),
      policies: policySetOf(record.policies),
      renewableUntil: undefined,
    }
    return { key: { secretAccessKey, caller }, expiresAt }
  }

  /** With a policy that cannot be read, a Deny may be missing: then everything is denied. */
  function policySetOf(attached: readonly AttachedPolicy[]): PolicySet {
    try {
      return compilePolicies(attached.map((each) => parsePolicy(each.policyName, documentOf(each), limits)))
    } catch (error) {
      log.error({ reason: (error as Error).message }, 'a policy cannot be read; its principal is denied everything')
      return compilePolicies([])
    }
  }

  const valid = ({ key, expiresAt }: CachedKey) => (expiresAt === undefined || clock() < expiresAt ? key : undefined)

  return {
    find(accessKeyId, lookUpAfterSeconds) {
      const known = isFresh() ? cached.get(accessKeyId) : undefined
      if (known !== undefined) return valid(known)
      if (lookUpAfterSeconds !== undefined && ACCESS_KEY_ID.test(accessKeyId) && !foundOnce.has(accessKeyId)) {
        const message = 'Rate exceeded: too many bad signatures from this address.'
        throw new ContractError('ThrottlingException', message, { retryAfterSeconds: lookUpAfterSeconds })
      }
      return ACCESS_KEY_ID.test(accessKeyId) ? read(accessKeyId) : undefined
    },
    sessionsEndedAt: (callerId) => (isFresh() ? ends.get(callerId) : undefined) ?? readEnd(callerId),
    refresh() {
      changedAt = elapsed()
      // One that is under way may have begun before the change.
      checking = undefined
    },
  }
}

function documentOf({ policyName, document }: AttachedPolicy): string {
  const found = document ?? (Object.hasOwn(MANAGED_POLICIES, policyName) ? MANAGED_POLICIES[policyName] : undefined)
  if (found === undefined) throw new Error(`the policy ${policyName} does not exist`)
  return found
}
