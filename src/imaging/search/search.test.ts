/** The meaning of SearchImageSets (AWS "Searching image sets"): valid criteria, what they match, and the order. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ContractError } from '../../contract/errors.ts'
import { TEXT_ATTRIBUTES } from '../../contract/search-attributes.ts'
import {
  comparePositions,
  type Filter,
  matches,
  positionOf,
  type Search,
  type SearchableImageSet,
  toSearch,
  withoutPadding,
} from './search.ts'
import { searchedTexts } from './summary-attributes.ts'
import { toTerms } from './terms.ts'

type Criteria = NonNullable<Parameters<typeof toSearch>[0]>
type CriteriaFilter = NonNullable<Criteria['filters']>[number]
type Value = CriteriaFilter['values'][number]

const filtersOf = (...filters: CriteriaFilter[]): readonly Filter[] => toSearch({ filters }).filters
const between = (lower: Value, upper: Value): CriteriaFilter => ({ operator: 'BETWEEN', values: [lower, upper] })
const equal = (...values: Value[]): CriteriaFilter => ({ operator: 'EQUAL', values })
/** A value with one member, whose name TypeScript cannot relate to the union. */
const valued = (attribute: string, value: string | number) => ({ [attribute]: value }) as unknown as Value
const study = (DICOMStudyDate: string, DICOMStudyTime?: string): Value => ({
  DICOMStudyDateAndTime: DICOMStudyTime === undefined ? { DICOMStudyDate } : { DICOMStudyDate, DICOMStudyTime },
})

function refusedAt(path: string, ...filters: CriteriaFilter[]): void {
  assert.throws(
    () => toSearch({ filters }),
    (error) => {
      assert.ok(error instanceof ContractError)
      assert.equal(error.name, 'ValidationException')
      assert.deepEqual(
        error.fields.map((field) => field.path),
        [path],
      )
      assert.ok(error.message.includes(`'${path}'`))
      return true
    },
  )
}

