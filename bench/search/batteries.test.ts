/** The batteries are the same in every run, and consist of the searches that they are named for. Checked without a store. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { TEXT_ATTRIBUTES } from '../../src/contract/search-attributes.ts'
import { comparePositions, matches, type SearchableImageSet } from '../../src/imaging/search/search.ts'
import { searchedTexts } from '../../src/imaging/search/summary-attributes.ts'
import { BATTERIES, type BenchQuery, batteriesOf } from './batteries.ts'
import { dataSetOf } from './data-set.ts'

const SIZE = 10_000
const dataSet = dataSetOf(SIZE)
const batteries = batteriesOf(dataSet)

const all: readonly SearchableImageSet[] = Array.from({ length: SIZE }, (_, index) => {
  const { rowId, isPrimary, createdAt, updatedAt, studyTimestamp, grouping } = dataSet.imageSet(index)
  return {
    rowId,
    isPrimary,
    createdAt,
    updatedAt,
    DICOMStudyDateAndTime: studyTimestamp,
    ...searchedTexts(grouping),
  }
})

const rangedFields = ({ search }: BenchQuery) =>
  search.filters.filter((filter) => !('equals' in filter)).map(({ attribute }) => attribute)

describe('the batteries of the search benchmark', () => {
  test('are the same in every run', () => {
    const digest = createHash('sha256').update(JSON.stringify(batteries)).digest('hex')
    assert.equal(
      digest,
      'c488a412d88b006f91a628e708b1ad0845bbf1ffbb209d9b7d407088fafa44d0',
      'results before a change of the batteries cannot be compared with later ones',
    )
  })

  test('have no more filters than the API allows', () => {
    for (const name of BATTERIES)
      assert(
        batteries[name].every(({ search }) => search.filters.length <= 2),
        name,
      )
  })

  test('filter by one or two dates, and sort by another', () => {
    for (const [name, ranges] of [
      ['one-range', 1],
      ['two-range', 2],
    ] as const) {
      for (const query of batteries[name]) {
        assert.equal(rangedFields(query).length, ranges)
        assert(!rangedFields(query).includes(query.search.sort.sortField), 'the sort date has no range')
      }
    }
  })

  test('filter by each text alone, with another text and with each date, in each sort', () => {
    const shapes = new Set(
      batteries.equal.map(({ search: { filters, sort } }) =>
        [...filters.map(({ attribute }) => attribute), sort.sortField, sort.sortOrder].join(' '),
      ),
    )
    const dates = ['createdAt', 'updatedAt', 'DICOMStudyDateAndTime'] as const
    for (const text of TEXT_ATTRIBUTES) {
      const another = text === 'DICOMPatientId' ? 'DICOMStudyId' : 'DICOMPatientId'
      for (const second of ['', another, 'isPrimary', ...dates]) {
        for (const sort of dates) {
          for (const order of ['ASC', 'DESC']) {
            const shape = [text, second, sort, order].filter((word) => word !== '').join(' ')
            assert(shapes.has(shape), shape)
          }
        }
      }
    }
  })

  test('filter by values that five and fifty per cent of the store have, also by both', () => {
    const texts = batteries.equal.map(({ search }) =>
      search.filters.flatMap((filter) => ('equals' in filter ? [filter.equals] : [])).join(' and '),
    )
    for (const value of ['ANON', '1', 'ANON and 1', '1 and ANON', '']) assert(texts.includes(value), value)
  })

  test('find nothing in the empty battery', () => {
    for (const { search, after } of batteries.empty) {
      const { sortField, sortOrder } = search.sort
      const isAfter = (imageSet: SearchableImageSet) =>
        after === undefined ||
        comparePositions(sortOrder, { key: imageSet[sortField], rowId: imageSet.rowId }, after) > 0
      assert.equal(
        all.find((imageSet) => matches(search, imageSet) && isAfter(imageSet)),
        undefined,
      )
    }
  })

  test('find something with most searches of the other batteries', () => {
    for (const name of ['one-range', 'narrow', 'equal', 'scan'] as const) {
      const found = batteries[name].filter(({ search }) => all.some((imageSet) => matches(search, imageSet)))
      assert(found.length > batteries[name].length / 2, `${found.length} of ${batteries[name].length} in ${name}`)
    }
  })

  test('have a cursor in about half of the random searches', () => {
    for (const name of ['one-range', 'two-range', 'narrow'] as const) {
      const share = batteries[name].filter(({ after }) => after !== undefined).length / batteries[name].length
      assert(share > 0.4 && share < 0.6, `${share} in ${name}`)
    }
  })
})
