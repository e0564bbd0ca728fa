/** Lengths, angles, areas and statistics, compared with values that are computed by hand or in another way. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodedOf, imageOf } from '../viewer.fixture.ts'
import { calibrationOf } from './calibration.ts'
import { angleOf, lengthOf, resultsOf, type ShapeKind, statisticsOf, unitOf } from './shapes.ts'

const at = (x: number, y: number) => ({ x, y })
const shape = (kind: ShapeKind, ...points: { x: number; y: number }[]) => ({ kind, points, image: 'f' })
const CT = { Modality: 'CT', RescaleSlope: '2', RescaleIntercept: '-1000', PixelSpacing: ['0.5', '0.25'] }

describe('the calibration', () => {
  test('is in mm from PixelSpacing, whose first value is the distance of rows', () => {
    const calibration = calibrationOf(imageOf({ PixelSpacing: ['3', '4'] }), [])
    assert.equal(lengthOf(at(0, 0), at(1, 1), calibration), 5)
    assert.deepEqual(calibration, { perColumn: 4, perRow: 3, unit: 'mm', place: '' })
  })

  test('from ImagerPixelSpacing says that it is at the detector', () => {
    const detector = { perColumn: 0.2, perRow: 0.1, unit: 'mm', place: 'at the detector' }
    const ImagerPixelSpacing = ['0.1', '0.2']
    assert.deepEqual(calibrationOf(imageOf({ ImagerPixelSpacing }), []), detector)
    assert.deepEqual(calibrationOf(imageOf({ ImagerPixelSpacing, PixelSpacing: ['0.10', '0.20'] }), []), detector)
    const calibrated = { ImagerPixelSpacing, PixelSpacing: ['0.1', '0.2'], PixelSpacingCalibrationType: 'FIDUCIAL' }
    assert.equal(calibrationOf(imageOf(calibrated), []).place, '')
    assert.equal(calibrationOf(imageOf({ ImagerPixelSpacing, PixelSpacing: ['0.05', '0.1'] }), []).place, '')
    assert.deepEqual(resultsOf(shape('length', at(0, 0), at(100, 0)), imageOf({ ImagerPixelSpacing }), undefined), [
      '20.0 mm at the detector',
    ])
  })

  test('of an ultrasound image is that of the region which has all points', () => {
    const region = (minX: number, units: number, delta: number) => ({
      ...{ RegionSpatialFormat: 1, PhysicalUnitsXDirection: units, PhysicalUnitsYDirection: units },
      ...{ RegionLocationMinX0: minX, RegionLocationMaxX1: minX + 99, RegionLocationMinY0: 0, RegionLocationMaxY1: 99 },
      ...{ PhysicalDeltaX: delta, PhysicalDeltaY: -delta },
    })
    // The second one is in seconds.
    const image = imageOf({ SequenceOfUltrasoundRegions: [region(0, 3, 0.02), region(100, 4, 1)] })
    const length = (from: number, to: number) => resultsOf(shape('length', at(from, 5), at(to, 5)), image, undefined)
    assert.deepEqual(length(10, 60), ['10.0 mm'])
    assert.deepEqual(length(10, 150), ['140.0 px'])
    assert.deepEqual(length(110, 120), ['10.0 px'])
  })

  test('is in pixels without a spacing, with the aspect ratio of pixels', () => {
    const image = imageOf({ PixelAspectRatio: ['2', '1'] })
    assert.deepEqual(resultsOf(shape('length', at(0, 0), at(0, 10)), image, undefined), ['20.0 px'])
  })
})

test('lengths and angles of an oblique image are those between its points in the patient', () => {
  // PS3.3 C.7.6.2.1-1, with rows and columns that are turned about two axes, and pixels that are not square.
  const [sin, cos] = [Math.sin(0.7), Math.cos(0.7)]
  const row = [cos, sin, 0] as const
  const column = [-sin * 0.6, cos * 0.6, 0.8] as const
  const [perRow, perColumn] = [0.7, 0.3]
  const image = imageOf({
    ...{ PixelSpacing: [String(perRow), String(perColumn)], ImagePositionPatient: ['-31.5', '12', '88'] },
    ImageOrientationPatient: [...row, ...column].map(String),
  })
  const inPatient = ({ x, y }: { x: number; y: number }) =>
    [-31.5, 12, 88].map(
      (origin, axis) => origin + row[axis]! * perColumn * (x - 0.5) + column[axis]! * perRow * (y - 0.5),
    )
  const [a, b, c] = [at(4.2, 9.1), at(117.4, 63.8), at(20, 88.5)]
  const between = (from: typeof a, to: typeof a) => inPatient(to).map((value, axis) => value - inPatient(from)[axis]!)
  const calibration = calibrationOf(image, [])
  assert.ok(Math.abs(lengthOf(a, b, calibration) - Math.hypot(...between(a, b))) < 1e-9)
  const [arm, other] = [between(b, a), between(b, c)]
  const product = arm.reduce((sum, value, axis) => sum + value * other[axis]!, 0)
  const degrees = (Math.acos(product / (Math.hypot(...arm) * Math.hypot(...other))) * 180) / Math.PI
  assert.ok(Math.abs(angleOf([a, b, c], calibration) - degrees) < 1e-9)
})

test('an angle is measured in the patient, not in pixels', () => {
  const points = [at(10, 0), at(0, 0), at(10, 10)] as const
  assert.ok(Math.abs(angleOf(points, calibrationOf(imageOf({ PixelSpacing: ['1', '1'] }), [])) - 45) < 1e-9)
  // 60 degrees: rows are as far apart as tan 60.
  const tall = calibrationOf(imageOf({ PixelSpacing: [String(Math.sqrt(3)), '1'] }), [])
  assert.ok(Math.abs(angleOf(points, tall) - 60) < 1e-9)
  assert.deepEqual(resultsOf(shape('angle', at(0, 0), at(1, 1)), imageOf(), undefined), [])
  const reflex = [at(-10, -1), at(0, 0), at(-10, 1)] as const
  assert.ok(angleOf(reflex, calibrationOf(imageOf(), [])) < 12)
})

describe('statistics', () => {
  const [columns, rows] = [12, 9]
  const samples = Uint16Array.from({ length: columns * rows }, (_, index) => (index * 37) % 1_000)
  const decoded = decodedOf(samples, { columns, rows })
  const image = imageOf({ ...CT, Rows: rows, Columns: columns })
  const direct = (isInside: (x: number, y: number) => boolean) => {
    const values: number[] = []
    for (const [index, sample] of samples.entries())
      if (isInside((index % columns) + 0.5, Math.floor(index / columns) + 0.5)) values.push(sample * 2 - 1000)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
    return {
      count: values.length,
      mean,
      deviation: Math.sqrt(variance),
      min: Math.min(...values),
      max: Math.max(...values),
    }
  }
  const isNear = (a: object, b: object) => {
    for (const [name, value] of Object.entries(b))
      assert.ok(Math.abs((a as Record<string, number>)[name]! - value) < 1e-9, name)
  }

  test('of a rectangle are those of the pixels whose centers are inside, in the unit of the modality', () => {
    const drawn = shape('rectangle', at(7.6, 6), at(2.4, 1.2))
    const expected = direct((x, y) => x >= 2.4 && x <= 7.6 && y >= 1.2 && y <= 6)
    assert.equal(expected.count, 30)
    isNear(statisticsOf(drawn, image, decoded)!, expected)
    assert.deepEqual(resultsOf(drawn, image, decoded), [
      `Mean ${expected.mean.toFixed(1)} HU`,
      `SD ${expected.deviation.toFixed(1)} HU`,
      `${expected.min.toFixed(1)} to ${Math.abs(expected.max) >= 1_000 ? expected.max.toFixed(0) : expected.max.toFixed(1)} HU`,
      // 5.2 columns of 0.25 mm and 4.8 rows of 0.5 mm.
      'Area 3.1 mm²',
    ])
  })

  test('of an ellipse leave out its corners', () => {
    const drawn = shape('ellipse', at(1, 1), at(11, 8))
    isNear(
      statisticsOf(drawn, image, decoded)!,
      direct((x, y) => ((x - 6) / 5) ** 2 + ((y - 4.5) / 3.5) ** 2 <= 1),
    )
  })

  test('are cut at the edges of the image, and missing outside of it and for color', () => {
    const whole = statisticsOf(shape('rectangle', at(-50, -50), at(500, 500)), image, decoded)
    assert.equal(whole?.count, columns * rows)
    assert.equal(statisticsOf(shape('rectangle', at(-9, -9), at(-1, -1)), image, decoded), undefined)
    const colour = decodedOf(new Uint8Array(12), { samplesPerPixel: 3, columns: 2, rows: 2 })
    assert.equal(statisticsOf(shape('rectangle', at(0, 0), at(2, 2)), image, colour), undefined)
  })

  test('a probe has the value of the pixel below it', () => {
    const value = samples[3 * columns + 5]! * 2 - 1000
    assert.deepEqual(resultsOf(shape('probe', at(5.9, 3.1)), image, decoded), [`${value} HU`, 'Column 6, row 4'])
    assert.deepEqual(resultsOf(shape('probe', at(-1, 3)), image, decoded), [])
  })
})

test('the unit is that of the modality', () => {
  assert.equal(unitOf(imageOf({ Modality: 'CT' })), ' HU')
  assert.equal(unitOf(imageOf({ Modality: 'CT', RescaleType: 'US' })), '')
  assert.equal(unitOf(imageOf({ Modality: 'MR' })), '')
  assert.equal(unitOf(imageOf({ Modality: 'PT', Units: 'BQML' })), ' Bq/ml')
  assert.equal(unitOf(imageOf({ Modality: 'DX', RescaleType: 'OD' })), ' OD')
})