describe('criteria', () => {
  for (const criteria of [undefined, {}]) {
    test(`${JSON.stringify(criteria)} match all image sets, last updated first`, () => {
      assert.deepEqual(toSearch(criteria), { filters: [], sort: { sortField: 'updatedAt', sortOrder: 'DESC' } })
    })
  }

  test('may have a sort only', () => {
    const sort = { sortField: 'DICOMStudyDateAndTime', sortOrder: 'ASC' } as const
    assert.deepEqual(toSearch({ sort }), { filters: [], sort })
  })

  for (const attribute of TEXT_ATTRIBUTES) {
    test(`accept ${attribute} with EQUAL and one value only`, () => {
      assert.deepEqual(filtersOf(equal(valued(attribute, '1.2'))), [{ attribute, equals: '1.2' }])
      refusedAt('/filters/0/operator', between(valued(attribute, '1'), valued(attribute, '2')))
      refusedAt('/filters/0/values', equal(valued(attribute, '1'), valued(attribute, '2')))
    })
  }

  test('accept isPrimary with EQUAL, not with BETWEEN', () => {
    assert.deepEqual(filtersOf(equal({ isPrimary: false })), [{ attribute: 'isPrimary', equals: false }])
    assert.deepEqual(filtersOf(equal({ isPrimary: true })), [{ attribute: 'isPrimary', equals: true }])
    refusedAt('/filters/0/operator', between({ isPrimary: false }, { isPrimary: true }))
  })

  for (const attribute of ['createdAt', 'updatedAt'] as const) {
    test(`accept ${attribute} with BETWEEN and two values in order, not with EQUAL`, () => {
      const at = (ms: number) => valued(attribute, ms)
      assert.deepEqual(filtersOf(between(at(1), at(2))), [{ attribute, from: 1, to: 2 }])
      assert.deepEqual(filtersOf(between(at(2), at(2))), [{ attribute, from: 2, to: 2 }])
      refusedAt('/filters/0/values', between(at(2), at(1)))
      refusedAt('/filters/0/operator', equal(at(1)))
      refusedAt('/filters/0/values', { operator: 'BETWEEN', values: [at(1)] })
    })
  }

  test('round bounds inwards to whole milliseconds', () => {
    assert.deepEqual(filtersOf(between({ createdAt: 1.2 }, { createdAt: 3.8 })), [
      { attribute: 'createdAt', from: 2, to: 3 },
    ])
    assert.deepEqual(filtersOf(between({ createdAt: 1.2 }, { createdAt: 1.8 })), [
      { attribute: 'createdAt', from: 2, to: 1 },
    ])
    refusedAt('/filters/0/values', between({ createdAt: 1.8 }, { createdAt: 1.2 }))
  })

  test('accept study dates without a time, which is then the start of the day in both bounds', () => {
    const [filter] = filtersOf(between(study('20260401'), study('20260402')))
    assert.deepEqual(filter, {
      attribute: 'DICOMStudyDateAndTime',
      from: Date.UTC(2026, 3, 1) * 1_000,
      to: Date.UTC(2026, 3, 2) * 1_000,
    })
    assert.deepEqual(filtersOf(between(study('20260401', '000000.000'), study('20260402', '00'))), [filter])
  })

  test('refuse invalid dates and times, naming the bound', () => {
    const good = study('20260401')
    for (const bad of [
      study(''),
      study('260401'),
      study('20260230'),
      study('2026.04.01'),
      study('20260401', '25'),
      study('20260401', '10:15'),
    ]) {
      refusedAt('/filters/0/values/0/DICOMStudyDateAndTime', between(bad, good))
      refusedAt('/filters/0/values/1/DICOMStudyDateAndTime', between(good, bad))
    }
    refusedAt('/filters/0/values', between(study('20260402'), study('20260401')))
    refusedAt('/filters/0/operator', equal(good))
  })

  test('refuse a BETWEEN over two attributes', () => {
    refusedAt('/filters/0/values', between({ createdAt: 1 }, { updatedAt: 2 }))
    refusedAt('/filters/0/values', between({ createdAt: 1 }, { DICOMPatientId: '2' }))
  })

  test('that are refused name the filter, never a value', () => {
    const good = equal({ isPrimary: true })
    refusedAt('/filters/1/values', good, equal({ DICOMPatientId: 'SECRET' }, { DICOMPatientId: 'SECRET' }))
    for (const bad of [
      equal({ DICOMPatientId: 'SECRET' }, { DICOMPatientId: 'SECRET' }),
      between(study('SECRET'), study('SECRET')),
    ]) {
      assert.throws(
        () => toSearch({ filters: [bad] }),
        (error: Error) => !JSON.stringify([error.message, error]).includes('SECRET'),
      )
    }
  })

  test('ignore the padding of a text, and only that', () => {
    assert.deepEqual(filtersOf(equal({ DICOMPatientId: ' a b \0 ' })), [
      { attribute: 'DICOMPatientId', equals: ' a b' },
    ])
    assert.equal(withoutPadding('a\t'), 'a\t')
    assert.equal(withoutPadding(' \0'), '')
  })
})

const IMAGE_SET: SearchableImageSet = {
  rowId: 1,
  ...searchedTexts({ PatientID: 'SUBJECT08701', StudyID: '1', StudyInstanceUID: '1.2', SeriesInstanceUID: '1.2.3' }),
  isPrimary: true,
  createdAt: 1_000,
  updatedAt: 2_000,
  DICOMStudyDateAndTime: Date.UTC(2024, 0, 1, 10, 15) * 1_000,
}

const finds = (imageSet: Partial<SearchableImageSet>, ...filters: CriteriaFilter[]) =>
  matches(toSearch({ filters }), { ...IMAGE_SET, ...imageSet })

