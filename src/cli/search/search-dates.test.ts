import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { OperatorError } from '../../server/operator-error.ts'
import { parseDateRange } from './search-dates.ts'

/** 1 March after a leap day, late in the evening, local time. */
const now = new Date(2024, 2, 1, 23, 30)

const rangeOf = (text: string) => {
  const { from, to } = parseDateRange(text, { option: '--created', now })
  return [from, to].map((moment) => moment && `${moment.date} ${moment.time}${moment.zone}`)
}

const START = '00:00:00.000000'
const END = '23:59:59.999999'

describe('a range of dates', () => {
  test('includes the whole last day, in every spelling', () => {
    for (const text of ['20240101..20240131', '2024-01-01..2024-01-31', '20240101..2024-01-31']) {
      assert.deepEqual(rangeOf(text), [`2024-01-01 ${START}`, `2024-01-31 ${END}`])
    }
  })

  test('may be open at one end', () => {
    assert.deepEqual(rangeOf('20240101..'), [`2024-01-01 ${START}`, undefined])
    assert.deepEqual(rangeOf('..20240101'), [undefined, `2024-01-01 ${END}`])
  })

  test('of a single day is that day', () => {
    assert.deepEqual(rangeOf('20240229'), [`2024-02-29 ${START}`, `2024-02-29 ${END}`])
    assert.deepEqual(rangeOf('today'), [`2024-03-01 ${START}`, `2024-03-01 ${END}`])
    assert.deepEqual(rangeOf('yesterday'), [`2024-02-29 ${START}`, `2024-02-29 ${END}`])
  })

  test('counts days back from today, across months, leap days and years', () => {
    assert.deepEqual(rangeOf('-7d'), [`2024-02-23 ${START}`, `2024-03-01 ${END}`])
    assert.deepEqual(rangeOf('-2d..-1d'), [`2024-02-28 ${START}`, `2024-02-29 ${END}`])
    assert.deepEqual(rangeOf('-366d..'), [`2023-03-01 ${START}`, undefined])
    assert.deepEqual(rangeOf('-0d..today'), rangeOf('today'))
  })

  test('includes the whole minute or second of its upper bound', () => {
    assert.deepEqual(rangeOf('2024-01-01T08:00..2024-01-01T12:30'), [
      '2024-01-01 08:00:00.000000',
      '2024-01-01 12:30:59.999999',
    ])
    assert.deepEqual(rangeOf('2024-01-01T08:00:05..2024-01-01T12:30:07.25'), [
      '2024-01-01 08:00:05.000000',
      '2024-01-01 12:30:07.250000',
    ])
    assert.deepEqual(rangeOf('2024-01-01T08:00:05'), ['2024-01-01 08:00:05.000000', '2024-01-01 08:00:05.999999'])
    assert.deepEqual(rangeOf('2024-01-01T08:00Z..2024-01-01T08:00-05:30'), [
      '2024-01-01 08:00:00.000000Z',
      '2024-01-01 08:00:59.999999-05:30',
    ])
  })

  test('that is invalid is refused with the option, the word and examples', () => {
    const refused = [
      '',
      '..',
      'tomorrow',
      '2024',
      '20230229',
      '20241301',
      '20240100',
      '2024-01-01T24:00',
      '2024-01-01T12:60',
      '2024-01-01T12:00:60',
      '2024-01-01 12:00',
      '20240101...20240102',
      '20240101..20240102..',
      '-d',
      '-7',
      '-7w',
      '20240101-20240131',
      '٢٠٢٤٠١٠١',
    ]
    for (const text of refused) {
      assert.throws(
        () => rangeOf(text),
        (error) =>
          error instanceof OperatorError &&
          error.exitCode === 2 &&
          /^--created does not understand '.*'\. It takes a day or a range, such as 20240131/.test(error.message),
        text,
      )
    }
  })
})
