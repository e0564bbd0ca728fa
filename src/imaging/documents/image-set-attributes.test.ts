/** The columns of an image set are the same whether they are derived from the file or from its stored attributes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mutate, mutation } from '../../dicom/broken-files.fixture.ts'
import { DicomError } from '../../dicom/dicom-error.ts'
import { tagOf } from '../../dicom/dictionary.ts'
import { type Attributes, encodeP10 } from '../../dicom/encode.ts'
import { type DicomFile, parseP10 } from '../../dicom/parse.ts'
import { runs } from '../../fixtures/soak.ts'
import { type Instance, readInstance } from '../instances/instance.ts'
import { unlistedAttributes, withTextsOfInstances } from '../search/described.ts'
import { SUMMARY_ATTRIBUTES } from '../search/summary-attributes.ts'
import { imageSetAttributesText, imageSetColumnsOf, readImageSetAttributes } from './image-set-attributes.ts'
import { NO_FRAMES, writeMetadata } from './metadata.ts'

const SEED = 20260102

const REQUIRED: Attributes = {
  SOPClassUID: '1.2.840.10008.5.1.4.1.1.2',
  SOPInstanceUID: '1.2.3.4.5',
  StudyInstanceUID: '1.2.3',
  SeriesInstanceUID: '1.2.3.4',
}

const fileWith = (attributes: Attributes): DicomFile =>
  parseP10(encodeP10({ transferSyntaxUID: '1.2.840.10008.1.2.1', attributes: { ...REQUIRED, ...attributes } }))

const attributesTextOf = (file: DicomFile, { grouping, sopInstanceUID }: Instance): string =>
  writeMetadata({
    file,
    SeriesInstanceUID: grouping.SeriesInstanceUID,
    SOPInstanceUID: sopInstanceUID,
    frames: NO_FRAMES,
    nameLargeBinary: () => 'elsewhere',
    charactersMax: 10_000_000,
  }).imageSetAttributes

/** @returns whether the file can be imported at all */
function checkAgrees(file: DicomFile): boolean {
  let instance: Instance
  try {
    instance = readInstance(file)
  } catch (error) {
    assert.ok(error instanceof DicomError)
    return false
  }
  const text = attributesTextOf(file, instance)
  const attributes = readImageSetAttributes(text)
  assert.equal(imageSetAttributesText(attributes), text)
  const { grouping, tags, unlistedTexts, search } = imageSetColumnsOf(attributes)
  assert.deepEqual(
    { grouping, tags, unlistedTexts: withTextsOfInstances(unlistedTexts, instance.unlistedTexts), search },
    {
      unlistedTexts: instance.unlistedTexts,
      grouping: instance.grouping,
      tags: instance.tags,
      search: instance.search,
    },
  )
  return true
}

const ODD_TEXTS = [
  null,
  '',
  ' ',
  'plain',
  ' leading and trailing ',
  'A\\B',
  'A \\ B ',
  '\\',
  '20240102',
  '2024.01.02',
  '20241399',
  '101500.123',
  '10:15:00',
  '7',
  ' 7',
  '+7 ',
  '1.5',
  '99999999999',
  '7\\8 ',
  'quote " and backslash',
]

const COLUMN_TAGS = [
  ...Object.entries(SUMMARY_ATTRIBUTES).map(([keyword, { tag }]) => [keyword, tag] as const),
  ...unlistedAttributes,
]

for (const [keyword, tag] of COLUMN_TAGS) {
  test(`${keyword} has the same column from stored attributes as from the file, for any spelling`, () => {
    assert.ok(checkAgrees(fileWith({ [keyword]: undefined })) || keyword.endsWith('InstanceUID'))
    for (const text of ODD_TEXTS) {
      const value = text === null ? null : Uint8Array.from(Buffer.from(text.length % 2 === 0 ? text : `${text} `))
      checkAgrees(fileWith({ [keyword]: value }))
    }
    for (const vr of ['US', 'FL', 'FD', 'UV', 'AT', 'OB', 'UN', 'UT', 'UR', 'UC', 'ST', 'SQ']) {
      checkAgrees(fileWith({ [tag]: { vr, value: vr === 'SQ' ? null : Uint8Array.from(Buffer.from(' 2345678')) } }))
    }
  })
}

test('stored attributes distinguish files with other values', () => {
  const file = fileWith({ PatientID: 'P1', SeriesNumber: '7' })
  const { grouping, tags } = imageSetColumnsOf(readImageSetAttributes(attributesTextOf(file, readInstance(file))))
  assert.equal(grouping.PatientID, 'P1')
  assert.equal(grouping.SeriesNumber, '7')
  assert.equal(JSON.parse(tags).DICOMSeriesNumber, 7)
})

test('any bytes in any VR have the same columns', () => {
  const tags = COLUMN_TAGS.map(([, tag]) => tag)
  const vrs =
    'AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SS ST SV TM UC UI UL UN UR US UT UV'.split(' ')
  let imported = 0
  const element = fc.tuple(fc.constantFrom(...tags), fc.constantFrom(...vrs), fc.uint8Array({ maxLength: 24 }))
  fc.assert(
    fc.property(
      fc.array(element, { maxLength: 4 }),
      fc.constantFrom('', 'ISO_IR 100', 'ISO_IR 192', 'GB18030', 'ISO 2022 IR 87'),
      (elements, SpecificCharacterSet) => {
        const attributes = Object.fromEntries(elements.map(([tag, vr, value]) => [tag, { vr, value }]))
        const required = Object.entries(REQUIRED).filter(([keyword]) => !((tagOf(keyword) ?? '') in attributes))
        const bytes = encodeP10({
          transferSyntaxUID: '1.2.840.10008.1.2.1',
          attributes: {
            ...Object.fromEntries(required),
            SpecificCharacterSet: ['', SpecificCharacterSet],
            ...attributes,
          },
        })
        if (checkAgrees(parseP10(bytes))) imported += 1
      },
    ),
    { seed: SEED, numRuns: runs(5_000) },
  )
  assert.ok(imported > 2_500, 'too few files can be imported')
})

test('every damaged file that can be imported has the same columns', () => {
  const whole = encodeP10({
    transferSyntaxUID: '1.2.840.10008.1.2',
    attributes: { ...REQUIRED, PatientID: 'P1', StudyDate: '20240102' },
  })
  let imported = 0
  fc.assert(
    fc.property(fc.array(mutation, { maxLength: 3 }), (changes) => {
      let file: DicomFile
      try {
        file = parseP10(changes.reduce(mutate, whole), { inflatedBytesMax: 1_000_000 })
      } catch (error) {
        assert.ok(error instanceof DicomError)
        return
      }
      if (checkAgrees(file)) imported += 1
    }),
    { seed: SEED, numRuns: runs(5_000) },
  )
  assert.ok(imported > 500, 'too few files can be imported')
})

test('unchanged members keep their bytes: digits beyond a double, minus zero, escapes', () => {
  const text =
    '"Patient":{"DICOM":{"PatientID":"a\\"}]{,\\\\"}},"Study":{"DICOM":{"StudyInstanceUID":"1.2","PatientSize":18446744073709551615},' +
    '"Series":{"1.2.3":{"DICOM":{"SeriesInstanceUID":"1.2.3","X":[{"Y":-0.0,"Z":["\\\\"]}]},"Instances":{'
  assert.equal(imageSetAttributesText(readImageSetAttributes(text)), text)
})
