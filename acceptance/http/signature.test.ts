/** Signature Version 4 as clients send it, and the errors for requests without a valid signature. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { ListDatastoresCommand, MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { openHilum } from '../support/hilum.ts'
import { exchange, type RawReply, type RawRequest, sendSigned, signedHeaders, textOf } from '../support/raw-request.ts'
import { choice, documented, recorded } from '../support/sources.ts'

const { hilum } = await openHilum()
const LIST = { method: 'GET', path: '/datastore' } as const
const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'

function assertError(reply: RawReply, [status, name]: readonly [number, string], message: RegExp | string = /./): void {
  assert.deepEqual([reply.status, reply.headers['x-amzn-errortype']], [status, name])
  assert.equal(reply.headers['content-type'], 'application/json')
  if (typeof message === 'string') assert.equal(reply.json().message, message)
  else assert.match(reply.json().message, message)
}

type Headers = Record<string, string>

/** Signs the request, then changes it. */
const sendChanged = async (request: RawRequest, change: (headers: Headers) => Headers) =>
  exchange(hilum, textOf(request, change(await signedHeaders(hilum, request))))

const without = (name: string) => (headers: Headers) =>
  Object.fromEntries(Object.entries(headers).filter(([each]) => each !== name))

describe('a valid signature', recorded, () => {
  test('is accepted with and without the hash of the body in the headers', async () => {
    for (const bodyHashHeader of [true, false]) {
      assert.equal((await sendSigned(hilum, { ...LIST, bodyHashHeader })).status, 200)
      const body = JSON.stringify({ clientToken: `hash-${bodyHashHeader}` })
      assert.equal((await sendSigned(hilum, { method: 'POST', path: '/datastore', body, bodyHashHeader })).status, 200)
    }
  })

  test('is accepted for any region', choice, async () => {
    for (const region of ['eu-west-1', 'local', 'us-gov-west-1']) {
      assert.equal((await sendSigned(hilum, { ...LIST, region })).status, 200)
    }
  })

  test('is accepted with a session token, which has no effect', choice, async () => {
    const credentials = { ...hilum.client.credentials, sessionToken: 'session' }
    assert.equal((await sendSigned(hilum, { ...LIST, credentials })).status, 200)
  })

  test('is accepted with unordered, repeated and encoded query parameters', async () => {
    const query = 'maxResults=1&b=2&b=1&a=%C3%A4%20%2F&a-b=&datastoreStatus=ACTIVE'
    assert.equal((await sendSigned(hilum, { ...LIST, query })).status, 200)
  })
})

describe('no signature', documented, () => {
  test('an unsigned request is refused before its input is checked', async () => {
    const host = new URL(hilum.endpoint).host
    for (const [method, path] of [
      ['GET', '/datastore'],
      ['POST', '/datastore'],
      ['GET', '/datastore/XX'],
      ['POST', '/datastore/XX/searchImageSets'],
    ] as const) {
      const reply = await exchange(hilum, textOf({ method, path }, { host }))
      assertError(reply, [403, 'MissingAuthenticationTokenException'])
    }
  })

  test('another kind of authorization is refused as incomplete', async () => {
    const host = new URL(hilum.endpoint).host
    for (const authorization of [
      'Basic dXNlcjpwYXNz',
      'Bearer token',
      'AWS4-HMAC-SHA256',
      'AWS4-HMAC-SHA256 Credential=a',
    ]) {
      const reply = await exchange(hilum, textOf(LIST, { host, authorization }))
      assertError(reply, [403, 'IncompleteSignatureException'])
    }
  })

  test('an unknown path is reported without a signature', choice, async () => {
    const host = new URL(hilum.endpoint).host
    for (const path of ['/nothing', '/datastore/a/b/c', '/datastores']) {
      assertError(
        await exchange(hilum, textOf({ method: 'GET', path }, { host })),
        [404, 'UnknownOperationException'],
        '',
      )
    }
  })
})

