import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createConsoleLinks } from './console-links.ts'

const KEY = { signInKeyId: 'KEY', renewableUntil: undefined }
const LIMITS = { consoleLinkMs: 1_000, consoleLinks: 3 }

test('a link is exchanged once', async () => {
  const links = createConsoleLinks(LIMITS)
  const { token, expiresAt } = await links.make(KEY, 5)
  assert.equal(expiresAt, 1_005)
  assert.match(token, /^[\w-]{43}$/)
  assert.equal(await links.redeem(`${token}x`, 6), undefined)
  assert.deepEqual(await links.redeem(token, 6), KEY)
  assert.equal(await links.redeem(token, 6), undefined)
})

test('a link expires', async () => {
  const links = createConsoleLinks(LIMITS)
  const { token } = await links.make(KEY, 0)
  assert.equal(await links.redeem(token, 1_000), undefined)
  assert.equal(await links.redeem(token, 999), undefined, 'it is removed by the first attempt')
})

test('new links replace the oldest', async () => {
  const links = createConsoleLinks(LIMITS)
  const tokens: string[] = []
  for (const at of [1, 2, 3, 4]) tokens.push((await links.make({ ...KEY, signInKeyId: `KEY${at}` }, at)).token)
  const redeemed = await Promise.all(tokens.map((token) => links.redeem(token, 5)))
  assert.deepEqual(
    redeemed.map((requester) => requester?.signInKeyId),
    [undefined, 'KEY2', 'KEY3', 'KEY4'],
  )
})
