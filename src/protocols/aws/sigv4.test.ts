/** Signature Version 4, tested with AWS's own signer and AWS's published test vectors. */
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ContractError, type ErrorName } from '../../contract/errors.ts'
import { type BodyFixture, bodyOf } from '../http/request-body.fixture.ts'
import type { WireRequest } from '../http/wire.ts'
import {
  ACCESS_KEY_ID,
  NOW,
  percentEncode,
  presigned,
  presignedAsAmplify,
  SECRET,
  signed,
  signingKey,
} from './signed-request.fixture.ts'
import { createVerifier } from './sigv4.ts'

const SKEW_MS = 15 * 60_000
const MINUTE_MS = 60_000
const path = '/datastore/0123456789abcdef0123456789abcdef'
const body = '{"filters":[]}'

function verifier(secrets: Record<string, string> = { [ACCESS_KEY_ID]: SECRET }, service = 'medical-imaging') {
  const verify = createVerifier({
    credentials: {
      find: ({ accessKeyId }) =>
        Object.hasOwn(secrets, accessKeyId) ? signingKey(accessKeyId, secrets[accessKeyId]!) : undefined,
    },
    limits: { clockSkewMs: SKEW_MS, signingKeysKept: 1_024 },
    service,
  })
  return async (request: WireRequest, now: number) => {
    const { caller, region } = await verify(request, { now, bodyBytes: 1_000 })
    return { accessKeyId: caller.accessKeyId, region }
  }
}
const verify = verifier()

function refused(
  request: WireRequest,
  { name, message }: { name: ErrorName; message?: RegExp },
  now = NOW,
): Promise<void> {
  return assert.rejects(verify(request, now), (error) => {
    assert.ok(error instanceof ContractError)
    assert.equal(error.name, name)
    assert.equal(error.status, 403)
    if (message !== undefined) assert.match(error.message, message)
    return true
  })
}

