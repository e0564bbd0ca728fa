/** That the batteries are the same in every run, and ask what they are named for. Judged by the meaning of a search, without a store. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { matches, type SearchableImageSet } from '../../src/imaging/search.ts'
import { BATTERIES, type BenchQuery, batteriesOf } from './batteries.ts'
import { dataSetOf } from './data-set.ts'

const SIZE = 10_000
const dataSet = dataSetOf(SIZE)
const batteries = batteriesOf(dataSet)

const all: readonly SearchableImageSet[] = Array.from({ length: SIZE }, (_, index) => {
  const { seq, isPrimary, createdAt, updatedAt, studyInstant, grouping } = dataSet.imageSet(index)
  return {
    seq,
    isPrimary,
    createdAt,
    updatedAt,
    DICOMStudyDateAndTime: studyInstant,
    DICOMPatientId: grouping.PatientID,
    DICOMAccessionNumber: grouping.AccessionNumber,
    DICOMStudyId: grouping.StudyID,
    DICOMStudyInstanceUID: grouping.StudyInstanceUID,
    DICOMSeriesInstanceUID: grouping.SeriesInstanceUID,
  }
})

const rangedFields = ({ search }: BenchQuery) =>
  search.filters.filter((filter) => !('equals' in filter)).map(({ attribute }) => attribute)

describe('the batteries of the search benchmark', () => {
  test('are the same in every run', () => {
    const digest = createHash('sha256').update(JSON.stringify(batteries)).digest('hex')
    assert.equal(
      digest,
      '35c12424affb8e0d69ec485ddffaa39dceb5caab42a7faa62ff3ee86cb39b69a',
      'figures from before a change of the batteries cannot be compared with later ones',
    )
  })

  test('take no more filters than the API allows', () => {
    for (const name of BATTERIES)
      assert(
        batteries[name].every(({ search }) => search.filters.length <= 2),
        name,
      )
  })

  test('range over one date or two, and sort by another', () => {
    for (const [name, ranges] of [
      ['one-range', 1],
      ['two-range', 2],
    ] as const) {
      for (const query of batteries[name]) {
        assert.equal(rangedFields(query).length, ranges)
        assert(!rangedFields(query).includes(query.search.sort.sortField), 'the sort date has no range of its own')
      }
    }
  })

  test('find nothing at all in the empty battery', () => {
    for (const { search } of batteries.empty)
      assert.equal(
        all.find((imageSet) => matches(search, imageSet)),
        undefined,
      )
  })

  test('find something for most of the searches that are not meant to be empty', () => {
    for (const name of ['one-range', 'narrow', 'equal', 'walk'] as const) {
      const found = batteries[name].filter(({ search }) => all.some((imageSet) => matches(search, imageSet)))
      assert(found.length > batteries[name].length / 2, `${found.length} of ${batteries[name].length} in ${name}`)
    }
  })

  test('go on from a cursor in about half of the random searches', () => {
    for (const name of ['one-range', 'two-range', 'narrow', 'equal'] as const) {
      const share = batteries[name].filter(({ after }) => after !== undefined).length / batteries[name].length
      assert(share > 0.4 && share < 0.6, `${share} in ${name}`)
    }
  })
})
