/** The examples of PS3.5 annexes H, I, J and K byte for byte, every single-byte character set, and the mistakes that files contain. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { characterSetOf } from './character-sets.ts'

const PN = '\\^='

/** Builds text from ASCII in quotes and hex bytes. `ESC` is 1b. */
function bytesOf(pieces: string): Uint8Array {
  const parts = pieces.match(/'[^']*'|\S+/g) ?? []
  return Buffer.concat(
    parts.map((part) =>
      part.startsWith("'")
        ? Buffer.from(part.slice(1, -1), 'latin1')
        : Buffer.from(part.replaceAll('ESC', '1b'), 'hex'),
    ),
  )
}

function decode(terms: string, pieces: string, delimiters = PN): string {
  return characterSetOf(terms.split('\\')).decode(bytesOf(pieces), delimiters)
}

describe('a person name of PS3.5', () => {
  const examples: [annex: string, terms: string, pieces: string, text: string][] = [
    [
      'H.3.1',
      '\\ISO 2022 IR 87',
      "'Yamada^Tarou=' ESC2442 3b334544 ESC2842 '^' ESC2442 42404f3a ESC2842 '=' " +
        "ESC2442 2464245e2440 ESC2842 '^' ESC2442 243f246d2426 ESC2842",
      'Yamada^Tarou=山田^太郎=やまだ^たろう',
    ],
    [
      'H.3.2',
      'ISO 2022 IR 13\\ISO 2022 IR 87',
      "d4cfc0de '^' c0dbb3 '=' ESC2442 3b334544 ESC284a '^' ESC2442 42404f3a ESC284a '=' " +
        "ESC2442 2464245e2440 ESC284a '^' ESC2442 243f246d2426 ESC284a",
      'ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう',
    ],
    [
      'I.2',
      '\\ISO 2022 IR 149',
      "'Hong^Gildong=' ESC242943 fbf3 '^' ESC242943 d1ced4d7 '=' ESC242943 c8ab '^' ESC242943 b1e6b5bf",
      'Hong^Gildong=洪^吉洞=홍^길동',
    ],
    ['J.1', 'ISO_IR 192', "'Wang^XiaoDong=' e78e8b '^' e5b08fe69db1 '='", 'Wang^XiaoDong=王^小東='],
    ['J.2', 'GB18030', "'Wang^XiaoDong=' cdf5 '^' d0a1b6ab '='", 'Wang^XiaoDong=王^小东='],
    ['J.2 in GBK', 'GBK', "'Wang^XiaoDong=' cdf5 '^' d0a1b6ab '='", 'Wang^XiaoDong=王^小东='],
    [
      'K.2',
      '\\ISO 2022 IR 58',
      "'Zhang^XiaoDong=' ESC242941 d5c5 '^' ESC242941 d0a1b6ab '='",
      'Zhang^XiaoDong=张^小东=',
    ],
  ]
  for (const [annex, terms, pieces, text] of examples) {
    test(`${annex} (${terms}) decodes as the annex prints it`, () => {
      assert.equal(decode(terms, pieces), text)
      assert.deepEqual(characterSetOf(terms.split('\\')).unknownTerms, [])
    })
  }
})

describe('a single-byte set', () => {
  const examples: [term: string, pieces: string, text: string][] = [
    ['', "'Doe^John'", 'Doe^John'],
    ['ISO_IR 6', "'Doe^John'", 'Doe^John'],
    ['ISO_IR 100', "'Buc^J' e9 'r' f4 'me'", 'Buc^Jérôme'],
    ['ISO_IR 101', "'Wa' b3 ea 's' e6", 'Wałęsć'],
    ['ISO_IR 109', 'a1 b1', 'Ħħ'],
    ['ISO_IR 110', 'a2 b3', 'ĸŗ'],
    ['ISO_IR 126', 'c4e9efedf5f3e9eff2', 'Διονυσιος'],
    ['ISO_IR 127', "e2c8c7e6ea '^' e4e6d2c7d1", 'قباني^لنزار'],
    ['ISO_IR 138', "f9f8e5ef '^' e3e1e5f8e4", 'שרון^דבורה'],
    ['ISO_IR 144', "bbeeda 'ce' dcd1 'yp' d3", 'Люкceмбypг'],
    ['ISO_IR 148', "d0 dd de 'fg'", 'ĞİŞfg'],
    ['ISO_IR 166', 'b9d2c2', 'นาย'],
    ['ISO_IR 203', 'a4 bd', '€œ'],
    ['ISO_IR 13', "d4cfc0de '^' c0dbb3", 'ﾔﾏﾀﾞ^ﾀﾛｳ'],
  ]
  for (const [term, pieces, text] of examples) {
    test(`${term || 'absent'} has its own upper half`, () => {
      assert.equal(decode(term, pieces), text)
      assert.equal(decode(term.replace('ISO_IR', 'ISO 2022 IR'), pieces), text)
    })
  }

  test('an escape sequence switches to another set until the next delimiter', () => {
    const terms = 'ISO 2022 IR 100\\ISO 2022 IR 144\\ISO 2022 IR 126'
    assert.equal(decode(terms, "'Dion' e9 '=' ESC2d4c bbeeda '=' ESC2d46 c4e9ef '^' e9"), 'Dioné=Люк=Διο^é')
  })
})

