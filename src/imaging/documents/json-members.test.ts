/** Stored objects are split into their members and joined again, byte for byte. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { membersLike, membersOfText, textOfMembers } from './json-members.ts'

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

test('members are the same whichever object they are compared with', () => {
  const pairs = fc.array(
    fc.tuple(
      fc.constantFrom('a', 'b', 'c', 'd"', ''),
      fc.constantFrom('1', '12', '"1"', '"\\\\"', '[1,{"a":1}]', '{}', 'null'),
    ),
  )
  const objectOf = (members: readonly (readonly [string, string])[]) => textOfMembers(new Map(members))
  fc.assert(
    fc.property(pairs, pairs, (before, after) => {
      const like = membersLike(objectOf(before), 0, []).members
      const text = objectOf(after)
      const { members, end } = membersLike(`x${text},`, 1, like)
      assert.deepEqual([...members.map(({ key, value }) => [key, value])], [...membersOfText(text)])
      assert.equal(end, text.length + 1)
      const known = new Map(like.map((member) => [member.text, member]))
      for (const member of members) assert.equal(known.get(member.text) ?? member, member)
    }),
    { seed: 20261127, numRuns: 3_000 },
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
    if (text !== '{}}' && !text.endsWith('x')) assert.throws(() => membersLike(text, 0, []), /^Error: stored JSON/)
  })
}
