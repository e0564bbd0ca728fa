/** The door below /hilum/ where a socket would be in the way: requests that come from other machines. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_LIMITS } from '../../limits.ts'
import { logInto } from '../aws/door.fixture.ts'
import { ACCESS_KEY_ID, NOW, SECRET, signed } from '../aws/signed-request.fixture.ts'
import { createVerifier } from '../aws/sigv4.ts'
import { hilumDoor } from './serve.ts'

const credentials = { secretOf: (id: string) => (id === ACCESS_KEY_ID ? SECRET : undefined) }
const app = { credentials, clock: () => NOW, limits: DEFAULT_LIMITS, log: logInto([]), newId: () => '' }
const door = hilumDoor(app, {
  verify: createVerifier({ credentials, limits: DEFAULT_LIMITS, service: 'medical-imaging' }),
})

test('a link is exchanged on the machine of the server only, and not spent by who tries from elsewhere', async () => {
  const made = await door(await signed({ method: 'POST', path: '/hilum/console-link' }, { at: NOW }))
  const { token } = JSON.parse(made.body as string) as { token: string }
  const redeem = (remoteAddress: string | undefined) =>
    door({
      method: 'POST',
      target: '/hilum/console-link/redeem',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify({ token })),
      remoteAddress,
    })
  for (const address of ['192.168.0.7', '::ffff:10.0.0.1', '2001:db8::1', '12.7.0.1', undefined]) {
    const { status, body } = await redeem(address)
    assert.equal(status, 403, address)
    assert.match(body as string, /on the machine of the server only/)
  }
  assert.equal((await redeem('::ffff:127.0.0.1')).status, 200)
  for (const address of ['127.0.0.1', '127.8.9.1', '::1']) {
    assert.match((await redeem(address)).body as string, /used before/, address)
  }
})
