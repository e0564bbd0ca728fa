/** Conformance of a catalog: one-time links into the console. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenCatalog } from './catalog.conformance.ts'

export function testConsoleLinks(open: OpenCatalog): void {
  const link = (tokenDigest: string, expiresAt = 1_000, isLocal = true) => ({
    ...{ tokenDigest, signInKeyId: 'KEY', renewableUntil: undefined, isLocal, expiresAt },
  })

  test('a link is taken once, also if many try at the same time', async (context) => {
    const { consoleLinks } = await open(context)
    await consoleLinks.add({ ...link('a'), renewableUntil: 7 }, { at: 1, linksMax: 3 })
    const tries = Array.from({ length: 8 }, () => consoleLinks.take('a', { at: 2, isLocal: true }))
    const taken = (await Promise.all(tries)).filter((each) => each !== undefined)
    assert.deepEqual(taken, [{ ...link('a'), renewableUntil: 7 }])
    assert.equal(await consoleLinks.take('b', { at: 2, isLocal: true }), undefined)
  })

  test('a link expires, and an attempt from where it does not work leaves it', async (context) => {
    const { consoleLinks } = await open(context)
    await consoleLinks.add(link('a'), { at: 1, linksMax: 3 })
    await consoleLinks.add(link('b', 1_000, false), { at: 1, linksMax: 3 })
    assert.equal(await consoleLinks.take('b', { at: 2, isLocal: true }), undefined)
    assert.equal((await consoleLinks.take('b', { at: 2, isLocal: false }))?.isLocal, false)
    assert.equal(await consoleLinks.take('a', { at: 1_000, isLocal: true }), undefined)
    assert.equal(await consoleLinks.take('a', { at: 999, isLocal: true }), undefined, 'it was removed')
  })

  test('new links replace the oldest', async (context) => {
    const { consoleLinks } = await open(context)
    for (const at of [1, 2, 3, 4]) await consoleLinks.add(link(`${at}`, at + 100), { at, linksMax: 3 })
    const left = await Promise.all(
      ['1', '2', '3', '4'].map((each) => consoleLinks.take(each, { at: 5, isLocal: true })),
    )
    assert.deepEqual(
      left.map((each) => each?.tokenDigest),
      [undefined, '2', '3', '4'],
    )
  })
}
