import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { OperatorError } from '../../server/operator-error.ts'
import { parseCriteria } from './criteria-json.ts'

const complaint = (json: string): string => {
  try {
    parseCriteria(json)
  } catch (error) {
    assert.ok(error instanceof OperatorError)
    assert.equal(error.exitCode, 2)
    return error.message
  }
  return assert.fail('it was accepted')
}

describe('criteria as JSON', () => {
  test('are those of the API, with times as Date', () => {
    const filter = (...values: object[]) => ({ operator: 'BETWEEN', values })
    const sort = { sortField: 'createdAt', sortOrder: 'ASC' }
    const study = { DICOMStudyDateAndTime: { DICOMStudyDate: '20240101', DICOMStudyTime: '10' } }
    const json = {
      filters: [filter({ createdAt: '2024-01-01T00:00:00Z' }, { createdAt: 1704067200.5 }), filter(study, study)],
      sort,
    }
    assert.deepEqual(parseCriteria(JSON.stringify(json)), {
      filters: [
        filter({ createdAt: new Date('2024-01-01T00:00:00Z') }, { createdAt: new Date('2024-01-01T00:00:00.500Z') }),
        filter(study, study),
      ],
      sort,
    })
    assert.deepEqual(parseCriteria('{}'), {})
  })

  test('with a mistyped member are refused, since the SDK would search without it', () => {
    assert.equal(complaint('{"filter":[]}'), '--criteria has an unknown member; did you mean filters?')
    assert.match(
      complaint('{"filters":[{"values":[{"PatientName":"x"}]}]}'),
      /^--criteria\.filters\[0\]\.values\[0\] has an/,
    )
    assert.match(complaint('{"__proto__":{}}'), /unknown member/)
  })

  test('of the wrong type are refused with the path, and without their values', () => {
    for (const [json, message] of [
      ['SECRET', '--criteria is not JSON.'],
      ['["SECRET"]', '--criteria must be an object.'],
      ['{"filters":"SECRET"}', '--criteria.filters must be a list.'],
      [
        '{"filters":[{"values":[{"isPrimary":"SECRET"}]}]}',
        '--criteria.filters[0].values[0].isPrimary must be a boolean.',
      ],
      ['{"sort":{"sortField":1}}', '--criteria.sort.sortField must be a string.'],
    ] as const) {
      assert.equal(complaint(json), message)
    }
    for (const time of ['SECRET', '2024-01-01', '2024-13-01T00:00:00Z', '2024-01-01T00:00:00', true]) {
      const text = complaint(JSON.stringify({ filters: [{ values: [{ createdAt: time }] }] }))
      assert.match(
        text,
        /^--criteria\.filters\[0\]\.values\[0\]\.createdAt must be a time such as "2024-01-31T10:15:00Z"/,
      )
    }
  })
})
