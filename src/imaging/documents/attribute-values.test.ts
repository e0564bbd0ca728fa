/** A value from a client is written as the document writes the same value of a file. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { entryOf, tagOf } from '../../dicom/dictionary.ts'
import { documentValue, rulesOf, sameValue } from './attribute-values.ts'
import { fileOf } from './metadata.fixture.ts'
import { elementText } from './metadata-values.ts'
import { jsonText, readJson } from './strict-json.ts'

const KEYWORDS = [
  ...['SequenceName', 'SpecificCharacterSet', 'ImageType', 'PatientName', 'OperatorsName', 'PatientID', 'KVP'],
  ...['WindowCenter', 'InstanceNumber', 'ImageComments', 'StudyDate', 'AcquisitionTime', 'FrameOfReferenceUID'],
  ...[
    'StationAETitle',
    'AcquisitionProtocolElementSpecificationSequence',
    'RetrieveURL',
    'LongCodeValue',
    'URNCodeValue',
  ],
].filter((keyword) => tagOf(keyword) !== undefined && entryOf(tagOf(keyword)!)!.vr !== 'SQ')

test('text is written as from a file', () => {
  const text = fc
    .array(fc.constantFrom('A', 'b', '1', ' ', '\\', '.', '^'), { maxLength: 10 })
    .map((signs) => signs.join(''))
  fc.assert(
    fc.property(fc.constantFrom(...KEYWORDS), text, (keyword, value) => {
      // Files pad to an even length; values of even length keep the padding they were sent with.
      fc.pre(value.length % 2 === 0)
      const tag = tagOf(keyword)!
      const vr = entryOf(tag)!.vr
      const file = fileOf({ [tag]: { vr, value: Uint8Array.from(Buffer.from(value)) } })
      assert.equal(jsonText(documentValue(value, rulesOf(entryOf(tag)))), elementText(file.dataSet, tag), keyword)
    }),
    { seed: 20260104, numRuns: 5_000 },
  )
})

for (const [what, keyword, sent, expected] of [
  ['a single value where several may be is a list', 'ImageType', '"ORIGINAL"', '["ORIGINAL"]'],
  ['a list of one where one may be is that one', 'PatientID', '["P1"]', '"P1"'],
  ['an empty list is null', 'ImageType', '[]', 'null'],
  ['a list of nothing is null', 'ImageType', '[""]', 'null'],
  ['empty text is null', 'PatientID', '"  "', 'null'],
  ['an empty value inside a list is ""', 'ImageType', '["ORIGINAL","","AXIAL"]', '["ORIGINAL","","AXIAL"]'],
  ['null inside a list is ""', 'ImageType', '["ORIGINAL",null,"AXIAL"]', '["ORIGINAL","","AXIAL"]'],
  ['a list of empty values is a list of ""', 'ImageType', '["",null]', '["",""]'],
  ['an empty number inside a list of numbers as text is ""', 'PixelSpacing', '[null,0.5]', '["","0.5"]'],
  ['a number is text where the document has text', 'InstanceNumber', '7', '"7"'],
  ['decimals are text too', 'PixelSpacing', '[0.5,0.25]', '["0.5","0.25"]'],
  ['a number is a number where the document has numbers', 'Rows', '512', '512'],
  ['a number that is none stays what it was', 'Rows', '"512"', '"512"'],
  ['numbers of 64 bits keep their digits', 'SelectorUVValue', '[18446744073709551615]', '[18446744073709551615]'],
] as const) {
  test(`${what}: ${keyword}`, () => {
    const read = readJson(sent, 'it')
    assert.equal(jsonText(documentValue(read, rulesOf(entryOf(tagOf(keyword)!)))), expected)
  })
}

for (const [one, other, same] of [
  ['"120 "', '"120"', true],
  ['" A"', '"A"', true],
  ['"A"', '"a"', false],
  ['"5"', '5', false],
  ['null', '""', true],
  ['[]', 'null', true],
  ['["A"]', '"A"', true],
  ['["A","B"]', '["B","A"]', false],
  ['["A",null]', '["A"]', false],
  ['["A",null]', '["A",""]', true],
  ['[{"CodeValue":"A","CodeMeaning":"B "}]', '[{"CodeMeaning":"B","CodeValue":"A"}]', true],
  ['[{"CodeValue":"A"}]', '[{"CodeValue":"A","CodeMeaning":null}]', false],
  ['-0.0', '0', true],
  ['18446744073709551615', '18446744073709551614', false],
  ['"[1]"', '[1]', false],
] as const) {
  test(`${one} and ${other} are ${same ? '' : 'not '}the same`, () => {
    assert.equal(sameValue(readJson(one, 'it'), readJson(other, 'it')), same)
    assert.equal(sameValue(readJson(other, 'it'), readJson(one, 'it')), same)
  })
}
