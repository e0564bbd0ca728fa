import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultOfTags, isShortened, lockOf } from './object-lock.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')
const DAY_MS = 86_400_000

test('a legal hold locks until its tag is removed, and has one value', () => {
  assert.equal(faultOfTags({ 'hilum:legal-hold': 'on', ward: 'off' }, NOW), undefined)
  for (const value of ['', 'off', 'ON', 'true']) {
    assert.match(
      faultOfTags({ 'hilum:legal-hold': value }, NOW)!,
      /must have the value on\. To end a legal hold, remove the tag/,
    )
  }
  assert.equal(lockOf({ 'hilum:legal-hold': 'on' }, NOW + 1e15), 'under legal hold (tag hilum:legal-hold)')
})

test('a retention locks until its time, and includes its day', () => {
  const day = { 'hilum:retain-until': '2026-06-03' }
  assert.equal(lockOf(day, NOW), 'retained until 2026-06-03 (tag hilum:retain-until)')
  assert.ok(lockOf(day, Date.parse('2026-06-03T23:59:59.999Z')))
  assert.equal(lockOf(day, Date.parse('2026-06-04T00:00:00Z')), undefined)
  const time = { 'hilum:retain-until': '2026-06-03T10:30:00+02:00' }
  assert.ok(lockOf(time, Date.parse('2026-06-03T08:29:59Z')))
  assert.equal(lockOf(time, Date.parse('2026-06-03T08:30:00Z')), undefined)
  assert.equal(lockOf({}, NOW), undefined)
})

test('a time of a retention is a day or a time with an offset, of at most a hundred years', () => {
  for (const value of ['2026-06-03', '2024-02-29', '2026-06-03T10:30Z', '2026-06-03T10:30:00.5-05:00', '2000-01-01']) {
    assert.equal(faultOfTags({ 'hilum:retain-until': value }, NOW), undefined, value)
  }
  for (const value of [
    '',
    'tomorrow',
    '2026-6-3',
    '2026-02-30',
    '2023-02-29',
    '20260603',
    '2026-06-03T10:30:00',
    '2026-13-01',
    '2026-06-03T25:00Z',
  ]) {
    assert.match(faultOfTags({ 'hilum:retain-until': value }, NOW)!, /must be a day such as 2036-12-31/, value)
  }
  assert.match(faultOfTags({ 'hilum:retain-until': '2999-01-01' }, NOW)!, /in the next 100 years/)
})

test('other tags of the reserved prefix are refused, in any case', () => {
  for (const key of ['hilum:hold', 'Hilum:legal-hold', 'hilum:', 'HILUM:RETAIN-UNTIL']) {
    assert.match(faultOfTags({ [key]: 'on' }, NOW)!, /Tags that begin with hilum: are reserved/, key)
  }
  assert.equal(faultOfTags({ hilum: 'x', 'my-hilum:x': 'y' }, NOW), undefined)
})

test('a retention that lasts can be extended and not shortened', () => {
  const of = (day: string) => ({ 'hilum:retain-until': day })
  const from = of('2026-07-01')
  assert.equal(isShortened({ from, to: of('2026-06-30'), now: NOW }), true)
  assert.equal(isShortened({ from, to: of('2026-07-01'), now: NOW }), false)
  assert.equal(isShortened({ from, to: of('2026-07-02'), now: NOW }), false)
  assert.equal(isShortened({ from, to: { ward: '7' }, now: NOW }), false)
  assert.equal(isShortened({ from, to: of('2026-06-30'), now: NOW + 60 * DAY_MS }), false, 'it has ended')
  assert.equal(isShortened({ from: {}, to: of('2026-06-30'), now: NOW }), false)
})
