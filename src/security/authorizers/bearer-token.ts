/** Reads a bearer token as a JSON Web Token, with the checks that AWS makes before it asks the authorizer. Nothing is verified here. */
import { decodeJwt, decodeProtectedHeader, type JWTPayload } from 'jose'
import type { Limits } from '../../limits.ts'
import { TokenRefused } from './authorizer-error.ts'

/** AWS accepts tokens that were issued in the last twelve hours. */
const AGE_SECONDS_MAX = 12 * 3_600

/**
 * The claims of a well-formed token that is valid now by its own dates.
 * @throws TokenRefused, and nothing else
 */
export function readToken(
  token: string,
  {
    now,
    limits,
  }: { readonly now: number; readonly limits: Pick<Limits, 'bearerTokenCharacters' | 'tokenClockSkewMs'> },
): JWTPayload {
  if (token.length > limits.bearerTokenCharacters) throw invalid('it is too long')
  const { exp, iat, nbf, ...claims } = parsed(token)
  const [seconds, skew] = [now / 1000, limits.tokenClockSkewMs / 1000]
  if (!isDate(exp)) throw invalid('it has no expiry (exp)')
  if (exp + skew <= seconds) throw invalid('it has expired')
  if (!isDate(iat)) throw invalid('it does not say when it was issued (iat)')
  if (iat - skew > seconds) throw invalid('it was issued in the future')
  if (seconds - iat > AGE_SECONDS_MAX) throw invalid('it was issued more than twelve hours ago')
  if (nbf !== undefined && (!isDate(nbf) || nbf - skew > seconds)) throw invalid('it is not valid yet')
  return { ...claims, exp, iat }
}

function parsed(token: string): JWTPayload {
  let isSigned: boolean
  let claims: JWTPayload
  try {
    const { alg } = decodeProtectedHeader(token)
    isSigned = typeof alg === 'string' && alg.toLowerCase() !== 'none' && /^[^.]+\.[^.]+\.[^.]+$/.test(token)
    claims = decodeJwt(token)
  } catch {
    throw invalid('it is not a JSON Web Token')
  }
  if (!isSigned) throw invalid('it is not signed')
  return claims
}

const isDate = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const invalid = (reason: string) => new TokenRefused('invalid token', `the token cannot be used: ${reason}`)
