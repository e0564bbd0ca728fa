import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../server/new-id.ts'
import { openSqliteCatalog } from '../../stores/sql/open-sqlite.ts'
import { createLinks } from './one-time-links.ts'

test('a link is exchanged once, for what it was made for', async (t) => {
  const catalog = await openSqliteCatalog({ path: ':memory:', newId })
  t.after(() => catalog.close())
  const limits = { consoleLinkMs: 1_000, consoleLinks: 3, downloadLinkMs: 60_000, downloadLinks: 3 }
  const { consoleLinks, downloadLinks } = createLinks(catalog.oneTimeLinks, limits)
  const requester = { signInKeyId: 'KEY', renewableUntil: undefined }
  const { token, expiresAt } = await consoleLinks.make(requester, { now: 5, isLocal: true })
  assert.equal(expiresAt, 1_005)
  assert.match(token, /^[\w-]{43}$/)
  assert.equal(await consoleLinks.redeem(`${token}x`, { now: 6, isLocal: true }), undefined)
  assert.equal(await consoleLinks.redeem(token, { now: 6, isLocal: false }), undefined)
  assert.equal(await downloadLinks.redeem(token, { now: 6, isLocal: true }), undefined)
  assert.deepEqual(await consoleLinks.redeem(token, { now: 6, isLocal: true }), { signInKeyId: 'KEY' })
  assert.equal(await consoleLinks.redeem(token, { now: 6, isLocal: true }), undefined)
})
