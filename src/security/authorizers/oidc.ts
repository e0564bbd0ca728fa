/**
 * Verifies tokens of an OpenID Connect provider (OpenID Connect Core 1.0, 3.1.3.7; Discovery 1.0, 4). Its keys are fetched when they are
 * needed, kept for `oidcKeysMs`, and fetched again for a key id that is not among them, at most every `oidcRefetchMs`.
 */
import { createRemoteJWKSet, customFetch, errors, type JWTPayload, jwtVerify, type RemoteJWKSet } from 'jose'
import type { Limits } from '../../limits.ts'
import type { OidcAuthorizer } from './authorizer-config.ts'
import { TokenRefused } from './authorizer-error.ts'
import { boundedBody, jsonObject } from './bounded-json.ts'
import { isProtectedAddress } from './protected-address.ts'

type OidcLimits = Pick<
  Limits,
  'authorizerTimeoutMs' | 'authorizerAnswerBytes' | 'oidcKeysMs' | 'oidcRefetchMs' | 'tokenClockSkewMs'
>

export interface VerifiedToken {
  /** The value of the principal claim. */
  readonly principal: string
  /** Names of the policies that apply. */
  readonly policies: readonly string[]
}

/** Signatures with a public key. A token that is "signed" with a shared secret, or not at all, is never accepted. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

/** The returned function throws TokenRefused, or the error of a connection. */
export function openOidc(
  provider: OidcAuthorizer,
  limits: OidcLimits,
): (token: string, now: number) => Promise<VerifiedToken> {
  const { issuer, audience, principalClaim, policies } = provider
  const { authorizerTimeoutMs, authorizerAnswerBytes } = limits
  let keys: Promise<RemoteJWKSet> | undefined

  const get = (url: string, signal: AbortSignal) =>
    fetch(url, { headers: { Accept: 'application/json' }, redirect: 'manual', signal })

  async function openKeys(): Promise<RemoteJWKSet> {
    return createRemoteJWKSet(new URL(provider.jwks ?? (await discovered())), {
      timeoutDuration: authorizerTimeoutMs,
      cacheMaxAge: limits.oidcKeysMs,
      cooldownDuration: limits.oidcRefetchMs,
      async [customFetch](url, { signal }) {
        const response = await get(url, signal)
        return new Response(await boundedBody(response, authorizerAnswerBytes), { status: response.status })
      },
    })
  }

  async function discovered(): Promise<string> {
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    const response = await get(url, AbortSignal.timeout(authorizerTimeoutMs))
    if (response.status !== 200) {
      await response.body?.cancel()
      const fault = response.status < 500 ? 'misconfigured' : 'failed'
      throw new TokenRefused(fault, `the discovery document of the issuer answered with ${response.status}`)
    }
    const document = await jsonObject(response, authorizerAnswerBytes)
    if (document.issuer !== issuer) {
      throw new TokenRefused('misconfigured', 'the discovery document is of another issuer')
    }
    if (typeof document.jwks_uri === 'string' && isProtectedAddress(document.jwks_uri)) return document.jwks_uri
    throw new TokenRefused('misconfigured', 'the jwks_uri of the discovery document is not an https address')
  }

  /** Tokens at the same time wait for one discovery. One that failed is repeated for the next token. */
  function keysOnce(): Promise<RemoteJWKSet> {
    keys ??= openKeys().catch((error: unknown) => {
      keys = undefined
      throw error
    })
    return keys
  }

  return async (token, now) => {
    const keySet = await keysOnce()
    let payload: JWTPayload
    try {
      ;({ payload } = await jwtVerify(token, keySet, {
        ...{ issuer, audience: [...audience], algorithms: ALGORITHMS },
        ...{ clockTolerance: limits.tokenClockSkewMs / 1000, currentDate: new Date(now) },
        requiredClaims: ['exp', 'iat', principalClaim],
      }))
    } catch (error) {
      throw refusalOf(error)
    }
    const principal = payload[principalClaim]
    if (typeof principal !== 'string' || principal === '') {
      throw new TokenRefused('invalid token', `its claim ${principalClaim} is not text`)
    }
    const matching = policies.filter(({ claim, value }) => valuesOf(payload, claim).includes(value))
    if (matching.length === 0) throw new TokenRefused('denied', 'no row of its policies matches the token')
    return { principal, policies: [...new Set(matching.map(({ policy }) => policy))] }
  }
}

/** The texts of a claim: a text, or a list. A claim whose name has dots is looked up as it is first, then member by member. */
function valuesOf(claims: JWTPayload, name: string): readonly string[] {
  const found = Object.hasOwn(claims, name)
    ? claims[name]
    : name.split('.').reduce<unknown>((value, member) => memberOf(value, member), claims)
  return (Array.isArray(found) ? found : [found]).filter((each) => typeof each === 'string')
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined

/** Errors of the keys are the provider's, all others of `jose` the token's. Those of the connection stay as they are. */
function refusalOf(error: unknown): unknown {
  if (error instanceof errors.JWKSTimeout)
    return new TokenRefused('timeout', "the issuer's keys did not arrive in time")
  if (error instanceof errors.JWKSInvalid || error instanceof errors.JWKInvalid) {
    return new TokenRefused('misconfigured', 'the keys of the issuer are not a JSON Web Key Set')
  }
  if (!(error instanceof errors.JOSEError)) return error
  // Another status than 200, or a body that is not JSON.
  if (error.code === 'ERR_JOSE_GENERIC') return new TokenRefused('failed', 'the keys of the issuer could not be read')
  return new TokenRefused('invalid token', `the token was not verified: ${error.code}`)
}
