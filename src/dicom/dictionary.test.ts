/** Look-ups in the dictionary, and completeness of the generated text. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entryOf, tagOf } from './dictionary.ts'

test('a tag maps to its keyword, VR and VM, and the keyword maps back to the tag', () => {
  assert.deepEqual(entryOf('00100010'), { tag: '00100010', keyword: 'PatientName', vr: 'PN', vm: '1' })
  assert.deepEqual(entryOf('0020000d'), { tag: '0020000D', keyword: 'StudyInstanceUID', vr: 'UI', vm: '1' })
  assert.equal(tagOf('StudyInstanceUID'), '0020000D')
})

test('where PS3.6 allows several VRs, all are listed and one is the default', () => {
  assert.deepEqual(entryOf('7FE00010'), { tag: '7FE00010', keyword: 'PixelData', vr: 'OW', vrs: ['OB', 'OW'], vm: '1' })
  assert.equal(entryOf('00280106')?.vr, 'US')
  assert.deepEqual(entryOf('00281200')?.vrs, ['US', 'SS', 'OW'])
})

test('an entry of a repeating group matches each of its tags', () => {
  assert.deepEqual(entryOf('60023000'), {
    tag: '60023000',
    keyword: 'OverlayData',
    vr: 'OW',
    vrs: ['OB', 'OW'],
    vm: '1',
  })
  assert.equal(entryOf('50FE0010')?.keyword, 'NumberOfPoints')
  assert.equal(entryOf('002031AB')?.keyword, 'SourceImageIDs')
  assert.equal(tagOf('OverlayData'), '60003000')
})

test('private, unknown and malformed tags and keywords have no entry', () => {
  for (const tag of ['60033000', '00091010', '00080000', '7FE0', 'PatientName', ''])
    assert.equal(entryOf(tag), undefined, tag)
  assert.equal(tagOf('PatientsName'), undefined)
})

test('every keyword maps to a tag that maps back to it', () => {
  const keywords = [
    'SharedFunctionalGroupsSequence',
    'ExtendedOffsetTable',
    'DigitalSignaturesSequence',
    'CommandField',
  ]
  for (const keyword of keywords) assert.equal(entryOf(tagOf(keyword)!)?.keyword, keyword)
})
