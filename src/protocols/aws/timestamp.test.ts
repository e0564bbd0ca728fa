import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseTimestamp, timestampText } from './timestamp.ts'

test('timestamps are parsed in every form that SDKs and other clients send', () => {
  const times: [wire: unknown, milliseconds: number][] = [
    [1701700800, 1701700800000],
    [1701700800.123, 1701700800123],
    [1.701700800123e9, 1701700800123],
    // The AWS SDK for C++ sends up to seven fractional digits.
    [1795507732.2007775, 1795507732200.778],
    [-1.5, -1500],
    [0, 0],
    ['1701700800.123', 1701700800123],
    ['1.7017008E9', 1701700800000],
    ['1985-04-12T23:20:50.52Z', 482196050520],
    ['2024-03-11T15:00:05.074000-07:00', 1710194405074],
    ['2024-03-11T15:00:05+0130', 1710163805000],
    ['2024-02-29T23:59:59.999999Z', 1709251199999.999],
    ['0001-01-01T00:00:00Z', -62135596800000],
  ]
  for (const [wire, milliseconds] of times) assert.equal(parseTimestamp(wire), milliseconds, String(wire))
})

test('an invalid timestamp is not parsed', () => {
  const others: unknown[] = [
    '',
    'now',
    'NaN',
    'Infinity',
    '0x10',
    ' 1 ',
    '1e400',
    1e13,
    '2024-03-11',
    '2024-03-11T15:00:05',
    '2023-02-29T00:00:00Z',
    '2024-13-01T00:00:00Z',
    '2024-00-01T00:00:00Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T00:60:00Z',
    '2024-01-01T00:00:60Z',
    '2024-01-01T00:00:00+24:00',
    'Mon, 11 Mar 2024 15:00:05 GMT',
    '9'.repeat(10_000),
    true,
    {},
    [1],
  ]
  for (const other of others) assert.equal(parseTimestamp(other), undefined, String(other).slice(0, 40))
})

test('a written timestamp is a plain JSON number, and parses to the same millisecond', () => {
  assert.equal(timestampText(1700000000123), '1700000000.123')
  assert.equal(timestampText(1700000000000), '1700000000')
  fc.assert(
    fc.property(fc.integer({ min: -62135596800000, max: 253402300799999 }), (milliseconds) => {
      assert.match(timestampText(milliseconds), /^-?\d+(\.\d{1,3})?$/)
      assert.equal(parseTimestamp(JSON.parse(timestampText(milliseconds))), milliseconds)
    }),
    { seed: 1, numRuns: 5000 },
  )
})
