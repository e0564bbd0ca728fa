import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createConsoleLinks } from './console-links.ts'

const KEY = { signInKeyId: 'KEY', renewableUntil: undefined }
const LIMITS = { consoleLinkMs: 1_000, consoleLinks: 3 }

test('a link is exchanged once', () => {
  const links = createConsoleLinks(LIMITS)
  const { token, expiresAt } = links.make(KEY, 5)
  assert.equal(expiresAt, 1_005)
  assert.match(token, /^[\w-]{43}$/)
  assert.equal(links.redeem(`${token}x`, 6), undefined)
  assert.deepEqual(links.redeem(token, 6), KEY)
  assert.equal(links.redeem(token, 6), undefined)
})

test('a link expires', () => {
  const links = createConsoleLinks(LIMITS)
  const { token } = links.make(KEY, 0)
  assert.equal(links.redeem(token, 1_000), undefined)
  assert.equal(links.redeem(token, 999), undefined, 'it is removed by the first attempt')
})

test('new links replace the oldest', () => {
  const links = createConsoleLinks(LIMITS)
  const tokens = [1, 2, 3, 4].map((at) => links.make({ ...KEY, signInKeyId: `KEY${at}` }, at).token)
  assert.deepEqual(
    tokens.map((token) => links.redeem(token, 5)?.signInKeyId),
    [undefined, 'KEY2', 'KEY3', 'KEY4'],
  )
})
