/** Nearest slices and reference lines, compared with positions that are known by construction. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Attributes } from '../../metadata/document.ts'
import { imageOf } from '../viewer.fixture.ts'
import { nearestIndex, planeOf, referenceLine } from './planes.ts'

const plane = (position: readonly number[], orientation: readonly number[], more: Attributes = {}) =>
  planeOf(
    imageOf({
      ...{ FrameOfReferenceUID: '1.5', ImagePositionPatient: position, ImageOrientationPatient: orientation },
      ...{ PixelSpacing: ['2', '0.5'], Rows: 101, Columns: 201, ...more },
    }),
  )!
const AXIAL = [1, 0, 0, 0, 1, 0]
const CORONAL = [1, 0, 0, 0, 0, -1]

test('the nearest slice is found by position, whatever the order of the slices', () => {
  const slices = [30, -10, 20, 0, 10].map((z) => plane([0, 0, z], AXIAL))
  const at = (z: number) => nearestIndex(slices, plane([-7, 3, z], AXIAL))
  assert.deepEqual([-100, 0, 4, 6, 14, 26].map(at), [1, 3, 3, 4, 4, 0])
})

test('a slice that is not parallel, or has another frame of reference, is not the nearest', () => {
  const slices = [plane([0, 0, 0], CORONAL), plane([0, 0, 1], AXIAL, { FrameOfReferenceUID: '1.6' })]
  assert.equal(nearestIndex(slices, plane([0, 0, 0], AXIAL)), undefined)
})

test('the reference line is where the other image crosses the shown one', () => {
  // Axial: 201 columns of 0.5 mm along x from 10, 101 rows of 2 mm along y from 0, at z = 40.
  const axial = plane([10, 0, 40], AXIAL)
  // Coronal at y = 60: from x = 20, and from z = 100 down.
  const coronal = plane([20, 60, 100], CORONAL)
  const [a, b] = referenceLine(axial, coronal)!
  assert.deepEqual([a.row, b.row], [30, 30])
  assert.deepEqual(
    [a.column, b.column].toSorted((x, y) => x - y),
    [19.5, 220.5],
  )
  // In the coronal image, z = 40 is 60 mm below its first row.
  assert.deepEqual(
    [30, 30],
    referenceLine(coronal, axial)!.map(({ row }) => row),
  )
})

test('images that do not cross, or are parallel, have no reference line', () => {
  assert.equal(referenceLine(plane([0, 0, 400], AXIAL), plane([0, 60, 100], CORONAL)), undefined)
  assert.equal(referenceLine(plane([0, 0, 1], AXIAL), plane([0, 0, 2], AXIAL)), undefined)
})

test('an image without a position, spacing or frame of reference has no plane', () => {
  assert.equal(planeOf(imageOf({ ImagePositionPatient: [0, 0, 0] })), undefined)
  assert.equal(planeOf(imageOf({ FrameOfReferenceUID: '1', ImagePositionPatient: [1, 2, 3] })), undefined)
})
