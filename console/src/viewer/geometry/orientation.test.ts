/** Turned and flipped images: where their corners are, and the sides of the patient. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FIT } from './geometry.ts'
import {
  flippedSideways,
  flippedUpsideDown,
  type Orientation,
  placementOf,
  turned,
  turnedEdges,
  turnedSize,
  UPRIGHT,
} from './orientation.ts'

const STAGE = { width: 400, height: 300, density: 2 }
const IMAGE = { columns: 100, rows: 50, aspect: 1 }
const EDGES = { left: 'R', right: 'L', top: 'A', bottom: 'P' }

/** The first pixel of the image, and the last pixel of its first row, on the stage. */
const ends = (orientation: Orientation) => {
  const placement = placementOf(FIT, orientation, { stage: STAGE, image: IMAGE })
  return [placement.toStage({ x: 0, y: 0 }), placement.toStage({ x: 100, y: 0 })].map(({ x, y }) => [x, y])
}

test('an upright image fits the width, and one on its side the height', () => {
  assert.deepEqual(ends(UPRIGHT), [
    [0, 50],
    [400, 50],
  ])
  // 300 of the height for 100 columns: 3 CSS pixels each, so 150 wide around 200. The first row is at the right, from the top down.
  assert.deepEqual(ends(turned(UPRIGHT, 1)), [
    [275, 0],
    [275, 300],
  ])
  assert.deepEqual(turnedSize({ columns: 100, rows: 50, aspect: 2 }, turned(UPRIGHT, 1)), {
    ...{ columns: 100, rows: 100, aspect: 1 },
  })
})

test('a flip swaps what is on the screen, turned or not', () => {
  assert.deepEqual(ends(flippedSideways(UPRIGHT)), [
    [400, 50],
    [0, 50],
  ])
  assert.deepEqual(ends(flippedSideways(turned(UPRIGHT, 1))), [
    [125, 0],
    [125, 300],
  ])
  assert.deepEqual(ends(flippedUpsideDown(turned(UPRIGHT, 1))), [
    [275, 300],
    [275, 0],
  ])
})

test('the sides of the patient turn with the image', () => {
  assert.deepEqual(turnedEdges(EDGES, turned(UPRIGHT, 1)), { top: 'R', right: 'A', bottom: 'L', left: 'P' })
  assert.deepEqual(turnedEdges(EDGES, flippedSideways(UPRIGHT)), { top: 'A', right: 'R', bottom: 'P', left: 'L' })
  assert.deepEqual(turnedEdges(EDGES, flippedUpsideDown(UPRIGHT)), { top: 'P', right: 'L', bottom: 'A', left: 'R' })
  for (const once of [flippedSideways, flippedUpsideDown, (given: Orientation) => turned(given, 2)]) {
    const orientation = once(once(turned(UPRIGHT, 1)))
    assert.deepEqual(orientation, turned(UPRIGHT, 1))
  }
})

test('a point of the stage is found in the image again', () => {
  for (const quarterTurns of [0, 1, 2, 3] as const) {
    for (const isFlipped of [false, true]) {
      const view = { scale: 1.7, panX: 31, panY: -12 }
      const placement = placementOf(view, { isFlipped, quarterTurns }, { stage: STAGE, image: IMAGE })
      const { x, y } = placement.toImage(placement.toStage({ x: 12.5, y: 40 }))
      assert.ok(Math.abs(x - 12.5) < 1e-9 && Math.abs(y - 40) < 1e-9, `${quarterTurns} ${isFlipped}`)
    }
  }
})
