/** The rules for UIDs in AWS's documentation of the console, one by one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textError, uidError, whiteSpaceWarning } from './search-value.ts'

test('a UID of digits and periods is valid', () => {
  for (const uid of ['1.2', '1.2.840.10008.5.1.4.1.1.7', '2.25.0', `1.${'2'.repeat(300)}`]) {
    assert.equal(uidError(uid), undefined, uid)
  }
})

test('every rule has its own message', () => {
  for (const [uid, message] of [
    ['', /^Enter a UID/],
    ['1.2.a', /letter “a”/],
    ['1.2.é', /letter “é”/],
    ['1.2-3', /character “-”/],
    ['.1.2', /start with a period/],
    ['1.2.', /end with a period/],
    ['12345', /at least one period/],
    ['1.2 3', /white space/],
    [`1.${'2'.repeat(512)}`, /up to 512 characters/],
  ] as const) {
    assert.match(uidError(uid)?.message ?? '', message)
  }
})

test('the corrected UID has no white space', () => {
  assert.equal(uidError(' 1.2. 3\t\u00a0')?.correctedValue, '1.2.3')
})

test('white space around another value is a warning, not an error', () => {
  assert.equal(textError(' A1 '), undefined)
  assert.equal(whiteSpaceWarning(' A 1 ')?.correctedValue, 'A 1')
  assert.equal(whiteSpaceWarning('A 1'), undefined)
  assert.match(textError('  ')?.message ?? '', /Enter a value/)
})
