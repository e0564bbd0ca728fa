/** Stored objects are split into their members and joined again, byte for byte. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { membersOfText, textOfMembers } from './json-members.ts'

test('members are those of JSON.parse, in their order and with their text', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.json())), (pairs) => {
      const expected = new Map(pairs.map(([key, value]) => [key, JSON.stringify(JSON.parse(value))]))
      const text = `{${[...expected].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`
      assert.deepEqual([...membersOfText(text)], [...expected])
      assert.equal(textOfMembers(membersOfText(text)), text)
    }),
    { seed: 20260107, numRuns: 3_000 },
  )
})

for (const text of [
  '',
  '{',
  '[]',
  '{}}',
  '{"a":1',
  '{"a":"',
  '{"a":1}x',
  '{"a":[1}',
  '{"a":1,}',
  '{"a"',
  '{"a"x1}',
  'null',
]) {
  test(`${text || 'nothing'} is not an object that Hilum wrote`, () => {
    assert.throws(() => membersOfText(text), /^Error: stored JSON|^SyntaxError/)
  })
}
