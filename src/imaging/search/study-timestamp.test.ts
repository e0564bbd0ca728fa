/** Study timestamps (PS3.5 6.2, DA and TM), strict for a search and lenient for a file. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { studyTimestamp } from './study-timestamp.ts'

const strict = (date: string | null | undefined, time?: string | null) => studyTimestamp(date, time, { strict: true })
const lenient = (date: string | null | undefined, time?: string | null) => studyTimestamp(date, time, { strict: false })
const micros = (...parts: Parameters<typeof Date.UTC>) => Date.UTC(...parts) * 1_000

describe('a date and a time', () => {
  for (const [date, time, expected] of [
    ['19700101', undefined, 0],
    ['19700101', '', 0],
    ['19700101', null, 0],
    ['19700101', '000000', 0],
    ['20260401', '10', micros(2026, 3, 1, 10)],
    ['20260401', '1015', micros(2026, 3, 1, 10, 15)],
    ['20260401', '101500', micros(2026, 3, 1, 10, 15)],
    ['20260401', '101500.0', micros(2026, 3, 1, 10, 15)],
    ['20260401', '101500.000001', micros(2026, 3, 1, 10, 15) + 1],
    ['20260401', '101500.1', micros(2026, 3, 1, 10, 15) + 100_000],
    ['20260401', '235959.999999', micros(2026, 3, 2) - 1],
    ['20240229', undefined, micros(2024, 1, 29)],
    ['19691231', '235959.999999', -1],
    ['20161231', '235960', micros(2017, 0, 1)],
  ] as const) {
    test(`${date} ${time} is ${expected} for a search and in a file`, () => {
      assert.equal(strict(date, time), expected)
      assert.equal(lenient(date, time), expected)
    })
  }

  for (const date of [
    undefined,
    null,
    '',
    '2026041',
    '202604011',
    '20260230',
    '20230229',
    '20261301',
    '20260100',
    '2026-04-01',
    ' 20260401',
    '２０２６０４０１',
  ]) {
    test(`${JSON.stringify(date)} is no date, with any time`, () => {
      assert.equal(strict(date), undefined)
      assert.equal(lenient(date, '101500'), undefined)
    })
  }

  for (const time of [
    '1',
    '101',
    '10150',
    '24',
    '1060',
    '101561',
    '101500.',
    '101500.1234567',
    '10.5',
    'abc',
    '-1',
    '10 ',
  ]) {
    test(`${JSON.stringify(time)} is no time: invalid in a search, the start of the day in a file`, () => {
      assert.equal(strict('20260401', time), undefined)
      assert.equal(lenient('20260401', time), micros(2026, 3, 1))
    })
  }

  test('ACR-NEMA forms are valid in a file and invalid in a search', () => {
    assert.equal(lenient('2026.04.01', '10:15:00.5'), micros(2026, 3, 1, 10, 15) + 500_000)
    assert.equal(lenient('2026.04.01', '10:15'), micros(2026, 3, 1, 10, 15))
    assert.equal(strict('2026.04.01'), undefined)
    assert.equal(strict('20260401', '10:15:00'), undefined)
  })

  test('a year before 100 is that year', () => {
    assert.ok(strict('00990101')! < strict('01000101')!)
    assert.ok(strict('00010101')! < strict('00990101')!)
  })
})

test('timestamps are ordered as their texts', () => {
  const digits = (width: number, max: number) =>
    fc.integer({ min: 0, max }).map((value) => String(value).padStart(width, '0'))
  const date = fc
    .tuple(fc.integer({ min: 1800, max: 2200 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
    .map(([year, month, day]) => `${year}${String(month).padStart(2, '0')}${String(day).padStart(2, '0')}`)
  const time = fc
    .tuple(digits(2, 23), digits(2, 59), digits(2, 59), digits(6, 999_999))
    .map(([h, m, s, f]) => `${h}${m}${s}.${f}`)
  const instant = fc.tuple(date, time)
  fc.assert(
    fc.property(instant, instant, (a, b) => {
      const byText = Math.sign(a.join() < b.join() ? -1 : a.join() > b.join() ? 1 : 0)
      assert.equal(Math.sign(strict(...a)! - strict(...b)!), byText)
    }),
    { seed: 20260401, numRuns: 2_000 },
  )
})
