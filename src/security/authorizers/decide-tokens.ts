/**
 * Decides bearer tokens by the authorizer of the data store (developer guide, "OIDC authentication for DICOMweb"). Whatever is missing, late
 * or malformed refuses the token.
 */
import { createHash } from 'node:crypto'
import type { JWTPayload } from 'jose'
import { ContractError } from '../../contract/errors.ts'
import type { Limits } from '../../limits.ts'
import type { Access } from '../../stores/catalog/access-repository.ts'
import type { Datastores } from '../../stores/catalog/datastore-repository.ts'
import type { Caller } from '../callers/caller.ts'
import { compilePolicies, type PolicySet } from '../policies/compile-policies.ts'
import { MANAGED_POLICIES } from '../policies/managed-policies.ts'
import { parsePolicy } from '../policies/parse-policy.ts'
import { askEndpoint } from './ask-endpoint.ts'
import type { AuthorizerConfig, RoleConfig } from './authorizer-config.ts'
import { TokenRefused } from './authorizer-error.ts'
import { readToken } from './bearer-token.ts'
import { openOidc, type VerifiedToken } from './oidc.ts'

export interface TokenRequest {
  readonly token: string
  readonly datastoreId: string
  /** The action that the token is used for: `GetDICOMInstance`. */
  readonly operation: string
  /** Milliseconds since 1970. */
  readonly now: number
  /** The address sent too many wrong tokens: a token that was never accepted is not decided now. */
  readonly decideAfterSeconds?: number | undefined
}

export interface TokenOptions {
  readonly authorizers?: Readonly<Record<string, AuthorizerConfig>> | undefined
  /** By ARN. */
  readonly roles?: Readonly<Record<string, RoleConfig>> | undefined
  readonly datastores: Pick<Datastores, 'get'>
  readonly access: Pick<Access, 'getPolicy'>
  readonly region: string
  readonly accountId: string
  readonly limits: Parameters<typeof readToken>[1]['limits'] &
    Parameters<typeof openOidc>[1] &
    Parameters<typeof parsePolicy>[2] &
    Pick<Limits, 'authorizerCacheMs' | 'authorizerCalls' | 'authorizerCallersCached'>
  readonly log: { warn(fields: object, message: string): void }
}

type Decide = (request: TokenRequest, subject: string) => Promise<Caller>

