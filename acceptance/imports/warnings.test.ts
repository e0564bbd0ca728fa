/** Files that are imported although something in them is invalid (AWS "Warning codes"). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { activeDatastore } from '../support/datastores.ts'
import { type Attributes, type encodeP10, instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { equal, search } from '../support/search.ts'
import { choice, documented } from '../support/sources.ts'

const server = await openHilum()
const { sdk } = server

async function warned(attributes: Attributes, file: Partial<Parameters<typeof encodeP10>[0]> = {}) {
  const datastoreId = await activeDatastore(sdk)
  const { manifest, warning } = await importFiles(server, {
    datastoreId,
    files: { 'a.dcm': instance(attributes, file) },
  })
  assert.equal(manifest.numberOfImportedFiles, 1)
  const warnings = warning?.flatMap(({ importResponse }) => importResponse.warnings) ?? []
  return { datastoreId, warnings, codes: warnings.map((each) => [each.warning_reason_code, each.type]) }
}

test('a UID with two periods in a row has warning 0xB201 and can be searched', documented, async () => {
  const { codes, datastoreId } = await warned({ SeriesInstanceUID: '1.2.3..4', SOPInstanceUID: '2.25.4' })
  assert.deepEqual(codes, [[0xb201, 'InvalidUIDFormat']])
  const found = await search(sdk, { datastoreId, searchCriteria: equal({ DICOMSeriesInstanceUID: '1.2.3..4' }) })
  assert.equal(found.length, 1)
})

test('leading zeros in a UID are accepted', documented, async () => {
  assert.deepEqual((await warned({ SOPInstanceUID: '1.02.003' })).codes, [])
})

test('a value longer than its VR allows has warning 0xB202 and can be searched', documented, async () => {
  const PatientID = 'x'.repeat(65)
  const { codes, datastoreId } = await warned({ PatientID })
  assert.deepEqual(codes, [[0xb202, 'InvalidDICOMValueLength']])
  const found = await search(sdk, { datastoreId, searchCriteria: equal({ DICOMPatientId: PatientID }) })
  assert.equal(found.length, 1)
})

test('an invalid study date has a warning and is returned unchanged', documented, async () => {
  const { codes, datastoreId } = await warned({ StudyDate: '20241341' })
  assert.deepEqual(codes, [[0xb202, 'InvalidDICOMValueLength']])
  const [summary] = await search(sdk, { datastoreId })
  assert.equal(summary!.DICOMTags!.DICOMStudyDate, '20241341')
})

test('an unknown character set has warning 0xBFFF, and the text is kept', choice, async () => {
  const { codes, datastoreId } = await warned({
    SpecificCharacterSet: { vr: 'CS', value: Buffer.from('ISO_IR 999 ') },
    PatientName: { vr: 'PN', value: Buffer.from('Test^Name ') },
  })
  assert.deepEqual(codes, [[0xbfff, 'Other']])
  const [summary] = await search(sdk, { datastoreId })
  assert.equal(summary!.DICOMTags!.DICOMPatientName, 'Test^Name')
})

test('an unknown transfer syntax has warning 0xB120', documented, async () => {
  const { codes } = await warned({}, { transferSyntaxUID: '1.2.3.4.5.6' })
  assert.deepEqual(codes, [[0xb120, 'UnsupportedTransferSyntax']])
})

test('several warnings of one file are on one line', documented, async () => {
  const { codes } = await warned({ SOPInstanceUID: '1..2', AccessionNumber: 'x'.repeat(17) })
  assert.deepEqual(codes.map(([code]) => code).toSorted(), [0xb201, 0xb202])
})

test('no warning contains the name of the patient', choice, async () => {
  const { warnings } = await warned({ PatientID: `Secret${'x'.repeat(60)}`, PatientName: 'Secret'.repeat(40) })
  assert.equal(warnings.length, 2)
  assert.doesNotMatch(JSON.stringify(warnings), /Secret/)
})
