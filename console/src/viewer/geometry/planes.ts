/** Image planes in the patient's coordinates (PS3.3 C.7.6.2.1.1): which slice of a series is nearest, and where one plane crosses another. */
import { normalOf, type StackImage } from '../stack/stack.ts'
import { numbersOf, textOf } from '../stack/values.ts'

export type Point = readonly [x: number, y: number, z: number]

export interface Plane {
  readonly frameOfReferenceUID: string
  /** The center of the first pixel. */
  readonly origin: Point
  /** Of a step to the next column and to the next row, in mm. */
  readonly perColumn: Point
  readonly perRow: Point
  readonly normal: Point
  readonly columns: number
  readonly rows: number
}

/** Undefined for images without a position in the patient. */
export function planeOf(image: StackImage): Plane | undefined {
  const frameOfReferenceUID = textOf(image.instance.FrameOfReferenceUID)
  const origin = pointOf(numbersOf(image.attribute('ImagePositionPatient')))
  const cosines = numbersOf(image.attribute('ImageOrientationPatient'))
  const normal = normalOf(cosines)
  const [rowSpacing, columnSpacing] = numbersOf(image.attribute('PixelSpacing'))
  const [rows, columns] = numbersOf([image.instance.Rows, image.instance.Columns])
  if (frameOfReferenceUID === '' || origin === undefined || normal === undefined) return undefined
  if (!rowSpacing || !columnSpacing || !rows || !columns) return undefined
  return {
    ...{ frameOfReferenceUID, origin, normal, columns, rows },
    perColumn: scaled(cosines.slice(0, 3) as unknown as Point, columnSpacing),
    perRow: scaled(cosines.slice(3) as unknown as Point, rowSpacing),
  }
}

/** The middle of an image. */
export const centerOf = (plane: Plane): Point => at(plane, (plane.columns - 1) / 2, (plane.rows - 1) / 2)

/** Planes are parallel up to this: a cosine of 0.985 is ten degrees. */
const PARALLEL_MIN = 0.985

const areParallel = (a: Plane, b: Plane): boolean => Math.abs(dot(a.normal, b.normal)) >= PARALLEL_MIN

/** The index of the slice nearest to a plane of another series. Undefined if no slice is parallel to it in the same frame of reference. */
export function nearestIndex(planes: readonly (Plane | undefined)[], to: Plane): number | undefined {
  const center = centerOf(to)
  let nearest: { readonly index: number; readonly distance: number } | undefined
  for (const [index, plane] of planes.entries()) {
    if (plane === undefined || plane.frameOfReferenceUID !== to.frameOfReferenceUID || !areParallel(plane, to)) continue
    const distance = Math.abs(dot(minus(center, plane.origin), plane.normal))
    if (nearest === undefined || distance < nearest.distance) nearest = { index, distance }
  }
  return nearest?.index
}

/**
 * A plane in another frame of reference, where two planes that the person found to be at the same position differ by an offset. Unchanged
 * if the series have been replaced by others since.
 */
export function movedPlane(plane: Plane, { from, to }: { readonly from: Plane; readonly to: Plane }): Plane {
  if (plane.frameOfReferenceUID !== from.frameOfReferenceUID) return plane
  const origin = plus(plane.origin, minus(centerOf(to), centerOf(from)))
  return { ...plane, origin, frameOfReferenceUID: to.frameOfReferenceUID }
}

interface Pixel {
  readonly column: number
  readonly row: number
}

/**
 * Where the area of an image crosses the plane of the shown one, in pixels of the shown one: its reference line. Undefined if they are
 * parallel, don't cross, or have different frames of reference.
 */
export function referenceLine(shown: Plane, other: Plane): readonly [Pixel, Pixel] | undefined {
  if (shown.frameOfReferenceUID !== other.frameOfReferenceUID || areParallel(shown, other)) return undefined
  const { columns, rows } = other
  // Pixels extend half their size beyond their centers.
  const [right, bottom] = [columns - 0.5, rows - 0.5]
  const corners = [at(other, -0.5, -0.5), at(other, right, -0.5), at(other, right, bottom), at(other, -0.5, bottom)]
  const heights = corners.map((corner) => dot(minus(corner, shown.origin), shown.normal))
  const crossings: Point[] = []
  for (const [index, corner] of corners.entries()) {
    const next = (index + 1) % corners.length
    const [from, to] = [heights[index]!, heights[next]!]
    if (from < 0 === to < 0) continue
    crossings.push(plus(corner, scaled(minus(corners[next]!, corner), from / (from - to))))
  }
  const [a, b] = crossings
  return a === undefined || b === undefined ? undefined : [pixelOf(shown, a), pixelOf(shown, b)]
}

/** Rows and columns are perpendicular. */
function pixelOf({ origin, perColumn, perRow }: Plane, point: Point): Pixel {
  const from = minus(point, origin)
  return { column: dot(from, perColumn) / dot(perColumn, perColumn), row: dot(from, perRow) / dot(perRow, perRow) }
}

const at = ({ origin, perColumn, perRow }: Plane, column: number, row: number): Point =>
  plus(origin, plus(scaled(perColumn, column), scaled(perRow, row)))

const pointOf = ([x, y, z]: readonly number[]): Point | undefined =>
  x === undefined || y === undefined || z === undefined ? undefined : [x, y, z]
const plus = (a: Point, b: Point): Point => [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
const minus = (a: Point, b: Point): Point => [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
const scaled = (a: Point, by: number): Point => [a[0] * by, a[1] * by, a[2] * by]
const dot = (a: Point, b: Point): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
