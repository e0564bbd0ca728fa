import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { coalesced } from './coalesce-chunks.ts'

test('all bytes are returned in order, in few chunks and without an empty one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(300_000), { maxLength: 30 }), async (lengths) => {
      const chunks = lengths.map((length, index) => new Uint8Array(length).fill(index))
      const all: Uint8Array[] = []
      for await (const chunk of coalesced(chunks)) all.push(new Uint8Array(chunk))
      assert.ok(all.every(({ length }) => length > 0))
      const isSmall = all.map(({ length }) => length < 256 * 1024)
      assert.ok(!isSmall.some((small, index) => small && isSmall[index + 1]), 'no two small chunks in a row')
      assert.equal(Buffer.compare(Buffer.concat(all), Buffer.concat(chunks)), 0)
    }),
    { seed: 20260101, numRuns: 50 },
  )
})
