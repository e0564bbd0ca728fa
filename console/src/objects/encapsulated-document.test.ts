/** Documents in the metadata. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encapsulatedDocumentOf } from './encapsulated-document.ts'

const instanceOf = (text: string, more: object = {}) => ({
  ...{ SOPInstanceUID: '1.2.3', EncapsulatedDocument: btoa(text) },
  ...more,
})
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

test('a PDF is what has the header of one in its first kilobyte', () => {
  const isPDF = (text: string, storageClass = '104.1') => encapsulatedDocumentOf(instanceOf(text), storageClass)!.isPDF
  assert.equal(isPDF('%PDF-1.7 ...'), true)
  assert.equal(isPDF(`${' '.repeat(1_000)}%PDF-1.7`), true)
  assert.equal(isPDF(`${' '.repeat(1_020)}%PDF-1.7`), false)
  assert.equal(isPDF('<html><script>'), false)
  assert.equal(isPDF('%PDF-1.7', '104.2'), false)
})

test('a padded document has the length that the instance tells', () => {
  const whole = encapsulatedDocumentOf(instanceOf('abcd'), '104.2')!
  assert.deepEqual([textOf(whole.bytes), whole.fileName], ['abcd', '1.2.3.xml'])
  const padded = encapsulatedDocumentOf(instanceOf('abc\0', { EncapsulatedDocumentLength: 3 }), '104.1')!
  assert.deepEqual([textOf(padded.bytes), padded.fileName], ['abc', '1.2.3.pdf'])
  // A length that can't be right is not used.
  const wrong = encapsulatedDocumentOf(instanceOf('abcd', { EncapsulatedDocumentLength: 1 }), '104.1')!
  assert.equal(textOf(wrong.bytes), 'abcd')
})

test('a value that is missing, named only, or not base64 is no document', () => {
  for (const EncapsulatedDocument of [undefined, null, { BulkDataURI: 'bulkdata/x' }, '§§§']) {
    assert.equal(encapsulatedDocumentOf({ EncapsulatedDocument }, '104.1'), undefined)
  }
})
