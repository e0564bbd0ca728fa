/** One-time links to the console over HTTP: who can create one, and what a browser without a key gets for it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { movableClock } from '../support/clock.ts'
import { openHilum } from '../support/hilum.ts'
import { exchange, sendSigned, textOf } from '../support/raw-request.ts'

const clock = movableClock('2026-01-01T00:00:00Z')
const { hilum } = await openHilum(clock.options)

const makeLink = async (): Promise<{ token: string; expiresAt: number }> => {
  const { status, body } = await sendSigned(hilum, { method: 'POST', path: '/hilum/console-link' })
  assert.equal(status, 200, body)
  return JSON.parse(body)
}

const redeem = (token: unknown, headers: Record<string, string> = { 'Content-Type': 'application/json' }) =>
  fetch(`${hilum.endpoint}/hilum/console-link/redeem`, { method: 'POST', headers, body: JSON.stringify({ token }) })

interface Session {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly expiresAt: number
}

const list = (credentials: Session) => sendSigned(hilum, { method: 'GET', path: '/datastore', credentials })
const renew = async (credentials: Session) => {
  const reply = await sendSigned(hilum, { method: 'POST', path: '/hilum/session', credentials })
  assert.equal(reply.status, 200, reply.body)
  return reply.json() as Session
}

describe('session credentials', () => {
  test('are renewed before they expire, until twelve hours after sign-in', async () => {
    const { token } = await makeLink()
    let session = (await (await redeem(token)).json()) as Session
    const first = session
    const signedInAt = clock.now()
    for (let renewals = 0; renewals < 15; renewals++) {
      clock.advance(45 * 60_000)
      session = await renew(session)
      assert.equal((await list(session)).status, 200)
    }
    assert.ok(session.expiresAt * 1000 <= signedInAt + 12 * 3_600_000)
    const expired = await list(first)
    assert.deepEqual([expired.status, expired.headers['x-amzn-errortype']], [403, 'ExpiredTokenException'])
    clock.advance(3_600_000)
    assert.equal((await list(session)).headers['x-amzn-errortype'], 'ExpiredTokenException')
  })

  test('end everywhere when their caller ends them, and new ones can be made', async () => {
    const one = await renew({ ...hilum.client.credentials } as Session)
    const other = await renew(await renew({ ...hilum.client.credentials } as Session))
    clock.advance(1_000)
    const ended = await sendSigned(hilum, { method: 'DELETE', path: '/hilum/sessions', credentials: one })
    assert.equal(ended.status, 204)
    for (const session of [one, other]) {
      assert.equal((await list(session)).headers['x-amzn-errortype'], 'ExpiredTokenException')
    }
    assert.equal((await list(hilum.client.credentials as Session)).status, 200)
    assert.equal((await list(await renew({ ...hilum.client.credentials } as Session))).status, 200)
  })

  test('need their session token', async () => {
    const session = await renew({ ...hilum.client.credentials } as Session)
    const { sessionToken, ...withoutToken } = session
    assert.equal((await list(session)).status, 200)
    const refused = await list(withoutToken as Session)
    assert.equal(refused.headers['x-amzn-errortype'], 'UnrecognizedClientException')
    const other = await renew(session)
    const mixed = await list({ ...session, sessionToken: other.sessionToken })
    assert.equal(mixed.headers['x-amzn-errortype'], 'UnrecognizedClientException')
    const wrong = await list({ ...session, secretAccessKey: 'wrong' })
    assert.equal(wrong.headers['x-amzn-errortype'], 'InvalidSignatureException')
  })
})

describe('a one-time link', () => {
  test('is exchanged once for session credentials, and the response is not cached', async () => {
    const { token, expiresAt } = await makeLink()
    assert.equal(expiresAt * 1000, clock.now() + 600_000)
    const first = await redeem(token)
    assert.deepEqual([first.status, first.headers.get('cache-control')], [200, 'no-store'])
    const session = (await first.json()) as Session
    assert.equal(session.expiresAt * 1000, clock.now() + 3_600_000)
    assert.notEqual(session.accessKeyId, hilum.client.credentials.accessKeyId)
    assert.doesNotMatch(JSON.stringify(session), new RegExp(hilum.client.credentials.secretAccessKey))
    assert.equal((await list(session)).status, 200)
    const second = await redeem(token)
    assert.deepEqual([second.status, second.headers.get('x-amzn-errortype')], [403, 'AccessDeniedException'])
    assert.match(((await second.json()) as { message: string }).message, /expired or was already used/)
  })

  test('expires after a few minutes', async () => {
    const { token } = await makeLink()
    clock.advance(600_000)
    assert.equal((await redeem(token)).status, 403)
  })

  test('can only be created with the key', async () => {
    const path = '/hilum/console-link'
    const unsigned = await fetch(`${hilum.endpoint}${path}`, { method: 'POST' })
    assert.deepEqual(
      [unsigned.status, unsigned.headers.get('x-amzn-errortype')],
      [403, 'MissingAuthenticationTokenException'],
    )
    const wrong = { ...hilum.client.credentials, secretAccessKey: 'wrong' }
    assert.equal((await sendSigned(hilum, { method: 'POST', path, credentials: wrong })).status, 403)
  })

  test('is not exchanged for a request that another site can make a browser send', async () => {
    const { token } = await makeLink()
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      assert.equal((await redeem(token, { 'Content-Type': type })).status, 400)
    }
    assert.equal((await redeem(token)).status, 200, 'and is still good')
  })

  test('must be a string of limited length', async () => {
    for (const token of [1, null, ['x']]) assert.equal((await redeem(token)).status, 400)
    assert.equal((await redeem('x'.repeat(2_000))).status, 413)
  })

  test('is the only route below its path', async () => {
    const host = new URL(hilum.endpoint).host
    for (const [method, path] of [
      ['GET', '/hilum/console-link'],
      ['POST', '/hilum/'],
      ['POST', '/hilum/constructor'],
    ] as const) {
      const { status } = await exchange(hilum, textOf({ method, path }, { host }))
      assert.equal(status, 404, `${method} ${path}`)
    }
  })
})
