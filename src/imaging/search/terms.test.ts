import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ContractError } from '../../contract/errors.ts'
import { type Described, matchesTerms, toTerms } from './terms.ts'

const JANE: Described = {
  PatientName: 'Müller-Groß^Änne=山田^太郎',
  Modality: 'CT',
  StudyDescription: 'CT Thorax nativ',
  SeriesDescription: null,
  PatientBirthDate: '19700131',
  PatientSex: 'F',
  SeriesNumber: 12,
}

const finds = (...pairs: [string, string][]) => matchesTerms(toTerms(pairs), JANE)

test('words begin words of the value, in any order', () => {
  assert.ok(finds(['PatientName', 'mül an']))
  assert.ok(finds(['PatientName', 'ANNE muel']))
  assert.ok(finds(['PatientName', 'gross^mueller']))
  assert.ok(finds(['PatientName', '太']))
  assert.ok(!finds(['PatientName', 'uller']))
  assert.ok(!finds(['PatientName', 'mül peter']))
})

test('attributes are combined with AND', () => {
  assert.ok(finds(['PatientName', 'mul'], ['Modality', 'ct'], ['StudyDescription', 'thor nat']))
  assert.ok(!finds(['PatientName', 'mul'], ['Modality', 'mr']))
  assert.ok(!finds(['SeriesDescription', 'thorax']), 'an absent value matches nothing')
})

test('a word with wildcards matches a whole word', () => {
  assert.ok(finds(['PatientName', 'm?ller']))
  assert.ok(finds(['PatientName', 'm*r']))
  assert.ok(finds(['PatientName', '*ler']))
  assert.ok(finds(['PatientName', 'mul*']))
  assert.ok(!finds(['PatientName', 'm?ll']))
  assert.ok(!finds(['PatientName', '*mul']))
})

test('birth date, sex and series number are compared as a whole', () => {
  assert.ok(finds(['PatientBirthDate', '19700131'], ['PatientSex', 'f'], ['SeriesNumber', '+012 ']))
  assert.ok(!finds(['PatientBirthDate', '1970']))
  assert.ok(!finds(['SeriesNumber', '1']))
})

test('an invalid request says what to write instead, and never repeats its value', () => {
  const invalid = (...pairs: [string, string][]) => {
    try {
      toTerms(pairs)
    } catch (error) {
      assert.ok(error instanceof ContractError && error.name === 'ValidationException')
      return error.message
    }
    return assert.fail('the request is valid')
  }
  assert.match(invalid(['PatientID', 'secret']), /must be one of PatientName, Modality/)
  assert.match(invalid(['PatientName', '^^']), /must have a letter or a digit/)
  assert.match(invalid(['PatientName', 'a **?']), /beside its wildcards/)
  assert.match(invalid(['PatientSex', ' ']), /must have a letter or a digit/)
  assert.match(invalid(['SeriesNumber', 'secret']), /must be an integer/)
  assert.match(invalid(['PatientName', 'a b c d e'], ['StudyDescription', 'f g h i']), /at most 8 words/)
  assert.match(invalid(['PatientName', 'x'.repeat(257)]), /at most 256 characters/)
  for (const pairs of [[['secret', 'x']], [['SeriesNumber', 'secret']]] as [string, string][][]) {
    assert.doesNotMatch(invalid(...pairs), /secret/)
  }
})
