/** Reading bearer tokens: the checks of AWS, and that nothing but the modelled error is ever thrown. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { DEFAULT_LIMITS } from '../../default-limits.ts'
import { TokenRefused } from './authorizer-error.ts'
import { NOW, tokenOf, VALID } from './authorizers.fixture.ts'
import { bearerTokenOf } from './authorizers.ts'
import { readToken } from './bearer-token.ts'

const read = (token: string) => readToken(token, { now: NOW, limits: DEFAULT_LIMITS })
const seconds = NOW / 1000

test('the token follows the word Bearer, in any case', () => {
  assert.equal(bearerTokenOf('Bearer a.b.c'), 'a.b.c')
  assert.equal(bearerTokenOf('bearer   a.b.c'), 'a.b.c')
  assert.equal(bearerTokenOf('Bearer'), '')
  for (const other of [undefined, '', 'Bearera.b.c', 'AWS4-HMAC-SHA256 Credential=x', 'Basic YTpi']) {
    assert.equal(bearerTokenOf(other), undefined)
  }
})

describe('a token is accepted', () => {
  for (const [name, claims] of Object.entries({
    'with an expiry and an issue date': {},
    'that was issued twelve hours ago': { iat: seconds - 12 * 3_600 },
    'that is valid from now': { nbf: seconds },
    'whose issuer has a clock that is some seconds ahead': { iat: seconds + 3, nbf: seconds + 3 },
  })) {
    test(name, () => assert.equal(read(tokenOf({ ...VALID, ...claims })).sub, 'mary'))
  }
})

describe('a token is refused', () => {
  const refusals: Record<string, [string, RegExp]> = {
    'without an expiry': [tokenOf({ ...VALID, exp: undefined }), /no expiry/],
    'whose expiry is text': [tokenOf({ ...VALID, exp: String(seconds + 60) }), /no expiry|not a JSON Web Token/],
    'that has expired': [tokenOf({ ...VALID, exp: seconds - 6 }), /expired/],
    'without an issue date': [tokenOf({ ...VALID, iat: undefined }), /when it was issued/],
    'that was issued in the future': [tokenOf({ ...VALID, iat: seconds + 6 }), /in the future/],
    'that was issued more than twelve hours ago': [tokenOf({ ...VALID, iat: seconds - 43_201 }), /twelve hours/],
    'that is not valid yet': [tokenOf({ ...VALID, nbf: seconds + 60 }), /not valid yet/],
    'with the algorithm none': [tokenOf(VALID, { alg: 'none' }), /not signed/],
    'with the algorithm nOnE': [tokenOf(VALID, { alg: 'nOnE' }), /not signed/],
    'without an algorithm': [tokenOf(VALID, {}), /not signed/],
    'without a signature': [tokenOf(VALID).replace(/[^.]+$/, ''), /not signed/],
    'of two parts': ['e30.e30', /not/],
    'that is empty': ['', /not a JSON Web Token/],
    'that is too long': ['a'.repeat(DEFAULT_LIMITS.bearerTokenCharacters + 1), /too long/],
  }
  for (const [name, [token, reason]] of Object.entries(refusals)) {
    test(name, () => {
      assert.throws(
        () => read(token),
        (error: unknown) =>
          error instanceof TokenRefused && error.fault === 'invalid token' && reason.test(error.message),
      )
    })
  }
})

test('whatever the token is, it is read or refused, and the reason has no part of it', () => {
  const part = fc.oneof(
    fc.base64String(),
    fc.string(),
    fc.json().map((text) => Buffer.from(text).toString('base64url')),
  )
  const claims = fc.record(
    { exp: fc.anything(), iat: fc.anything(), nbf: fc.anything(), secret: fc.constant('a value of the token') },
    { requiredKeys: ['secret'] },
  )
  const tokens = fc.oneof(
    fc.string(),
    fc.tuple(part, part, part).map((parts) => parts.join('.')),
    claims.map((found) => {
      try {
        return tokenOf(found)
      } catch {
        // A BigInt, which JSON does not have.
        return ''
      }
    }),
  )
  fc.assert(
    fc.property(tokens, (token) => {
      try {
        assert.equal(typeof read(token).exp, 'number')
      } catch (error) {
        assert.ok(error instanceof TokenRefused, String(error))
        assert.ok(!error.message.includes('a value of the token'))
        const { name, message } = error.toContractError()
        assert.deepEqual([name, message], ['InvalidTokenException', 'Invalid or Expired Token'])
      }
    }),
    { numRuns: 2_000, seed: 7 },
  )
})