describe('an invalid signature', documented, () => {
  const { credentials } = hilum.client

  test('a wrong secret', async () => {
    const wrong = { ...credentials, secretAccessKey: `${credentials.secretAccessKey}x` }
    assertError(await sendSigned(hilum, { ...LIST, credentials: wrong }), [403, 'InvalidSignatureException'], MISMATCH)
  })

  test('an unknown access key', async () => {
    const unknown = { ...credentials, accessKeyId: 'AKIAIOSFODNN7EXAMPLE' }
    assertError(
      await sendSigned(hilum, { ...LIST, credentials: unknown }),
      [403, 'UnrecognizedClientException'],
      'The security token included in the request is invalid.',
    )
  })

  test('another service', async () => {
    assertError(
      await sendSigned(hilum, { ...LIST, service: 's3' }),
      [403, 'InvalidSignatureException'],
      /medical-imaging/,
    )
  })

  test('a changed body, query, path, method or signed header', async () => {
    const create = { method: 'POST', path: '/datastore', body: '{"clientToken":"a"}' } as const
    const invalid = [403, 'InvalidSignatureException'] as const
    const sent = async (signed: RawRequest, other: Partial<RawRequest>) =>
      exchange(hilum, textOf({ ...signed, ...other }, await signedHeaders(hilum, signed)))
    assertError(await sent(create, { body: '{"clientToken":"b"}' }), invalid)
    assertError(await sent({ ...create, bodyHashHeader: true }, { body: '{"clientToken":"b"}' }), invalid)
    assertError(await sent({ ...LIST, query: 'maxResults=1' }, { query: 'maxResults=2' }), invalid)
    assertError(await sent(LIST, { path: '/datastore/x' }), invalid)
    assertError(await sent(LIST, { method: 'POST' }), invalid)
    assertError(await sendChanged(LIST, (headers) => ({ ...headers, host: 'elsewhere' })), invalid)
  })

  test('a missing signed header', async () => {
    const request = { ...LIST, headers: { 'x-extra': '1' } }
    assertError(await sendChanged(request, without('x-extra')), [403, 'IncompleteSignatureException'])
    assertError(await sendChanged(LIST, without('x-amz-date')), [403, 'IncompleteSignatureException'])
  })
})

describe('a clock that is wrong', recorded, () => {
  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000)

  test('fourteen minutes are accepted and sixteen refused, in both directions', documented, async () => {
    for (const minutes of [14, -14]) {
      assert.equal((await sendSigned(hilum, { ...LIST, signedAt: minutesAgo(minutes) })).status, 200)
    }
    const late = await sendSigned(hilum, { ...LIST, signedAt: minutesAgo(16) })
    assertError(late, [403, 'RequestTimeTooSkewed'], /^Signature expired: /)
    const early = await sendSigned(hilum, { ...LIST, signedAt: minutesAgo(-16) })
    assertError(early, [403, 'RequestTimeTooSkewed'], /^Signature not yet current: /)
  })

  test('every response has the time', async () => {
    const sentAt = Date.now()
    const reply = await sendSigned(hilum, { ...LIST, signedAt: minutesAgo(600) })
    const date = Date.parse(reply.headers.date!)
    // The header has seconds, and the server makes it once a second.
    assert.ok(date >= sentAt - 2_000 && date <= Date.now(), reply.headers.date)
  })

  for (const hours of [2, -2]) {
    test(`the SDK for JavaScript corrects a clock that is ${hours} hours wrong`, async () => {
      const sdk = new MedicalImagingClient({ ...hilum.client, systemClockOffset: hours * 3_600_000 })
      const { $metadata } = await sdk.send(new ListDatastoresCommand())
      assert.equal($metadata.attempts, 2)
      const again = await sdk.send(new ListDatastoresCommand())
      assert.equal(again.$metadata.attempts, 1)
      sdk.destroy()
    })
  }
})

describe('after a restart', choice, () => {
  before(() => hilum.reset())

  test('the credentials are still valid with an empty data folder', async () => {
    assert.equal((await sendSigned(hilum, LIST)).status, 200)
  })
})
