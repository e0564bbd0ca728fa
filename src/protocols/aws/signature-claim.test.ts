/** A claim whose scope is known is read as if it were the first: same members, same refusals. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readClaim } from './signature-claim.ts'

const DIGITS = '0123456789abcdef'.repeat(4)
const OTHER_DIGITS = 'fedcba9876543210'.repeat(4)

const headersOf = (accessKeyId: string, signature: string, more: Record<string, string> = {}) => ({
  host: 'h',
  'x-amz-date': '20261127T010203Z',
  authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20261127/us-east-1/medical-imaging/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`,
  ...more,
})

const refusalOf = (headers: Record<string, string>): string => {
  try {
    readClaim(headers, '')
  } catch (error) {
    return `${(error as Error).name} ${(error as Error).message}`
  }
  return 'none'
}

test('claims of one scope have the signature, time and token of their own request', () => {
  const first = readClaim(headersOf('KEY-A', DIGITS), '')
  const more = { 'x-amz-date': '20261127T040506Z', 'x-amz-security-token': 'token' }
  const second = readClaim(headersOf('KEY-A', OTHER_DIGITS, more), '')
  assert.equal(second.scope, first.scope)
  assert.deepEqual(first.scope, {
    accessKeyId: 'KEY-A',
    date: '20261127',
    region: 'us-east-1',
    service: 'medical-imaging',
    signedHeaders: ['host', 'x-amz-date'],
  })
  const { signature, time, sessionToken, expiresSeconds } = second
  assert.deepEqual(
    [signature, time, sessionToken, expiresSeconds],
    [OTHER_DIGITS, '20261127T040506Z', 'token', undefined],
  )
  assert.deepEqual([first.signature, first.time, first.sessionToken], [DIGITS, '20261127T010203Z', undefined])
  assert.notEqual(readClaim(headersOf('KEY-B', DIGITS), '').scope, first.scope)
})

test('what is refused of an unknown scope is refused of a known one, for the same reason', () => {
  const bad: Record<string, (accessKeyId: string) => Record<string, string>> = {
    'digits in upper case': (id) => headersOf(id, DIGITS.toUpperCase()),
    'no digits': (id) => headersOf(id, 'g'.repeat(64)),
    'too few digits': (id) => headersOf(id, DIGITS.slice(1)),
    'too many digits': (id) => headersOf(id, `${DIGITS}0`),
    'another member within the digits': (id) =>
      headersOf(id, `${DIGITS.slice(0, 40)}, Credential=x/y/z/u/v`.padEnd(64, 'a')),
    'a line break behind the digits': (id) => headersOf(id, `${DIGITS.slice(1)}\n`),
    'no time': (id) => headersOf(id, DIGITS, { 'x-amz-date': '' }),
    'a malformed time': (id) => headersOf(id, DIGITS, { 'x-amz-date': '2026-11-27' }),
    'a signed header that is missing': (id) => {
      const { host: _, ...rest } = headersOf(id, DIGITS)
      return rest
    },
  }
  readClaim(headersOf('KNOWN', DIGITS), '')
  for (const [what, headers] of Object.entries(bad)) {
    const expected = refusalOf(headers(`NEW ${what}`))
    assert.match(expected, /^IncompleteSignatureException /, what)
    assert.equal(refusalOf(headers('KNOWN')), expected, what)
  }
  assert.equal(readClaim(headersOf('KNOWN', OTHER_DIGITS), '').signature, OTHER_DIGITS)
})

test('more scopes than are kept are read, and long ones', () => {
  for (const round of [1, 2]) {
    for (let number = 0; number < 600; number++) {
      const { scope } = readClaim(headersOf(`KEY-${number}`, DIGITS), '')
      assert.equal(scope.accessKeyId, `KEY-${number}`, `round ${round}`)
    }
  }
  const long = 'K'.repeat(5_000)
  const [one, other] = [readClaim(headersOf(long, DIGITS), ''), readClaim(headersOf(long, DIGITS), '')]
  assert.deepEqual(one, other)
  assert.notEqual(one.scope, other.scope)
})