describe('an image set is found', () => {
  test('by an equal text, case-sensitive, never by a pattern', () => {
    assert.equal(finds({}, equal({ DICOMPatientId: 'SUBJECT08701' })), true)
    for (const other of ['subject08701', 'SUBJECT0870*', 'SUBJECT0870?', 'SUBJECT', 'SUBJECT087010', '']) {
      assert.equal(finds({}, equal({ DICOMPatientId: other })), false, other)
    }
    assert.equal(finds({ DICOMPatientId: 'SUBJECT0870*' }, equal({ DICOMPatientId: 'SUBJECT0870*' })), true)
  })

  test('by its words, when the filters match too', () => {
    const terms = toTerms([['PatientName', 'mul']])
    const search = toSearch({ filters: [equal({ DICOMPatientId: 'SUBJECT08701' })] }, terms)
    assert.deepEqual(search.terms, terms)
    assert.equal(matches(search, { ...IMAGE_SET, described: { PatientName: 'Müller' } }), true)
    assert.equal(matches(search, { ...IMAGE_SET, described: { PatientName: 'Meier' } }), false)
    assert.equal(matches(search, IMAGE_SET), false)
    const other = toSearch({ filters: [equal({ DICOMPatientId: 'OTHER' })] }, terms)
    assert.equal(matches(other, { ...IMAGE_SET, described: { PatientName: 'Müller' } }), false)
  })

  test('never by an empty text', () => {
    for (const value of [null, '']) {
      assert.equal(finds({ DICOMAccessionNumber: value }, equal({ DICOMAccessionNumber: '' })), false)
    }
  })

  test('by an invalid UID only if it has it', () => {
    for (const uid of ['.1.2', '1..2']) assert.equal(finds({}, equal({ DICOMStudyInstanceUID: uid })), false)
  })

  test('at both ends of a range and not outside', () => {
    for (const [lower, upper, expected] of [
      [1_000, 1_000, true],
      [1_000, 9_000, true],
      [0, 1_000, true],
      [1_001, 9_000, false],
      [0, 999, false],
    ] as const) {
      assert.equal(finds({}, between({ createdAt: lower }, { createdAt: upper })), expected)
    }
    assert.equal(finds({}, between({ updatedAt: 2_000 }, { updatedAt: 2_000 })), true)
  })

  test('on the day of an upper bound without a time, only at 00:00:00', () => {
    const thatDay = between(study('20240101'), study('20240101'))
    assert.equal(finds({}, thatDay), false)
    assert.equal(finds({ DICOMStudyDateAndTime: Date.UTC(2024, 0, 1) * 1_000 }, thatDay), true)
  })

  test('never by a study date that it does not have', () => {
    assert.equal(finds({ DICOMStudyDateAndTime: null }, between(study('00010101'), study('99991231'))), false)
  })

  test('when all filters match, in either order', () => {
    const [yes, no] = [equal({ DICOMStudyId: '1' }), equal({ isPrimary: false })]
    assert.equal(finds({}, yes, equal({ isPrimary: true })), true)
    assert.equal(finds({}, yes, no), false)
    assert.equal(finds({}, no, yes), false)
  })
})

describe('the order of a result', () => {
  const inOrder = (search: Search, imageSets: SearchableImageSet[]) =>
    imageSets
      .toSorted((a, b) => comparePositions(search.sort.sortOrder, positionOf(search, a), positionOf(search, b)))
      .map(({ rowId }) => rowId)
  const imageSets = [30, null, 10, 20, 10, null].map((DICOMStudyDateAndTime, index) => ({
    ...IMAGE_SET,
    rowId: index,
    updatedAt: [5, 5, 1, 9, 5, 7][index]!,
    DICOMStudyDateAndTime,
  }))

  test('is by the field and then by age, ascending and descending, with missing values last in both', () => {
    const by = (sortField: Search['sort']['sortField'], sortOrder: Search['sort']['sortOrder']) =>
      inOrder({ filters: [], sort: { sortField, sortOrder } }, imageSets)
    assert.deepEqual(by('DICOMStudyDateAndTime', 'ASC'), [2, 4, 3, 0, 1, 5])
    assert.deepEqual(by('DICOMStudyDateAndTime', 'DESC'), [0, 3, 2, 4, 1, 5])
    assert.deepEqual(by('updatedAt', 'ASC'), [2, 0, 1, 4, 5, 3])
    assert.deepEqual(by('updatedAt', 'DESC'), [3, 5, 0, 1, 4, 2])
    assert.deepEqual(by('createdAt', 'DESC'), [0, 1, 2, 3, 4, 5])
  })
})
