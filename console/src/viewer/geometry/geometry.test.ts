/** The position of an image on the stage, and the sides of the patient at its edges. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imageOf } from '../viewer.fixture.ts'
import { areaOf, aspectOf, edgesOf, FIT, scaleOf, zoomed } from './geometry.ts'

const stage = { width: 400, height: 300, density: 1 }
const square = { columns: 100, rows: 100, aspect: 1 }

test('an image fits the stage and is centered', () => {
  assert.deepEqual(areaOf(FIT, { stage, image: square }), { left: 50, top: 0, width: 300, height: 300 })
  const wide = { columns: 800, rows: 100, aspect: 1 }
  assert.deepEqual(areaOf(FIT, { stage, image: wide }), { left: 0, top: 125, width: 400, height: 50 })
})

test('the aspect ratio of pixels is respected', () => {
  const tall = { ...square, aspect: 2 }
  assert.deepEqual(areaOf(FIT, { stage, image: tall }), { left: 125, top: 0, width: 150, height: 300 })
  assert.equal(aspectOf(imageOf({ PixelSpacing: ['2 ', '0.5'] })), 4)
  assert.equal(aspectOf(imageOf({ PixelAspectRatio: ['3', '4'] })), 0.75)
  assert.equal(aspectOf(imageOf({ PixelSpacing: ['0', '1'], ImagerPixelSpacing: ['1', '2'] })), 0.5)
  assert.equal(aspectOf(imageOf()), 1)
})

test('at actual size, columns are aligned to device pixels', () => {
  const view = { scale: 'actual', panX: 0, panY: 0 } as const
  const odd = { columns: 101, rows: 51, aspect: 1 }
  assert.deepEqual(areaOf(view, { stage, image: odd }), { left: 149, top: 124, width: 101, height: 51 })
  const fine = { ...stage, density: 2 }
  assert.equal(scaleOf(view, { stage: fine, image: odd }), 0.5)
  assert.deepEqual(areaOf(view, { stage: fine, image: odd }), { left: 349, top: 274, width: 101, height: 51 })
})

test('zooming keeps the point under the pointer in place', () => {
  const view = { scale: 2, panX: 10, panY: -20 }
  const at = { x: 70, y: 30 }
  const next = zoomed(view, { scale: 2, factor: 1.5, at })
  assert.equal(next.scale, 3)
  // In columns and rows from the center of the image.
  assert.deepEqual([(at.x - next.panX) / 3, (at.y - next.panY) / 3], [(70 - 10) / 2, (30 + 20) / 2])
  assert.equal(zoomed(view, { scale: 2, factor: 1e9 }).scale, 40)
})

test('edges are labeled for axial, coronal, sagittal and oblique planes', () => {
  const edges = (...cosines: number[]) => edgesOf(imageOf({ ImageOrientationPatient: cosines.map(String) }))
  assert.deepEqual(edges(1, 0, 0, 0, 1, 0), { left: 'R', right: 'L', top: 'A', bottom: 'P' })
  assert.deepEqual(edges(1, 0, 0, 0, 0, -1), { left: 'R', right: 'L', top: 'H', bottom: 'F' })
  assert.deepEqual(edges(0, 1, 0, 0, 0, -1), { left: 'A', right: 'P', top: 'H', bottom: 'F' })
  assert.deepEqual(edges(0.9, 0.436, 0, 0, 0, -1), { left: 'RA', right: 'LP', top: 'H', bottom: 'F' })
  assert.deepEqual(edgesOf(imageOf({ PatientOrientation: ['P', 'FL'] })), {
    ...{ left: 'A', right: 'P', top: 'HR', bottom: 'FL' },
  })
  assert.equal(edgesOf(imageOf()), undefined)
})
