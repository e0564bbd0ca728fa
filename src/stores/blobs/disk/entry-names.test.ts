import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyPartsOf } from './entry-names.ts'

const partsOf = (...names: string[]) => keyPartsOf(names.map((name) => Buffer.from(name, 'latin1')))

test('a UTF-8 name is unchanged', () => {
  const names = ['a', '100%', 'a%FF', 'ünï', '日本', '\u{1f600}']
  assert.deepEqual(keyPartsOf(names.map((name) => Buffer.from(name))), names)
})

test('in a name that is not UTF-8, invalid bytes and percent signs are escaped, and nothing else', () => {
  assert.deepEqual(partsOf('dir\xff'), ['dir%FF'])
  assert.deepEqual(partsOf('M\xfcller %1'), ['M%FCller %251'])
  // A truncated character, a lone surrogate, and a valid character followed by an invalid byte.
  assert.deepEqual(partsOf('\xe6\x97', '\xed\xa0\x80', '\xc3\xa4\xff'), ['%E6%97', '%ED%A0%80', 'ä%FF'])
})

test('two names never have the same part, in any order of listing', () => {
  assert.deepEqual(partsOf('a%FF', 'a\xff'), ['a%FF', 'a%FF%'])
  assert.deepEqual(partsOf('a\xff', 'a%FF%', 'a%FF'), ['a%FF%%', 'a%FF%', 'a%FF'])
  assert.deepEqual(partsOf('\xff%FF', '\xff\xff'), ['%FF%25FF', '%FF%FF'])
})
