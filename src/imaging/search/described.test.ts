import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describedOf, textOfUnlisted } from './described.ts'

test('values are those of the summary and the texts beside it', () => {
  const unlisted = textOfUnlisted({ SeriesDescription: 'thin slices', InstitutionName: null })
  const tags = JSON.stringify({ DICOMPatientName: 'DOE^JANE', DICOMPatientSex: null, DICOMSeriesNumber: 7 })
  assert.deepEqual(
    Object.entries(describedOf(tags, unlisted)).filter(([, value]) => value !== undefined && value !== null),
    [
      ['PatientName', 'DOE^JANE'],
      ['SeriesDescription', 'thin slices'],
      ['SeriesNumber', 7],
    ],
  )
})

test('a row without texts beside its summary stores nothing', () => {
  assert.equal(textOfUnlisted({ SeriesDescription: null }), null)
  assert.equal(describedOf('{}', null).SeriesDescription, undefined)
})

test('a long text is cut between characters', () => {
  const text = textOfUnlisted({ InstitutionName: '😀'.repeat(1_000) })
  assert.equal(describedOf('{}', text).InstitutionName, '😀'.repeat(256))
})
