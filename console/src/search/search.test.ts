/** Searches as requests and as URL fragments. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ALL_IMAGE_SETS, criteriaOf, fragmentOf, type Search, searchError, searchOf } from './search.ts'

const NOW = new Date(2024, 2, 31, 10, 20, 30)

describe('the request', () => {
  test('a series and a date range become the two documented filters', () => {
    const search: Search = {
      ...ALL_IMAGE_SETS,
      property: 'series',
      value: '1.2.3',
      range: { type: 'absolute', from: '2024-01-01T00:00:00+01:00', to: '2024-01-02T23:59:59+01:00' },
    }
    assert.deepEqual(criteriaOf(search, NOW), {
      filters: [
        { operator: 'EQUAL', values: [{ DICOMSeriesInstanceUID: '1.2.3' }] },
        {
          operator: 'BETWEEN',
          values: [
            { updatedAt: new Date('2023-12-31T23:00:00.000Z') },
            { updatedAt: new Date('2024-01-02T22:59:59.999Z') },
          ],
        },
      ],
      sort: { sortField: 'updatedAt', sortOrder: 'DESC' },
    })
  })

  test('a range of study dates has no time zone and includes its last second', () => {
    const search: Search = {
      ...ALL_IMAGE_SETS,
      rangeProperty: 'studyDate',
      range: { type: 'absolute', from: '2024-01-01T08:30:00', to: '2024-01-31T23:59:59' },
    }
    assert.deepEqual(criteriaOf(search, NOW).filters?.[0]?.values, [
      { DICOMStudyDateAndTime: { DICOMStudyDate: '20240101', DICOMStudyTime: '083000.000000' } },
      { DICOMStudyDateAndTime: { DICOMStudyDate: '20240131', DICOMStudyTime: '235959.999999' } },
    ])
  })

  test('relative ranges follow the local calendar', () => {
    const boundsOf = (amount: number, unit: 'hour' | 'day' | 'week' | 'month' | 'year') => {
      const search: Search = { ...ALL_IMAGE_SETS, rangeProperty: 'created', range: { type: 'relative', amount, unit } }
      return criteriaOf(search, NOW).filters![0]!.values!.map((value) => (value as { createdAt: Date }).createdAt)
    }
    const endOfToday = new Date(2024, 2, 31, 23, 59, 59, 999)
    assert.deepEqual(boundsOf(2, 'hour'), [new Date(2024, 2, 31, 8, 20, 30), endOfToday])
    assert.deepEqual(boundsOf(7, 'day'), [new Date(2024, 2, 24), endOfToday])
    assert.deepEqual(boundsOf(1, 'week'), [new Date(2024, 2, 24), endOfToday])
    assert.deepEqual(boundsOf(1, 'month'), [new Date(2024, 1, 29), endOfToday])
    assert.deepEqual(boundsOf(1, 'year'), [new Date(2023, 2, 31), endOfToday])
  })

  test('primary is a boolean', () => {
    const search: Search = { ...ALL_IMAGE_SETS, property: 'primary', value: 'false' }
    assert.deepEqual(criteriaOf(search, NOW).filters, [{ operator: 'EQUAL', values: [{ isPrimary: false }] }])
  })

  test('an invalid value has an error message', () => {
    assert.match(searchError({ ...ALL_IMAGE_SETS, property: 'study', value: '1.2.' })?.message ?? '', /period/)
    assert.match(searchError({ ...ALL_IMAGE_SETS, property: 'patient', value: '' })?.message ?? '', /Enter a value/)
    assert.equal(searchError(ALL_IMAGE_SETS), undefined)
  })
})

describe('the fragment', () => {
  const searches: readonly Search[] = [
    ALL_IMAGE_SETS,
    { ...ALL_IMAGE_SETS, property: 'series', value: '1.2.3', range: { type: 'relative', amount: 7, unit: 'day' } },
    {
      ...ALL_IMAGE_SETS,
      property: 'patient',
      value: 'Ä & =#?%+ 1',
      sort: { sortField: 'createdAt', sortOrder: 'ASC' },
    },
    {
      ...ALL_IMAGE_SETS,
      property: 'primary',
      value: 'true',
      rangeProperty: 'studyDate',
      range: { type: 'relative', amount: 1, unit: 'month' },
    },
    {
      ...ALL_IMAGE_SETS,
      rangeProperty: 'created',
      range: { type: 'absolute', from: '2024-01-01T00:00:00-05:30', to: '2024-01-02T00:00:00+00:00' },
      sort: { sortField: 'DICOMStudyDateAndTime', sortOrder: 'DESC' },
    },
    {
      ...ALL_IMAGE_SETS,
      property: 'patient',
      value: 'P 1',
      words: [
        { attribute: 'PatientName', text: 'mül & =#?%+ an*' },
        { attribute: 'Modality', text: 'CT' },
        { attribute: 'PatientName', text: '山田' },
      ],
    },
  ]
  test('is parsed to the same search', () => {
    for (const search of searches) assert.deepEqual(searchOf(fragmentOf(search)), { search, invalidParameters: [] })
  })

  test('is empty for all image sets', () => {
    assert.equal(fragmentOf(ALL_IMAGE_SETS), '')
  })

  test('with invalid parameters keeps the valid ones and reports the others', () => {
    const { search, invalidParameters } = searchOf(
      'patient=1&patient=2&modality=CT&updated=yesterday&created=2024-02-02T00:00:00..2024-01-01T00:00:00&sort=name.asc&primary=yes',
    )
    assert.deepEqual(search, { ...ALL_IMAGE_SETS, property: 'patient', value: '1' })
    assert.deepEqual(invalidParameters, ['patient', 'modality', 'updated', 'created', 'sort', 'primary'])
  })
})