describe('a good signature', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 12 })
  const request = fc.record({
    method: fc.constantFrom('GET', 'POST', 'DELETE'),
    path: fc
      .array(
        fc.oneof(
          text.map(percentEncode),
          fc.constantFrom('.', '..', '', 'arn:aws:x', 'a%2Fb', "(a)*!'", 'é'.normalize()),
        ),
        { maxLength: 6 },
      )
      .map((segments) => `/${segments.map((segment) => encodeURI(decodeURI(segment))).join('/')}`),
    query: fc.dictionary(
      fc.constantFrom('a', 'a-', 'a.b', 'B', 'maxResults', 'nextToken', 'é', 'tagKeys'),
      fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 3 })),
    ),
    headers: fc.dictionary(
      fc.constantFrom('x-amz-a', 'content-type', 'x-amz-user-agent'),
      fc.constantFrom(' a  b ', 'c'),
    ),
    body: text,
  })

  test("is accepted for every request that AWS's own signer signs", async () => {
    await fc.assert(
      fc.asyncProperty(request, fc.constantFrom('us-east-1', 'anywhere-9'), async (unsigned, region) => {
        const wire = await signed(unsigned, { region })
        assert.deepEqual(await verify(wire, NOW), { accessKeyId: ACCESS_KEY_ID, region })
      }),
      { seed: 20_260_115, numRuns: 500 },
    )
  })

  test('is accepted in the query of a presigned URL until it expires', async () => {
    const wire = await presigned({ method: 'GET', path, query: { b: '1', a: 'x y' } }, { expiresSeconds: 3600 })
    assert.equal((await verify(wire, NOW + 59 * MINUTE_MS)).accessKeyId, ACCESS_KEY_ID)
    await refused(wire, { name: 'RequestTimeTooSkewed', message: /^Signature expired: / }, NOW + 61 * MINUTE_MS)
    const longer = { ...wire, target: wire.target.replace('X-Amz-Expires=3600', 'X-Amz-Expires=9999') }
    await refused(longer, { name: 'InvalidSignatureException' })
    const endless = { ...wire, target: wire.target.replace('X-Amz-Expires=3600', 'X-Amz-Expires=604801') }
    await refused(endless, { name: 'IncompleteSignatureException' })
  })

  test("is accepted in a presigned URL without X-Amz-Expires, as AWS Amplify's signer makes it, for 15 minutes", async () => {
    for (const sessionToken of [undefined, 'token/+=']) {
      const wire = presignedAsAmplify({ method: 'POST', path, body, ...(sessionToken && { sessionToken }) })
      assert.doesNotMatch(wire.target, /X-Amz-Expires/)
      for (const minutes of [0, 15, -15]) {
        assert.equal((await verify(wire, NOW + minutes * MINUTE_MS)).accessKeyId, ACCESS_KEY_ID)
      }
      const expired = {
        name: 'RequestTimeTooSkewed',
        message: /^Signature expired: 20260115T120000Z \+ 900 s/,
      } as const
      await refused(wire, expired, NOW + 15 * MINUTE_MS + 1000)
      await refused(wire, { name: 'RequestTimeTooSkewed' }, NOW - 15 * MINUTE_MS - 1000)
      await refused({ ...wire, target: `${wire.target}&X-Amz-Expires=3600` }, { name: 'InvalidSignatureException' })
      await refused({ ...wire, target: `${wire.target}&X-Amz-Expires=` }, { name: 'IncompleteSignatureException' })
    }
  })

  test('is accepted with a session token, without a body hash, and with an unsigned payload', async () => {
    const withToken = await signed({ method: 'POST', path, body }, { sessionToken: 'token/+=' })
    assert.equal(withToken.headers['x-amz-security-token'], 'token/+=')
    const unsignedBody = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
    const unsignedPayload = await signed({ method: 'POST', path, body, headers: unsignedBody })
    const withoutHash = await signed({ method: 'POST', path, body })
    assert.equal(withoutHash.headers['x-amz-content-sha256'], undefined)
    for (const wire of [withToken, unsignedPayload, withoutHash])
      assert.equal((await verify(wire, NOW)).region, 'eu-central-1')
  })

  test('is accepted from a client that sends the query unencoded', async () => {
    const wire = await signed({ method: 'GET', path, query: { nextToken: 'a/b:c', maxResults: '5' } })
    const raw = { ...wire, target: `${path}?maxResults=5&nextToken=a/b:c&` }
    assert.equal((await verify(raw, NOW)).accessKeyId, ACCESS_KEY_ID)
  })

  test('is accepted up to the clock skew, and after a change of the secret only with the new one', async () => {
    const wire = await signed({ method: 'GET', path })
    for (const skewMs of [-SKEW_MS, SKEW_MS]) assert.ok(await verify(wire, NOW + skewMs))
    const secrets = { [ACCESS_KEY_ID]: SECRET }
    const verifyChanging = verifier(secrets)
    assert.ok(await verifyChanging(wire, NOW))
    secrets[ACCESS_KEY_ID] = 'another secret'
    await assert.rejects(verifyChanging(wire, NOW), { name: 'InvalidSignatureException' })
    assert.ok(await verifyChanging(await signed({ method: 'GET', path }, { secret: 'another secret' }), NOW))
  })

  test("is accepted from AWS's published test vectors", async () => {
    const vectors: [method: string, target: string, signature: string][] = [
      ['GET', '/', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
      ['GET', '/?Param2=value2&Param1=value1', 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500'],
      ['POST', '/', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
      ['GET', '/example/..', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    ]
    const verifyVector = verifier({ AKIDEXAMPLE: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }, 'service')
    for (const [method, target, signature] of vectors) {
      const headers = {
        host: 'example.amazonaws.com',
        'x-amz-date': '20150830T123600Z',
        authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`,
      }
      const wire = { method, target, headers, body: bodyOf() }
      assert.equal((await verifyVector(wire, Date.UTC(2015, 7, 30, 12, 36))).accessKeyId, 'AKIDEXAMPLE', target)
    }
  })
})

describe('a request is refused', () => {
  const unsigned = { method: 'POST', path, body, query: { maxResults: '5' }, headers: { 'x-amz-a': '1' } }

  test('without any signature, as MissingAuthenticationTokenException', async () => {
    const { headers, ...wire } = await signed(unsigned)
    const { authorization: _, ...others } = headers
    await refused({ ...wire, headers: others }, { name: 'MissingAuthenticationTokenException' })
  })

  test("when any signed part was changed, with AWS's sentence", async () => {
    const wire = await signed(unsigned)
    const changed: WireRequest[] = [
      { ...wire, method: 'GET' },
      { ...wire, target: wire.target.replace('maxResults=5', 'maxResults=6') },
      { ...wire, target: wire.target.replace('/datastore/0', '/datastore/1') },
      { ...wire, headers: { ...wire.headers, 'x-amz-a': '2' } },
      { ...wire, headers: { ...wire.headers, host: 'elsewhere' } },
      { ...wire, headers: { ...wire.headers, 'x-amz-date': '20260115T120001Z' } },
      { ...wire, body: bodyOf(`${body} `) },
    ]
    const message =
      /^The request signature we calculated does not match the signature you provided\. Check your AWS Secret/
    for (const request of changed) await refused(request, { name: 'InvalidSignatureException', message })
    await refused(await signed(unsigned, { secret: 'wrong' }), { name: 'InvalidSignatureException', message })
  })

  test('for an unknown access key, as UnrecognizedClientException', async () => {
    const name = 'UnrecognizedClientException'
    await refused(await signed(unsigned, { accessKeyId: 'AKIDUNKNOWN' }), {
      name,
      message: /^The security token included/,
    })
    await refused(await signed(unsigned, { accessKeyId: '__proto__' }), { name })
  })

  test('when signed for another service or for another day', async () => {
    const name = 'InvalidSignatureException'
    await refused(await signed(unsigned, { service: 's3' }), { name, message: /correct service: 'medical-imaging'/ })
    const wire = await signed(unsigned)
    const authorization = wire.headers.authorization!.replace('/20260115/', '/20260114/')
    await refused(
      { ...wire, headers: { ...wire.headers, authorization } },
      { name, message: /does not match YYYYMMDD/ },
    )
  })

  test('when its time is beyond the clock skew, so that SDKs correct their clocks', async () => {
    const wire = await signed(unsigned)
    const name = 'RequestTimeTooSkewed'
    const expired =
      /^Signature expired: 20260115T120000Z is now earlier than 20260115T120001Z \(20260115T121501Z - 15 min\.\)$/
    await refused(wire, { name, message: expired }, NOW + SKEW_MS + 1000)
    await refused(
      wire,
      { name, message: /^Signature not yet current: 20260115T120000Z is still later/ },
      NOW - SKEW_MS - 1000,
    )
  })

  test('when its body hash belongs to another body or is of an unsupported kind', async () => {
    const name = 'InvalidSignatureException'
    const wrong = await signed({ ...unsigned, headers: { 'x-amz-content-sha256': '0'.repeat(64) } })
    await refused(wrong, { name, message: /does not match the payload/ })
    const streaming = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
    await refused(await signed({ ...unsigned, headers: { 'x-amz-content-sha256': streaming } }), {
      name,
      message: /aws-chunked/,
    })
  })

  test('when its signature is incomplete', async () => {
    const wire = await signed(unsigned)
    const authorization = wire.headers.authorization!
    const broken: [authorization: string, message: RegExp][] = [
      ['', /algorithm/],
      ['Bearer abc', /algorithm/],
      ['AWS4-HMAC-SHA256', /'Credential'/],
      [authorization.replace(/Credential=[^,]+,/, ''), /'Credential'/],
      [authorization.replace(/SignedHeaders=[^,]+,/, ''), /'SignedHeaders'/],
      [authorization.replace(/, Signature=.+/, ''), /'Signature'/],
      [authorization.replace(/Signature=.+/, 'Signature=abc'), /64 lower-case/],
      [authorization.replace(/Signature=.+/, `Signature=${'G'.repeat(64)}`), /64 lower-case/],
      [authorization.replace('/aws4_request', ''), /accessKeyId\/date/],
      [authorization.replace(/Credential=[^/]+\//, 'Credential=/'), /accessKeyId\/date/],
      [authorization.replace('host;', ''), /'Host' must be a signed header/],
      [authorization.replace('host;', 'host;x-absent;'), /not in the request/],
      [authorization.replace('host;', 'host;__proto__;'), /not in the request/],
    ]
    for (const [value, message] of broken) {
      const headers = { ...wire.headers, authorization: value }
      await refused({ ...wire, headers }, { name: 'IncompleteSignatureException', message })
    }
    const { 'x-amz-date': _, ...undated } = wire.headers
    await refused({ ...wire, headers: undated }, { name: 'IncompleteSignatureException', message: /X-Amz-Date/ })
    for (const time of ['2026-01-15', '20260115T256000Z']) {
      const headers = { ...wire.headers, 'x-amz-date': time }
      await refused({ ...wire, headers }, { name: 'IncompleteSignatureException', message: /X-Amz-Date/ })
    }
  })

  test('when it is arbitrary text, always with a ContractError', async () => {
    const header = fc.oneof(
      fc.string(),
      fc.string().map((text) => `AWS4-HMAC-SHA256 ${text}`),
    )
    await fc.assert(
      fc.asyncProperty(header, fc.string(), async (authorization, target) => {
        const headers = { host: 'h', 'x-amz-date': '20260115T120000Z', authorization }
        await assert.rejects(verify({ method: 'GET', target, headers, body: bodyOf() }, NOW), ContractError)
      }),
      { seed: 7, numRuns: 2000 },
    )
  })
})

describe('no body is read before the caller is known', () => {
  const unsigned = { method: 'POST', path, body, headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } }
  const readsOf = async (request: WireRequest, now = NOW): Promise<number> => {
    await assert.rejects(verify(request, now), ContractError)
    return (request.body as BodyFixture).reads
  }

  test('when the claim is missing, unknown, too old or for another service', async () => {
    const wire = await signed({ method: 'POST', path, body })
    const { authorization: _, ...others } = wire.headers
    assert.equal(await readsOf({ ...wire, headers: others }), 0)
    assert.equal(await readsOf({ ...wire, headers: { ...others, authorization: 'Bearer x' } }), 0)
    assert.equal(await readsOf(await signed({ method: 'POST', path, body }, { accessKeyId: 'AKIDUNKNOWN' })), 0)
    assert.equal(await readsOf(await signed({ method: 'POST', path, body }, { service: 's3' })), 0)
    assert.equal(await readsOf(wire, NOW + SKEW_MS + 1000), 0)
  })

  test('when a wrong signature includes the hash of the body', async () => {
    assert.equal(await readsOf(await signed(unsigned, { secret: 'wrong' })), 0)
    const hashed = { ...unsigned, headers: { 'x-amz-content-sha256': hash('sha256', body) } }
    assert.equal(await readsOf(await signed(hashed, { secret: 'wrong' })), 0)
    assert.equal((await verify(await signed(hashed), NOW)).accessKeyId, ACCESS_KEY_ID)
  })

  test('unless the hash is absent: then the signature can only be checked with the body', async () => {
    assert.equal(await readsOf(await signed({ method: 'POST', path, body }, { secret: 'wrong' })), 1)
  })
})
