import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fold, matchesPattern, requestedWords, wholeOf, wordsOf } from './words.ts'

const SEED = 20261126
const words = (text: string) => [...wordsOf(text)].sort()

test('the groups and components of a name are words, in every script', () => {
  assert.deepEqual(words('Yamada^Tarou=山田^太郎=やまだ^たろう'), [
    ...['tarou', 'yamada', 'たろう', 'やまだ', '太郎', '山田'],
  ])
  assert.deepEqual(words('Hong^Gildong=洪^吉洞=홍^길동'), ['gildong', 'hong', '吉洞', '洪', '길동', '홍'])
})

test('case, accents and apostrophes do not matter', () => {
  assert.deepEqual(words("O'Neil^ÉLODIE"), ['elodie', 'oneil'])
  assert.deepEqual(words('Dvořák^Żółw'), ['dvorak', 'zolw'])
  assert.deepEqual(words('ΟΔΥΣΣΕΎΣ'), words('οδυσσευς'))
  assert.deepEqual(words('ＡＢＣ１２'), ['abc12'])
})

test('an umlaut is written without marks and with an e, composed or not', () => {
  assert.deepEqual(words('Müller'), ['mueller', 'muller'])
  assert.deepEqual(words('Mu\u0308LLER'), ['mueller', 'muller'])
  assert.deepEqual(words('Groß'), ['gross'])
})

test('separators of descriptions and of values are no part of a word', () => {
  assert.deepEqual(words('CT_Thorax/Abdomen (nativ) 1.5mm\\KM'), ['1', '5mm', 'abdomen', 'ct', 'km', 'nativ', 'thorax'])
  assert.deepEqual(words('^^ = \\'), [])
})

test('marks that are letters of their script remain', () => {
  assert.deepEqual(words('हिन्दी'), ['हिन्दी'])
  assert.notEqual(fold('が'), fold('か'))
})

test('only the first 32 words and the first 32 characters of a word are compared', () => {
  const many = Array.from({ length: 40 }, (_, at) => `w${at}`).join(' ')
  assert.equal(wordsOf(many).size, 32)
  assert.deepEqual(words('x'.repeat(100)), ['x'.repeat(32)])
  assert.equal(wholeOf('x'.repeat(100)), 'x'.repeat(64))
  assert.equal(wholeOf('  '), undefined)
})

test('folding what is folded changes nothing, for every character of the first two planes of Unicode', () => {
  for (let point = 0; point < 0x20000; point++) {
    if (point >= 0xd800 && point <= 0xdfff) continue
    const folded = fold(String.fromCodePoint(point))
    assert.equal(fold(folded), folded, `U+${point.toString(16)}`)
  }
})

test('each word of a request has as many spellings as its value gives it', () => {
  assert.deepEqual(requestedWords('mül^an*'), [['mul', 'muel'], ['an*']])
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
      const found = wordsOf(text)
      const asked = requestedWords(text.replace(/[*?]/g, ' '))
      assert.ok(asked.every((spellings) => spellings.length > 0 && spellings.every((each) => found.has(each))))
    }),
    { seed: SEED },
  )
})

test('a pattern matches as the regular expression that it means', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '😀'), maxLength: 8 })
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '😀', '*', '?'), maxLength: 8 })
  fc.assert(
    fc.property(pattern, letters, (some, word) => {
      const meant = new RegExp(`^${some.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'u')
      assert.equal(matchesPattern(some, word), meant.test(word))
    }),
    { seed: SEED, numRuns: 2_000 },
  )
})