describe('code extensions', () => {
  test('reset at a line end in long text, but not at a caret or backslash', () => {
    const text = "ESC242943 c8ab '^' c8ab '\\' c8ab 0d0a c8ab"
    assert.equal(decode('\\ISO 2022 IR 149', text, ''), '홍^홍\\홍\r\nÈ«')
  })

  test('keep a caret, an equals sign or a backslash that is half of a character', () => {
    // The bytes of JIS X 0208 0x3d5c, 0x455e and 0x5c3d look like delimiters.
    assert.equal(decode('\\ISO 2022 IR 87', 'ESC2442 3d5c 455e 5c3d ESC2842'), '旬党椽')
  })

  test('read JIS X 0212 and half-width katakana beside JIS X 0208', () => {
    assert.equal(decode('ISO 2022 IR 13\\ISO 2022 IR 87\\ISO 2022 IR 159', 'ESC242844 3021 ESC284a b1'), '丂ｱ')
    assert.equal(decode('ISO 2022 IR 13\\ISO 2022 IR 87', 'ESC2442 3b33 b1 3b33 ESC284a'), '山ｱ山')
  })

  test('are followed even if Specific Character Set does not declare them', () => {
    assert.equal(decode('ISO_IR 100', 'ESC2442 3b33 ESC2842'), '山')
    assert.equal(decode('ISO 2022 IR 87', "'A' ESC2442 3b33 ESC2842 'B'"), 'A山B')
  })

  test('with an unknown escape sequence leave the rest of the text readable', () => {
    assert.equal(decode('\\ISO 2022 IR 87', "'A' ESC2f5a 'B'"), 'A/ZB')
    assert.equal(decode('\\ISO 2022 IR 87', "'A' ESC"), 'A')
  })
})

describe('a backslash', () => {
  test('that is the second byte of a GBK, GB18030 or Shift-JIS character does not split the value', () => {
    assert.equal(decode('GBK', "8b5c '\\' 'A'"), '媆\\A')
    assert.equal(decode('GB18030', "8b5c '\\' 'A'"), '媆\\A')
    assert.equal(decode('ISO_IR 13', "955c '\\' 'A'"), '表\\A')
  })
})

describe('an unknown character set', () => {
  test('is reported, and the text is read as windows-1252 so that no byte is lost', () => {
    const set = characterSetOf(['KLINGON'])
    assert.deepEqual(set.unknownTerms, ['KLINGON'])
    const every = Uint8Array.from({ length: 256 - 32 }, (_, index) => index + 32)
    assert.equal(new Set(set.decode(every)).size, every.length)
    assert.equal(set.decode(bytesOf("'M' fc 'ller'")), 'Müller')
  })

  test('does not disable the known ones beside it', () => {
    const set = characterSetOf(['ISO 2022 IR 100', 'ISO 2022 IR 999'])
    assert.deepEqual(set.unknownTerms, ['ISO 2022 IR 999'])
    assert.equal(set.decode(bytesOf('e9')), 'é')
  })

  test('does not include misspelled defined terms', () => {
    for (const term of ['ISO IR 192', 'ISO-IR 192', 'iso_ir 192', 'UTF-8', 'ISO_2022_IR_192']) {
      assert.deepEqual(characterSetOf([term]).unknownTerms, [], term)
      assert.equal(characterSetOf([term]).decode(bytesOf('c3a9')), 'é', term)
    }
  })
})

test('broken text never throws', () => {
  for (const terms of [
    'ISO_IR 192',
    'GB18030',
    'GBK',
    'ISO_IR 13',
    '\\ISO 2022 IR 87',
    '\\ISO 2022 IR 149',
    '\\ISO 2022 IR 58',
  ]) {
    for (const pieces of ['ff', 'c3', 'ESC2442 30', 'ESC2442 30 0a 31', 'ESC242943 b0', '81', 'ESCESCESC', 'ESC24']) {
      assert.equal(typeof decode(terms, pieces), 'string')
    }
  }
})
