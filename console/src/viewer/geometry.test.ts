/** Where a image lies on its stage, and which side of the patient is which edge. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aspectOf, edgesOf, placeOf, scaleOf, WHOLE, zoomed } from './geometry.ts'
import { imageOf } from './viewer.fixture.ts'

const stage = { width: 400, height: 300, density: 1 }
const square = { columns: 100, rows: 100, aspect: 1 }

test('fits the stage by its longer side, in the middle', () => {
  assert.deepEqual(placeOf(WHOLE, { stage, image: square }), { left: 50, top: 0, width: 300, height: 300 })
  const wide = { columns: 800, rows: 100, aspect: 1 }
  assert.deepEqual(placeOf(WHOLE, { stage, image: wide }), { left: 0, top: 125, width: 400, height: 50 })
})

test('pixels that are higher than wide are drawn so', () => {
  const tall = { ...square, aspect: 2 }
  assert.deepEqual(placeOf(WHOLE, { stage, image: tall }), { left: 125, top: 0, width: 150, height: 300 })
  assert.equal(aspectOf(imageOf({ PixelSpacing: ['2 ', '0.5'] })), 4)
  assert.equal(aspectOf(imageOf({ PixelAspectRatio: ['3', '4'] })), 0.75)
  assert.equal(aspectOf(imageOf({ PixelSpacing: ['0', '1'], ImagerPixelSpacing: ['1', '2'] })), 0.5)
  assert.equal(aspectOf(imageOf()), 1)
})

test('at its actual size a column is a pixel of the screen, and lies on a whole one', () => {
  const view = { scale: 'actual', panX: 0, panY: 0 } as const
  const odd = { columns: 101, rows: 51, aspect: 1 }
  assert.deepEqual(placeOf(view, { stage, image: odd }), { left: 149, top: 124, width: 101, height: 51 })
  const fine = { ...stage, density: 2 }
  assert.equal(scaleOf(view, { stage: fine, image: odd }), 0.5)
  assert.deepEqual(placeOf(view, { stage: fine, image: odd }), { left: 349, top: 274, width: 101, height: 51 })
})

test('what is under the pointer stays there when the image grows', () => {
  const view = { scale: 2, panX: 10, panY: -20 }
  const at = { x: 70, y: 30 }
  const grown = zoomed(view, { scale: 2, factor: 1.5, at })
  assert.equal(grown.scale, 3)
  // In columns and rows from the image's middle.
  assert.deepEqual([(at.x - grown.panX) / 3, (at.y - grown.panY) / 3], [(70 - 10) / 2, (30 + 20) / 2])
  assert.equal(zoomed(view, { scale: 2, factor: 1e9 }).scale, 40)
})

test('the edges are named by the plane: axial, coronal, sagittal and between', () => {
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
