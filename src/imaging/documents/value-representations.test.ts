/** Which values fit their VR (PS3.5 table 6.2-1). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DICTIONARY_ENTRIES } from '../../dicom/dictionary-entries.ts'
import type { Json } from './strict-json.ts'
import { fitsVR, isVR } from './value-representations.ts'

const x = (count: number): string => 'x'.repeat(count)

const TABLE: Readonly<Record<string, { readonly fits: readonly Json[]; readonly not: readonly Json[] }>> = {
  AE: { fits: ['STORE SCP', x(16)], not: [x(17), 'A\\B', 'Ä', 'a\tb', 5] },
  AS: { fits: ['018M', '099Y'], not: ['18M', '018m', '018', 18] },
  AT: { fits: ['00100010'], not: ['0010001', '0010000g', '001000aa'] },
  CS: { fits: ['AXIAL', 'A_1 2', x(16).toUpperCase()], not: ['axial', 'A-B', x(17).toUpperCase()] },
  DA: { fits: ['20240229'], not: ['20230229', '2024.02.29', '2024', '20240101-20240102'] },
  DS: { fits: ['1', '-1.5e3', ' +.5 ', '120 ', '1.'], not: ['1,5', '', 'e5', '1.23456789012345678', '1e999', 1] },
  DT: {
    fits: ['2024', '202402', '20240229', '2024022923', '20240229235959.123456+0100', '2024-0500'],
    not: ['24', '20230229', '2024022924', '20240229235959.1234567', '2024+1', '20240101+1500'],
  },
  FD: { fits: [0.1, -1e308, 5, 'NaN', 'inf', '-inf', 2n ** 60n], not: ['0.1', 'nan', 'Infinity'] },
  FL: { fits: [0.1, 3.4e38], not: [3.5e38, '0.1'] },
  IS: { fits: ['5', '-2147483648', '+7 ', '2147483647'], not: ['2147483648', '1.5', '1234567890123', 5] },
  LO: { fits: [x(64), 'Ünïcödé', '😀'.repeat(64)], not: [x(65), 'A\\B', 'a\nb', '😀'.repeat(65), 5] },
  LT: { fits: [x(10_240), 'a\r\nb\\c\t'], not: [x(10_241), 'a\0b', '\u001b'] },
  OB: { fits: ['AAE=', ''], not: ['AAE', 'A===', '%%%%', 5] },
  OD: { fits: [Buffer.alloc(16).toString('base64')], not: ['AAE='] },
  OF: { fits: ['AAAAAA=='], not: ['AAE='] },
  OL: { fits: ['AAAAAA=='], not: ['AAE='] },
  OV: { fits: [Buffer.alloc(8).toString('base64')], not: ['AAAAAA=='] },
  OW: { fits: ['AAE='], not: ['AA=='] },
  PN: {
    fits: ['DOE^JANE', 'Yamada^Tarou=山田^太郎=やまだ^たろう', 'a^b^c^d^e', x(64)],
    not: ['a^b^c^d^e^f', 'a=b=c=d', x(65), 'a\\b', 'a\u0000'],
  },
  SH: { fits: [x(16)], not: [x(17), 'A\\B'] },
  SL: { fits: [-2147483648, 2147483647], not: [2147483648, 0.5, '5'] },
  SS: { fits: [-32768, 32767], not: [-32769, 32768] },
  ST: { fits: [x(1024), 'a\nb'], not: [x(1025)] },
  SV: { fits: [-(2n ** 63n), 2n ** 63n - 1n, 5], not: [2n ** 63n] },
  TM: { fits: ['10', '1015', '101560', '101530.123456'], not: ['24', '1060', '10:15', '101530.1234567', '1'] },
  UC: { fits: [x(100_000)], not: ['A\\B'] },
  UI: { fits: ['1.2.840', '0', '2.25.0'], not: ['1..2', '1.02', '1.2.', `1.${'2'.repeat(63)}`, 'a'] },
  UL: { fits: [0, 4294967295], not: [-1, 4294967296] },
  UN: { fits: ['AAE='], not: ['text!'] },
  UR: { fits: ['https://example.org/a?b=c'], not: ['a b', 'ä'] },
  US: { fits: [0, 65535], not: [-1, 65536, 1.5, '5'] },
  UT: { fits: [x(100_000), 'a\\b\n'], not: ['\0'] },
  UV: { fits: [0, 2n ** 64n - 1n], not: [2n ** 64n, -1] },
}

for (const [vr, { fits, not }] of Object.entries(TABLE)) {
  test(`${vr} accepts fitting values, null and lists of them, and nothing else`, () => {
    for (const value of fits) assert.ok(fitsVR(value, [vr]), `${typeof value} ${String(value).slice(0, 40)}`)
    for (const value of not) assert.ok(!fitsVR(value, [vr]), `${typeof value} ${String(value).slice(0, 40)}`)
    assert.ok(fitsVR(null, [vr]))
    assert.ok(fitsVR([...fits, null], [vr]))
    assert.ok(!fitsVR([...fits, ...not], [vr]))
  })
}

test('one of several VRs must fit all values', () => {
  assert.ok(fitsVR(-1, ['US', 'SS']))
  assert.ok(fitsVR([65535, 0], ['US', 'SS']))
  assert.ok(!fitsVR([65535, -1], ['US', 'SS']))
})

test('an empty value in a list fits text VRs with several values, and no numeric VR', () => {
  assert.ok(fitsVR(['0.5', ''], ['DS']))
  assert.ok(fitsVR(['1.2.840', ''], ['UI']))
  assert.ok(!fitsVR([5, ''], ['US']))
  assert.ok(!fitsVR([0.5, ''], ['FD']))
  assert.ok(!fitsVR(['00100010', ''], ['AT']))
})

test('every VR of the dictionary is known, and nothing else', () => {
  const vrs = new Set(
    [...DICTIONARY_ENTRIES.matchAll(/\|[0-9A-Fx]{4} ([A-Z/]+) /g)].flatMap(([, vr]) => vr!.split('/')),
  )
  assert.ok(vrs.size > 25)
  for (const vr of vrs) assert.ok(isVR(vr), vr)
  for (const word of ['XX', 'constructor', '', 'lo']) assert.ok(!isVR(word))
})

test('a value of millions of characters is checked quickly', () => {
  const started = performance.now()
  for (const vr of Object.keys(TABLE)) {
    for (const value of [`${' '.repeat(2_000_000)}x`, '1'.repeat(2_000_000), 'A'.repeat(2_000_000)]) fitsVR(value, [vr])
  }
  assert.ok(performance.now() - started < 60_000)
})
