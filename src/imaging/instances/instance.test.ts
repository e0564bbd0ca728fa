import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DicomError } from '../../dicom/dicom-error.ts'
import { type Attributes, ExplicitVRLittleEndian, encodeP10 } from '../../dicom/encode.ts'
import { parseP10 } from '../../dicom/parse.ts'
import { readInstance } from './instance.ts'

const REQUIRED: Attributes = {
  SOPClassUID: '1.2.840.10008.5.1.4.1.1.2',
  SOPInstanceUID: '1.2.3.4.5',
  StudyInstanceUID: '1.2.3',
  SeriesInstanceUID: '1.2.3.4',
}

const instanceWith = (attributes: Attributes, transferSyntaxUID = ExplicitVRLittleEndian) =>
  readInstance(parseP10(encodeP10({ transferSyntaxUID, attributes: { ...REQUIRED, ...attributes } })))

const warningsOf = (attributes: Attributes) => instanceWith(attributes).warnings.map(({ type }) => type)

test('an instance has grouping elements, search values and summary tags', () => {
  const instance = instanceWith({
    PatientID: 'P1',
    PatientName: 'DOE^JANE',
    AccessionNumber: 'A1',
    StudyID: 'S1',
    StudyDate: '20240102',
    StudyTime: '101500',
    SeriesNumber: '7',
    Modality: 'CT',
    BodyPartExamined: 'CHEST',
  })
  assert.deepEqual(instance.grouping, {
    StudyInstanceUID: '1.2.3',
    StudyDate: '20240102',
    AccessionNumber: 'A1',
    PatientID: 'P1',
    StudyID: 'S1',
    SeriesInstanceUID: '1.2.3.4',
    SeriesNumber: '7',
  })
  assert.equal(instance.search.DICOMStudyDateAndTime, Date.UTC(2024, 0, 2, 10, 15) * 1000)
  assert.deepEqual(JSON.parse(instance.tags), {
    DICOMPatientId: 'P1',
    DICOMPatientName: 'DOE^JANE',
    DICOMStudyInstanceUID: '1.2.3',
    DICOMStudyId: 'S1',
    DICOMAccessionNumber: 'A1',
    DICOMSeriesInstanceUID: '1.2.3.4',
    DICOMSeriesModality: 'CT',
    DICOMSeriesBodyPart: 'CHEST',
    DICOMSeriesNumber: 7,
    DICOMStudyDate: '20240102',
    DICOMStudyTime: '101500',
  })
  assert.deepEqual(instance.warnings, [])
})

test('an empty attribute is null in the summary, and an absent one is omitted', () => {
  const tags = JSON.parse(instanceWith({ PatientBirthDate: null, SeriesNumber: null }).tags)
  assert.equal(tags.DICOMPatientBirthDate, null)
  assert.equal(tags.DICOMSeriesNumber, null)
  assert.ok(!('DICOMPatientSex' in tags))
})

test('empty and absent grouping elements are the same', () => {
  assert.deepEqual(instanceWith({ AccessionNumber: null, StudyID: '  ' }).grouping, instanceWith({}).grouping)
})

test('a series number that is not an integer is omitted from the summary and still used for grouping', () => {
  const instance = instanceWith({ SeriesNumber: Uint8Array.from(Buffer.from('1.5 ')) })
  assert.ok(!('DICOMSeriesNumber' in JSON.parse(instance.tags)))
  assert.notEqual(instance.grouping.SeriesNumber, null)
})

for (const keyword of ['SOPClassUID', 'SOPInstanceUID', 'StudyInstanceUID', 'SeriesInstanceUID']) {
  test(`without ${keyword} an instance is refused with AWS's message`, () => {
    for (const value of [undefined, null]) {
      assert.throws(
        () => instanceWith({ [keyword]: value }),
        (error) => error instanceof DicomError && error.reason === `DICOM attribute ${keyword} does not exist`,
      )
    }
  })
}

test('a value longer than AWS allows is refused and not quoted', () => {
  assert.throws(
    () => instanceWith({ PatientID: 'SECRET'.padEnd(257, 'x') }),
    (error) =>
      error instanceof DicomError &&
      /PatientID has 257 characters/.test(error.message) &&
      !/SECRET/.test(error.message),
  )
})

test('a value that only violates its VR is imported with a warning', () => {
  assert.deepEqual(warningsOf({ PatientID: 'x'.repeat(256) }), ['InvalidDICOMValueLength'])
  assert.deepEqual(warningsOf({ StudyInstanceUID: '1.2.3..4' }), ['InvalidUIDFormat'])
  assert.deepEqual(warningsOf({ SpecificCharacterSet: 'ISO_IR 4711' }), ['Other'])
})

test('an invalid study date is imported with a warning and cannot be searched by', () => {
  const instance = instanceWith({ StudyDate: Uint8Array.from(Buffer.from('20241399')) })
  assert.equal(instance.search.DICOMStudyDateAndTime, null)
  assert.deepEqual(
    instance.warnings.map(({ warning_reason_code }) => warning_reason_code),
    [0xb202],
  )
})

test('an unknown transfer syntax is imported with a warning', () => {
  const warnings = instanceWith({}, '1.2.3.4.99').warnings
  assert.deepEqual(
    warnings.map(({ type }) => type),
    ['UnsupportedTransferSyntax'],
  )
})
