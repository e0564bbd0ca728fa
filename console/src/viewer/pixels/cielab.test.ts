/** CIELab values of DICOM, compared with published values of sRGB colors in CIELab of D50. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rgbOfCIELab } from './cielab.ts'

/** PS3.3 C.10.7.1.1. */
const encoded = ([l, a, b]: readonly [number, number, number]) => [
  Math.round((l / 100) * 65_535),
  Math.round(((a + 128) / 255) * 65_535),
  Math.round(((b + 128) / 255) * 65_535),
]

test('colors have the sRGB values of other programs', () => {
  for (const [lab, rgb] of [
    [
      [100, 0, 0],
      [255, 255, 255],
    ],
    [
      [0, 0, 0],
      [0, 0, 0],
    ],
    [
      [54.29, 80.81, 69.89],
      [255, 0, 0],
    ],
    [
      [87.82, -79.29, 80.99],
      [0, 255, 0],
    ],
    [
      [29.57, 68.3, -112.03],
      [0, 0, 255],
    ],
    [
      [53.39, 0, 0],
      [127, 127, 127],
    ],
  ] as const) {
    const found = rgbOfCIELab(encoded(lab))!
    for (const [channel, value] of rgb.entries()) {
      assert.ok(Math.abs(found[channel]! - value) <= 2, `${lab}: ${found} instead of ${rgb}`)
    }
  }
})

test('a value that is not three numbers has no color', () => {
  assert.equal(rgbOfCIELab(undefined), undefined)
  assert.equal(rgbOfCIELab([1, 2]), undefined)
})