/** The returned function says who sent a token, and what that caller may do. @throws TokenRefused, StoreUnavailable, a ThrottlingException */
export function openTokenDecisions(options: TokenOptions): (request: TokenRequest) => Promise<Caller> {
  const { authorizers = {}, roles = {}, datastores, access, region, accountId, limits, log } = options
  const configured = new Map(Object.entries(authorizers).map(([arn, config]) => [arn, decideBy(arn, config)]))
  /** By data store, operation and hash of the token. */
  const known = new Map<string, { readonly caller: Promise<Caller>; readonly validUntil: number }>()
  /** Data store and hash of tokens that were accepted once, for any operation. */
  const acceptedOnce = new Set<string>()
  let calls = 0

  function decideBy(arn: string, config: AuthorizerConfig): Decide {
    if ('endpoint' in config) return byEndpoint(arn, config.endpoint)
    const verify = openOidc(config, limits)
    return async ({ token, now }) => {
      const verified = await inTime((signal) => untilAborted(verify(token, now), signal))
      return callerOfProvider(arn, config.issuer, verified)
    }
  }

  function byEndpoint(arn: string, endpoint: string): Decide {
    return async ({ datastoreId, operation, token }, subject) => {
      const question = { datastoreId, operation, bearerToken: token }
      const roleArn = await inTime((signal) => askEndpoint(endpoint, question, { limits, signal }))
      if (roleArn.split(':')[4] !== accountId) throw new TokenRefused('elsewhere', 'the role is of another account')
      const role = Object.hasOwn(roles, roleArn) ? roles[roleArn] : undefined
      if (role?.policies === undefined) {
        throw new TokenRefused('misconfigured', 'the role is not configured, or has no policies')
      }
      const roleName = roleArn.slice(roleArn.lastIndexOf('/') + 1)
      const identity = { kind: 'role', authorizerArn: arn, roleArn, subject } as const
      return {
        ...callerWith(await policySetOf(role.policies)),
        id: `bearer ${roleArn} ${subject}`,
        userId: `${roleName}:${subject}`,
        arn: `arn:aws:sts::${accountId}:assumed-role/${roleName}/${sessionName(subject)}`,
        bearer: identity,
      }
    }
  }

  async function callerOfProvider(arn: string, issuer: string, verified: VerifiedToken): Promise<Caller> {
    const { principal: subject, policies } = verified
    return {
      ...callerWith(await policySetOf(policies)),
      id: `bearer ${issuer} ${subject}`,
      userId: `${accountId}:${subject}`,
      arn: `arn:aws:sts::${accountId}:federated-user/${sessionName(subject)}`,
      bearer: { kind: 'provider', authorizerArn: arn, issuer, subject },
    }
  }

  /** @throws TokenRefused if one is missing or cannot be read: a Deny may be missing */
  async function policySetOf(names: readonly string[]): Promise<PolicySet> {
    const policies = names.map(async (name) => {
      const managed = Object.hasOwn(MANAGED_POLICIES, name) ? MANAGED_POLICIES[name] : undefined
      const document = managed ?? (await access.getPolicy(name))?.document
      if (document === undefined) throw new TokenRefused('misconfigured', `the policy ${name} does not exist`)
      return parsePolicy(name, document, limits)
    })
    return compilePolicies(await Promise.all(policies))
  }

  /** @throws TokenRefused; errors of the catalog stay as they are */
  async function inTime<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (calls >= limits.authorizerCalls) throw new TokenRefused('too many', 'too many tokens are being decided')
    calls += 1
    const signal = AbortSignal.timeout(limits.authorizerTimeoutMs)
    try {
      return await ask(signal)
    } catch (error) {
      if (error instanceof TokenRefused) throw error
      if (signal.aborted) throw new TokenRefused('timeout', 'the authorizer did not answer in time')
      throw new TokenRefused('failed', `the authorizer could not be reached: ${codeOf(error)}`)
    } finally {
      calls -= 1
    }
  }

  async function decide(request: TokenRequest, { sub }: JWTPayload): Promise<Caller> {
    const datastore = await datastores.get(request.datastoreId, { deletedSince: request.now })
    const arn = datastore?.lambdaAuthorizerArn
    // The same for a data store that does not exist: who has no valid token learns nothing about ids.
    if (arn === undefined) throw new TokenRefused('denied', 'the data store has no authorizer')
    try {
      const [, , , ofRegion, ofAccount] = arn.split(':')
      if (ofRegion !== region || ofAccount !== accountId) {
        throw new TokenRefused('elsewhere', 'the authorizer is of another region or account')
      }
      const ask = configured.get(arn)
      if (ask === undefined) throw new TokenRefused('misconfigured', 'the authorizer is no longer configured')
      return await ask(request, typeof sub === 'string' && sub !== '' ? sub : 'unknown')
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error
      if (error.isOfAuthorizer) {
        log.warn({ authorizer: arn, reason: error.message }, 'an authorizer could not decide a bearer token')
      }
      throw error.by(arn)
    }
  }

  /** Requests with the same token wait for one decision, which is valid for a moment: a viewer asks for hundreds of frames at once. */
  async function remembered(request: TokenRequest): Promise<Caller> {
    const { now, datastoreId, operation, decideAfterSeconds } = request
    const claims = readToken(request.token, { now, limits })
    const hash = createHash('sha256').update(request.token).digest('base64')
    const key = `${datastoreId} ${operation} ${hash}`
    const found = known.get(key)
    if (found !== undefined && now < found.validUntil) return found.caller
    if (decideAfterSeconds !== undefined && !acceptedOnce.has(`${datastoreId} ${hash}`)) {
      const message = 'Rate exceeded: too many wrong tokens or bad signatures from this address.'
      throw new ContractError('ThrottlingException', message, { retryAfterSeconds: decideAfterSeconds })
    }
    const caller = decide(request, claims)
    known.set(key, { caller, validUntil: now + limits.authorizerCacheMs })
    keepNewest(known)
    caller.then(
      () => {
        acceptedOnce.add(`${datastoreId} ${hash}`)
        keepNewest(acceptedOnce)
      },
      () => {
        if (known.get(key)?.caller === caller) known.delete(key)
      },
    )
    return caller
  }

  function keepNewest(of: Map<string, unknown> | Set<string>): void {
    for (const oldest of of.keys()) {
      if (of.size <= limits.authorizerCallersCached) break
      of.delete(oldest)
    }
  }

  return remembered
}

/** A bearer token has no access key. */
const callerWith = (policies: PolicySet) => ({
  accessKeyId: '',
  signInKeyId: '',
  name: undefined,
  policies,
  renewableUntil: undefined,
})

/** The characters that AWS allows in the name of a session, and its length. */
const sessionName = (subject: string): string => subject.replace(/[^\w+=,.@-]/g, '-').slice(0, 64)

/** A request of jose cannot be aborted from outside; it has the same deadline itself. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  return Promise.race([work, aborted])
}

/** Of a connection, such as ECONNREFUSED: the cause of fetch's own error. Messages may name addresses only. */
function codeOf(error: unknown): string {
  const { code, cause } = error as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException }
  return cause?.code ?? code ?? (error as Error).name
}
