/**
 * JSON from outside: what JSON.parse accepts and DICOM can represent is accepted with the same values; the rest is refused and not quoted.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ContractError } from '../../contract/errors.ts'
import { isList, isObject, type Json, jsonText, readJson } from './strict-json.ts'

const SEED = 20260103

const plain = (value: Json): unknown => {
  if (isList(value)) return value.map(plain)
  if (!isObject(value)) return value
  const object = Object.create(null)
  for (const [key, member] of value) object[key] = plain(member)
  return object
}

const refusal = (text: string): string => {
  try {
    readJson(text, 'updatableAttributes')
  } catch (error) {
    assert.ok(error instanceof ContractError && error.name === 'ValidationException', String(error))
    return error.message
  }
  return 'taken'
}

for (const [text, message] of [
  ['', /is not JSON at character 1/],
  ['{"a":1,}', /is not JSON at character 8/],
  ['[1,]', /is not JSON at character 4/],
  ['{"a" 1}', /is not JSON at character 6/],
  ['{a:1}', /is not JSON at character 2/],
  ['"SECRET', /is not JSON at character 1/],
  ['"SECRET\\x"', /is not JSON/],
  ['"line\nbreak"', /is not JSON/],
  ['[1] 2', /is not JSON at character 5/],
  ['nul', /is not JSON/],
  ['[01]', /has a number at character 2 that is none/],
  ['[1e999]', /has a number at character 2 that is none, or too large/],
  [`[${'9'.repeat(65)}]`, /has a number at character 2 that is none, or too large/],
  ['{"a":true}', /has true or false at character 6: no attribute of DICOM is a boolean/],
  ['{"a":1,"a":2}', /names a member twice at character 8/],
  ['{"SECRET":1,"SECRE\\u0054":2}', /names a member twice at character 13/],
  ['["\\ud800"]', /has half a character \(a lone surrogate\) at character 2/],
  ['["SECRET\udc00"]', /has half a character/],
  ['['.repeat(65) + ']'.repeat(65), /nests deeper than 64 levels/],
  ['['.repeat(100_000), /nests deeper than 64 levels/],
  [`[${'1,'.repeat(250_000)}1]`, /holds more than 200000 values/],
] as const) {
  test(`${text.slice(0, 30)} is refused: ${message.source}`, () => {
    assert.match(refusal(text), message)
    assert.doesNotMatch(refusal(text), /SECRET/)
  })
}

test('integers keep all their digits, minus zero its sign, and objects their order', () => {
  const text = '{"b":18446744073709551615,"a":[-0.0,-9223372036854775808,0.1],"__proto__":{"constructor":null}}'
  assert.equal(jsonText(readJson(text, 'it')), text)
})

test('a key with a meaning in JavaScript is an ordinary key', () => {
  const value = readJson('{"__proto__":{"polluted":"yes"},"constructor":"c"}', 'it')
  assert.ok(isObject(value) && value.has('__proto__'))
  assert.equal(({} as { polluted?: string }).polluted, undefined)
})

const hasBoolean = (value: unknown): boolean =>
  typeof value === 'boolean' ||
  (typeof value === 'object' && value !== null && Object.entries(value).some(([, member]) => hasBoolean(member)))

test('what JSON.parse accepts is accepted with the same values, and what it refuses is refused', () => {
  const signs = fc.constantFrom(
    ...'{}[]",:\\ 0123456789.-+eEnulltrfas\n\t'.split(''),
    '\\u0041',
    '"a":',
    'null',
    '[]',
    '{}',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.array(signs, { maxLength: 20 }).map((parts) => parts.join('')),
        fc.string(),
      ),
      (text) => {
        let expected: unknown
        try {
          expected = JSON.parse(text)
        } catch {
          assert.notEqual(refusal(text), 'taken')
          return
        }
        const answer = refusal(text)
        if (answer !== 'taken') {
          assert.match(answer, /twice|boolean|half a character|too large/)
          assert.ok(!/boolean/.test(answer) || hasBoolean(expected))
          return
        }
        const read = readJson(text, 'it')
        assert.equal(JSON.stringify(JSON.parse(jsonText(read))), JSON.stringify(expected))
        assert.deepEqual(plain(readJson(jsonText(read), 'it')), plain(read))
      },
    ),
    { seed: SEED, numRuns: 20_000 },
  )
})
