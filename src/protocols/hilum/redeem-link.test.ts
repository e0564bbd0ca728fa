/** The exchange of a link by requests from other machines, which a test cannot send over a socket. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { App } from '../../app.ts'
import { DEFAULT_LIMITS } from '../../default-limits.ts'
import type { Caller } from '../../security/callers/caller.ts'
import { createLinks } from '../../security/callers/one-time-links.ts'
import { newId } from '../../server/new-id.ts'
import { openSqliteCatalog } from '../../stores/sql/open-sqlite.ts'
import { signingKey } from '../aws/signed-request.fixture.ts'
import { bodyOf } from '../http/request-body.fixture.ts'
import type { WireRequest } from '../http/wire.ts'
import { redeemLink } from './redeem-link.ts'

test("without TLS a link is exchanged on the server's machine only, and an attempt from elsewhere does not use it up", async (t) => {
  const catalog = await openSqliteCatalog({ path: ':memory:', newId })
  t.after(() => catalog.close())
  const { consoleLinks } = createLinks(catalog.oneTimeLinks, DEFAULT_LIMITS)
  const session = { accessKeyId: 'SESSION', secretAccessKey: 's', sessionToken: 't', expiresAt: 3_000 }
  const callers = {
    find: ({ accessKeyId }: { readonly accessKeyId: string }) => signingKey(accessKeyId, 'secret'),
    startSession({ signInKeyId, renewableUntil }: Caller) {
      assert.deepEqual({ signInKeyId, renewableUntil }, { signInKeyId: 'KEY', renewableUntil: 5_000 })
      return session
    },
  } as unknown as App['callers']
  const app = { callers, clock: () => 0, limits: DEFAULT_LIMITS, consoleLinks }
  const requester = { signInKeyId: 'KEY', renewableUntil: 5_000 }
  let { token } = await consoleLinks.make(requester, { now: 0, isLocal: true })
  const redeem = (remoteAddress: string | undefined, origin: Partial<WireRequest> = {}) =>
    redeemLink(
      {
        method: 'POST',
        target: '/hilum/console-link/redeem',
        headers: { 'content-type': 'application/json', host: 'localhost:8104' },
        body: bodyOf(JSON.stringify({ token })),
        remoteAddress,
        ...origin,
      },
      app,
    )
  for (const address of ['192.168.0.7', '::ffff:10.0.0.1', '2001:db8::1', '12.7.0.1', undefined]) {
    await assert.rejects(redeem(address), /only in a browser on the machine of the server/, address)
  }
  assert.deepEqual(await redeem('::ffff:127.0.0.1'), { ...session, expiresAt: 3 })
  for (const address of ['127.0.0.1', '127.8.9.1', '::1'])
    await assert.rejects(redeem(address), /already used/, address)

  // One that was asked for through the network works there, with TLS and no proxy but those that are trusted.
  token = (await consoleLinks.make(requester, { now: 0, isLocal: false })).token
  const forwarded = { isSecure: true, isForwarded: true }
  await assert.rejects(redeem('10.0.0.1', forwarded), /Without TLS/)
  await assert.rejects(redeem('10.0.0.1', { ...forwarded, isSecure: false, isFromTrustedProxy: true }), /Without TLS/)
  assert.deepEqual(await redeem('10.0.0.1', { ...forwarded, isFromTrustedProxy: true }), { ...session, expiresAt: 3 })
  token = (await consoleLinks.make(requester, { now: 0, isLocal: true })).token
  await assert.rejects(redeem('10.0.0.1', { isSecure: true }), /made on the machine of the server works only there/)
})
