import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SearchCriteria } from '../../contract/image-sets.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { CRITERIA_FLAGS, criteriaOf } from './search-criteria.ts'

const now = new Date(2024, 2, 1, 23, 30)
const criteria = (flags: Record<string, string | boolean>) => criteriaOf(flags, { now })
const complaint = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof OperatorError)
    assert.equal(error.exitCode, 2)
    return error.message
  }
  return assert.fail('it was accepted')
}

describe('the options of a search', () => {
  test('without any match everything', () => {
    assert.equal(criteria({ datastore: 'demo', json: true }), undefined)
  })

  test('compare texts and isPrimary with EQUAL', () => {
    const filters = (flags: Record<string, string | boolean>) => criteria(flags)?.filters
    const equal = (value: object) => [{ operator: 'EQUAL', values: [value] }]
    assert.deepEqual(filters({ patient: 'P 1' }), equal({ DICOMPatientId: 'P 1' }))
    assert.deepEqual(filters({ accession: '' }), equal({ DICOMAccessionNumber: '' }))
    assert.deepEqual(filters({ 'study-id': '7' }), equal({ DICOMStudyId: '7' }))
    assert.deepEqual(filters({ study: '1.2' }), equal({ DICOMStudyInstanceUID: '1.2' }))
    assert.deepEqual(filters({ series: '1.3' }), equal({ DICOMSeriesInstanceUID: '1.3' }))
    assert.deepEqual(filters({ primary: true }), equal({ isPrimary: true }))
    assert.deepEqual(filters({ 'not-primary': true }), equal({ isPrimary: false }))
  })

  test('compare study dates in local time, including the whole last day', () => {
    assert.deepEqual(criteria({ 'study-date': '20240101..20240131' })?.filters, [
      {
        operator: 'BETWEEN',
        values: [
          { DICOMStudyDateAndTime: { DICOMStudyDate: '20240101', DICOMStudyTime: '000000.000000' } },
          { DICOMStudyDateAndTime: { DICOMStudyDate: '20240131', DICOMStudyTime: '235959.999999' } },
        ],
      },
    ])
  })

  test('compare created and updated as instants, in local time or in the given zone', () => {
    assert.deepEqual(criteria({ created: '20240101..2024-01-01T09:30' })?.filters?.[0]?.values, [
      { createdAt: new Date(2024, 0, 1) },
      { createdAt: new Date(2024, 0, 1, 9, 30, 59, 999) },
    ])
    assert.deepEqual(criteria({ updated: '2024-01-01T00:00+02:00..2024-01-01T00:00:00.5Z' })?.filters?.[0]?.values, [
      { updatedAt: new Date('2023-12-31T22:00:00Z') },
      { updatedAt: new Date('2024-01-01T00:00:00.500Z') },
    ])
  })

  test('replace an open end by a bound beyond every image set', () => {
    const [from, to] = criteria({ created: '20240101..' })!.filters![0]!.values!
    assert.ok(from!.createdAt! < to!.createdAt! && to!.createdAt!.getUTCFullYear() === 9999)
    assert.deepEqual(criteria({ 'study-date': '..20240101' })?.filters?.[0]?.values?.[0], {
      DICOMStudyDateAndTime: { DICOMStudyDate: '00010101' },
    })
    assert.equal(criteria({ updated: '..20240101' })?.filters?.[0]?.values?.[0]?.updatedAt?.getTime(), 0)
  })

  test('sort, newest first by default', () => {
    assert.deepEqual(criteria({ sort: 'studyDate' }), {
      sort: { sortField: 'DICOMStudyDateAndTime', sortOrder: 'DESC' },
    })
    assert.deepEqual(criteria({ sort: 'created', asc: true })?.sort, { sortField: 'createdAt', sortOrder: 'ASC' })
    assert.deepEqual(criteria({ asc: true })?.sort, { sortField: 'updatedAt', sortOrder: 'ASC' })
  })

  test('combine two filters; the API does not allow three', () => {
    assert.equal(criteria({ patient: 'P', created: 'today' })?.filters?.length, 2)
    assert.equal(
      complaint(() => criteria({ primary: true, patient: 'SECRET', 'study-date': 'today' })),
      'The API takes at most two filters in one search, and these are 3: --patient, --study-date, --primary. Leave some out.',
    )
  })

  test('that contradict each other are refused', () => {
    assert.match(
      complaint(() => criteria({ primary: true, 'not-primary': true })),
      /--primary and --not-primary contra/,
    )
    assert.match(
      complaint(() => criteria({ asc: true, desc: true })),
      /--asc and --desc contradict/,
    )
    for (const flag of ['study-date', 'created', 'updated']) {
      assert.match(
        complaint(() => criteria({ [flag]: '20240102..20240101' })),
        /ends before it begins/,
      )
    }
    assert.match(
      complaint(() => criteria({ 'study-date': '2024-01-01T00:00Z..' })),
      /study dates have none/,
    )
    assert.equal(
      complaint(() => criteria({ sort: 'study-date' })),
      "--sort does not know 'study-date'. Did you mean 'studyDate'?",
    )
    assert.match(
      complaint(() => criteria({ sort: 'constructor' })),
      /It takes studyDate, created, updated/,
    )
  })

  test('cover every attribute of the API', () => {
    const attributes = CRITERIA_FLAGS.flatMap((flag) => {
      const filters = criteriaOf(
        { [flag]: /primary$|sc$/.test(flag) ? true : flag === 'sort' ? 'created' : 'today' },
        { now },
      )?.filters
      return Object.keys(filters?.[0]?.values?.[0] ?? {})
    })
    const { item } = SearchCriteria.members.filters.shape
    assert.deepEqual([...new Set(attributes)].sort(), Object.keys(item.members.values.item.members).sort())
  })
})
