/** The documented note on UIDs, rule by rule. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultOfText, faultOfUid, whiteSpaceAround } from './uid.ts'

test('a UID of digits and periods can be searched for', () => {
  for (const uid of ['1.2', '1.2.840.10008.5.1.4.1.1.7', '2.25.0', `1.${'2'.repeat(300)}`]) {
    assert.equal(faultOfUid(uid), undefined, uid)
  }
})

test('every rule of the note has its own reason', () => {
  for (const [uid, reason] of [
    ['', /^Enter a UID/],
    ['1.2.a', /letter “a”/],
    ['1.2.é', /letter “é”/],
    ['1.2-3', /sign “-”/],
    ['.1.2', /begin with a period/],
    ['1.2.', /end with a period/],
    ['12345', /at least one period/],
    ['1.2 3', /white space/],
    [`1.${'2'.repeat(512)}`, /at most 512 characters/],
  ] as const) {
    assert.match(faultOfUid(uid)?.reason ?? '', reason)
  }
})

test('white space of a pasted UID is taken out wherever it is', () => {
  assert.equal(faultOfUid(' 1.2. 3\t\u00a0')?.mended, '1.2.3')
})

test('white space around another value is pointed out, and not refused', () => {
  assert.equal(faultOfText(' A1 '), undefined)
  assert.equal(whiteSpaceAround(' A 1 ')?.mended, 'A 1')
  assert.equal(whiteSpaceAround('A 1'), undefined)
  assert.match(faultOfText('  ')?.reason ?? '', /Enter a value/)
})
