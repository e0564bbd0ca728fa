/** Turning and flipping an image on the stage: a flip of left and right, followed by quarter turns clockwise. */
import { areaOf, type Edges, type ImageSize, type StageSize, type View } from './geometry.ts'

export interface Orientation {
  readonly isFlipped: boolean
  /** Clockwise. */
  readonly quarterTurns: 0 | 1 | 2 | 3
}

export const UPRIGHT: Orientation = { isFlipped: false, quarterTurns: 0 }

const turns = (count: number): Orientation['quarterTurns'] => (((count % 4) + 4) % 4) as Orientation['quarterTurns']

export const turned = ({ isFlipped, quarterTurns }: Orientation, by: number): Orientation => ({
  isFlipped,
  quarterTurns: turns(quarterTurns + by),
})

/** Swaps the left and the right of what is on the screen. */
export const flippedSideways = ({ isFlipped, quarterTurns }: Orientation): Orientation => ({
  isFlipped: !isFlipped,
  quarterTurns: turns(-quarterTurns),
})

/** Swaps the top and the bottom of what is on the screen. */
export const flippedUpsideDown = (orientation: Orientation): Orientation => turned(flippedSideways(orientation), 2)

const isOnItsSide = ({ quarterTurns }: Orientation): boolean => quarterTurns % 2 === 1

/** The size of the turned image, with the width of a column as unit. */
export function turnedSize(image: ImageSize, orientation: Orientation): ImageSize {
  if (!isOnItsSide(orientation)) return image
  return { columns: image.rows * image.aspect, rows: image.columns, aspect: 1 }
}

/** The sides of the patient at the edges of the turned image. */
export function turnedEdges({ left, right, top, bottom }: Edges, { isFlipped, quarterTurns }: Orientation): Edges {
  let clockwise = isFlipped ? [top, left, bottom, right] : [top, right, bottom, left]
  for (let turn = 0; turn < quarterTurns; turn++) clockwise = [clockwise[3]!, ...clockwise.slice(0, 3)]
  return { top: clockwise[0]!, right: clockwise[1]!, bottom: clockwise[2]!, left: clockwise[3]! }
}

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Placement {
  /** From columns and rows, with whole numbers at the edges of pixels, to CSS pixels of the stage. */
  toStage(point: Point): Point
  toImage(point: Point): Point
  /** In device pixels: the center of the image, and its size before it is turned. */
  readonly center: Point
  readonly width: number
  readonly height: number
}

export function placementOf(
  view: View,
  orientation: Orientation,
  { stage, image }: { readonly stage: StageSize; readonly image: ImageSize },
): Placement {
  const area = areaOf(view, { stage, image: turnedSize(image, orientation) })
  const [width, height] = isOnItsSide(orientation) ? [area.height, area.width] : [area.width, area.height]
  const center = { x: area.left + area.width / 2, y: area.top + area.height / 2 }
  const perColumn = ((orientation.isFlipped ? -1 : 1) * width) / image.columns
  const perRow = height / image.rows
  return {
    ...{ center, width, height },
    toStage({ x, y }) {
      const from = rotated({ x: (x - image.columns / 2) * perColumn, y: (y - image.rows / 2) * perRow }, orientation)
      return { x: (center.x + from.x) / stage.density, y: (center.y + from.y) / stage.density }
    },
    toImage({ x, y }) {
      const from = rotated(
        { x: x * stage.density - center.x, y: y * stage.density - center.y },
        { quarterTurns: turns(-orientation.quarterTurns) },
      )
      return { x: from.x / perColumn + image.columns / 2, y: from.y / perRow + image.rows / 2 }
    },
  }
}

/** The columns of the matrix of each number of quarter turns. Clockwise on a screen, where y grows downwards. */
const MATRICES = [
  [1, 0, 0, 1],
  [0, 1, -1, 0],
  [-1, 0, 0, -1],
  [0, -1, 1, 0],
] as const

function rotated({ x, y }: Point, { quarterTurns }: Pick<Orientation, 'quarterTurns'>): Point {
  const [a, b, c, d] = MATRICES[quarterTurns]
  return { x: a * x + c * y, y: b * x + d * y }
}

/** For a canvas whose origin is the center of the image: a, b, c and d of its transformation. */
export function matrixOf({ isFlipped, quarterTurns }: Orientation): readonly [number, number, number, number] {
  const [a, b, c, d] = MATRICES[quarterTurns]
  return isFlipped ? [-a, -b, c, d] : [a, b, c, d]
}

/** The view of a part of an image, which fits the stage unless a magnification in device pixels per column is given. */
export function viewOfArea(
  { left, top, right, bottom, magnification }: Area,
  orientation: Orientation,
  { stage, image }: { readonly stage: StageSize; readonly image: ImageSize },
): View {
  const shown = turnedSize({ columns: right - left, rows: bottom - top, aspect: image.aspect }, orientation)
  const scale =
    magnification === undefined
      ? Math.min(stage.width / shown.columns, stage.height / (shown.rows * shown.aspect))
      : magnification / stage.density
  const placed = placementOf({ scale, panX: 0, panY: 0 }, orientation, { stage, image })
  const center = placed.toStage({ x: (left + right) / 2, y: (top + bottom) / 2 })
  return { scale, panX: stage.width / 2 - center.x, panY: stage.height / 2 - center.y }
}

/** In columns and rows, with whole numbers at the edges of pixels. */
export interface Area {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
  readonly magnification: number | undefined
}
