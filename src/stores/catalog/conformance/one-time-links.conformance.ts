/** Conformance of a catalog: one-time links. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenCatalog } from './catalog.conformance.ts'

export function testOneTimeLinks(open: OpenCatalog): void {
  const link = (tokenDigest: string, expiresAt = 1_000, isLocal = true) => ({
    ...{ tokenDigest, kind: 'console' as const, subject: '{}', isLocal, expiresAt },
  })

  test('a link is taken once, also if many try at the same time', async (context) => {
    const { oneTimeLinks } = await open(context)
    await oneTimeLinks.add({ ...link('a'), subject: '{"a":1}' }, { at: 1, linksMax: 3 })
    const tries = Array.from({ length: 8 }, () =>
      oneTimeLinks.take({ tokenDigest: 'a', kind: 'console' }, { at: 2, isLocal: true }),
    )
    const taken = (await Promise.all(tries)).filter((each) => each !== undefined)
    assert.deepEqual(taken, [{ ...link('a'), subject: '{"a":1}' }])
    assert.equal(await oneTimeLinks.take({ tokenDigest: 'b', kind: 'console' }, { at: 2, isLocal: true }), undefined)
  })

  test('a link expires, and an attempt from where it does not work leaves it', async (context) => {
    const { oneTimeLinks } = await open(context)
    await oneTimeLinks.add(link('a'), { at: 1, linksMax: 3 })
    for (const isLocal of [true, false]) {
      await oneTimeLinks.add(link('b', 1_000, false), { at: 1, linksMax: 3 })
      assert.equal((await oneTimeLinks.take({ tokenDigest: 'b', kind: 'console' }, { at: 2, isLocal }))?.isLocal, false)
    }
    assert.equal(await oneTimeLinks.take({ tokenDigest: 'a', kind: 'console' }, { at: 2, isLocal: false }), undefined)
    assert.equal(
      await oneTimeLinks.take({ tokenDigest: 'a', kind: 'console' }, { at: 1_000, isLocal: true }),
      undefined,
    )
    assert.equal(
      await oneTimeLinks.take({ tokenDigest: 'a', kind: 'console' }, { at: 999, isLocal: true }),
      undefined,
      'it was removed',
    )
  })

  test('new links replace the oldest', async (context) => {
    const { oneTimeLinks } = await open(context)
    await oneTimeLinks.add({ ...link('0', 50), kind: 'download' }, { at: 1, linksMax: 3 })
    for (const at of [1, 2, 3, 4]) await oneTimeLinks.add(link(`${at}`, at + 100), { at, linksMax: 3 })
    const left = await Promise.all(
      ['1', '2', '3', '4'].map((each) =>
        oneTimeLinks.take({ tokenDigest: each, kind: 'console' }, { at: 5, isLocal: true }),
      ),
    )
    assert.deepEqual(
      left.map((each) => each?.tokenDigest),
      [undefined, '2', '3', '4'],
    )
    // Of another kind: its token is that of no other.
    for (const [kind, isThere] of [['console', false] as const, ['download', true] as const]) {
      const taken = await oneTimeLinks.take({ tokenDigest: '0', kind }, { at: 5, isLocal: true })
      assert.equal(taken !== undefined, isThere)
    }
  })
}
