import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createOneTimeLinks } from './one-time-links.ts'

const LIMITS = { validMs: 1_000, links: 3 }

test('a link is exchanged once', async () => {
  const links = createOneTimeLinks<string>(LIMITS)
  const { token, expiresAt } = await links.make('KEY', 5)
  assert.equal(expiresAt, 1_005)
  assert.match(token, /^[\w-]{43}$/)
  assert.equal(await links.redeem(`${token}x`, 6), undefined)
  assert.equal(await links.redeem(token, 6), 'KEY')
  assert.equal(await links.redeem(token, 6), undefined)
})

test('a link expires', async () => {
  const links = createOneTimeLinks<string>(LIMITS)
  const { token } = await links.make('KEY', 0)
  assert.equal(await links.redeem(token, 1_000), undefined)
  assert.equal(await links.redeem(token, 999), undefined, 'it is removed by the first attempt')
})

test('new links replace the oldest', async () => {
  const links = createOneTimeLinks<number>(LIMITS)
  const tokens: string[] = []
  for (const at of [1, 2, 3, 4]) tokens.push((await links.make(at, at)).token)
  assert.deepEqual(await Promise.all(tokens.map((token) => links.redeem(token, 5))), [undefined, 2, 3, 4])
})
