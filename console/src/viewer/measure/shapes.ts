/** What is drawn on an image to measure it, and what it measures. */
import { formatFixed } from '../../format/size.ts'
import type { Point } from '../geometry/orientation.ts'
import { type Mapping, modalityLUTOf } from '../pixels/modality-lut.ts'
import { type DecodedFrame, isColour } from '../pixels/render.ts'
import { pixelFormatOf, storedValueReader } from '../pixels/stored-values.ts'
import type { StackImage } from '../stack/stack.ts'
import { textOf } from '../stack/values.ts'
import { type Calibration, calibrationOf } from './calibration.ts'

export const SHAPE_KINDS = ['length', 'angle', 'rectangle', 'ellipse', 'probe', 'arrow'] as const
export type ShapeKind = (typeof SHAPE_KINDS)[number]

export interface Shape {
  readonly kind: ShapeKind
  /** The key of the image that it is on. */
  readonly image: string
  /**
   * Columns and rows, with whole numbers at the edges of pixels. The ends of a length; the end of an arm, the vertex and the end of the
   * other arm of an angle; two opposite corners of a rectangle or of the rectangle around an ellipse; the place of a probe; the tail and
   * the head of an arrow.
   */
  readonly points: readonly Point[]
  /** Of an arrow. */
  readonly text?: string
  /** Of the values below a probe, or inside a rectangle or ellipse, if they were known when it was drawn. */
  readonly statistics?: Statistics | undefined
  /** The look of a stored shape that was moved: it isn't drawn beside this one. */
  readonly replaces?: string
}

/** Of shapes that look the same. */
export const lookOf = ({ image, kind, points }: Shape): string => JSON.stringify([image, kind, points])

export interface ShapeOnImage {
  readonly shape: Shape
  readonly image: StackImage
}

export const POINT_COUNT: Readonly<Record<ShapeKind, number>> = {
  ...{ length: 2, angle: 3, rectangle: 2, ellipse: 2, probe: 1, arrow: 2 },
}

/** The lines of text beside a shape. @param decoded undefined until the image is sharp */
export function resultsOf(shape: Shape, image: StackImage, decoded: DecodedFrame | undefined): readonly string[] {
  const calibration = calibrationOf(image, shape.points)
  const [a, b, c] = shape.points
  // An angle that is being drawn has one arm.
  if (shape.points.length < POINT_COUNT[shape.kind]) return []
  switch (shape.kind) {
    case 'length':
      return [withPlace(`${rounded(lengthOf(a!, b!, calibration))} ${calibration.unit}`, calibration)]
    case 'angle':
      return [`${formatFixed(angleOf([a!, b!, c!], calibration), 1)}°`]
    case 'arrow':
      return shape.text ? [shape.text] : []
    case 'probe':
      return decoded === undefined ? [] : probeText(a!, { image, decoded })
    case 'rectangle':
    case 'ellipse': {
      const area = withPlace(`Area ${rounded(surfaceOf(shape, calibration))} ${calibration.unit}²`, calibration)
      const values = decoded && statisticsOf(shape, image, decoded)
      const unit = unitOf(image)
      return [
        ...(values === undefined
          ? []
          : [
              `Mean ${rounded(values.mean)}${unit}`,
              `SD ${rounded(values.deviation)}${unit}`,
              `${rounded(values.min)} to ${rounded(values.max)}${unit}`,
            ]),
        area,
      ]
    }
  }
}

const withPlace = (text: string, { place }: Calibration): string => (place === '' ? text : `${text} ${place}`)

const rounded = (value: number): string => formatFixed(value, Math.abs(value) >= 1_000 ? 0 : 1)

export const lengthOf = (a: Point, b: Point, { perColumn, perRow }: Calibration): number =>
  Math.hypot((b.x - a.x) * perColumn, (b.y - a.y) * perRow)

/** In degrees, from 0 to 180, at the second point. */
export function angleOf([a, vertex, b]: readonly [Point, Point, Point], { perColumn, perRow }: Calibration): number {
  const arm = ({ x, y }: Point) => Math.atan2((y - vertex.y) * perRow, (x - vertex.x) * perColumn)
  const between = Math.abs(arm(a) - arm(b)) * (180 / Math.PI)
  return between > 180 ? 360 - between : between
}

export function surfaceOf(
  { kind, points: [a, b] }: Pick<Shape, 'kind' | 'points'>,
  { perColumn, perRow }: Calibration,
): number {
  const rectangle = Math.abs((b!.x - a!.x) * perColumn * (b!.y - a!.y) * perRow)
  return kind === 'ellipse' ? (rectangle * Math.PI) / 4 : rectangle
}

export interface Statistics {
  readonly count: number
  readonly mean: number
  /** Of all pixels inside, divided by their number. */
  readonly deviation: number
  readonly min: number
  readonly max: number
}

/** With the statistics of a shape that has some. */
export function measured(shape: Shape, image: StackImage, decoded: DecodedFrame | undefined): Shape {
  if (decoded === undefined) return shape
  const [point] = shape.points
  const around = { kind: 'rectangle' as const, points: [floored(point!), floored(point!, 1)] }
  if (shape.kind === 'probe') return { ...shape, statistics: statisticsOf(around, image, decoded) }
  if (shape.kind !== 'rectangle' && shape.kind !== 'ellipse') return shape
  return { ...shape, statistics: statisticsOf(shape, image, decoded) }
}

const floored = ({ x, y }: Point, more = 0): Point => ({ x: Math.floor(x) + more, y: Math.floor(y) + more })

/** Of the pixels whose centers are inside. Undefined for color images, and if there are none. */
export function statisticsOf(
  { kind, points }: Pick<Shape, 'kind' | 'points'>,
  image: StackImage,
  decoded: DecodedFrame,
): Statistics | undefined {
  if (isColour(decoded) || isPalette(image)) return undefined
  const [a, b] = points
  const [left, right] = [Math.min(a!.x, b!.x), Math.max(a!.x, b!.x)]
  const [top, bottom] = [Math.min(a!.y, b!.y), Math.max(a!.y, b!.y)]
  const isInside = (x: number, y: number): boolean => {
    if (x < left || x > right || y < top || y > bottom) return false
    if (kind === 'rectangle') return true
    const [fromX, fromY] = [(2 * x - left - right) / (right - left), (2 * y - top - bottom) / (bottom - top)]
    return fromX * fromX + fromY * fromY <= 1
  }
  const value = valueReader(image, decoded)
  let [count, mean, squares] = [0, 0, 0]
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const [lastColumn, lastRow] = [Math.min(decoded.columns - 1, right), Math.min(decoded.rows - 1, bottom)]
  for (let row = Math.max(0, Math.floor(top)); row <= lastRow; row++) {
    for (let column = Math.max(0, Math.floor(left)); column <= lastColumn; column++) {
      if (!isInside(column + 0.5, row + 0.5)) continue
      const found = value(row * decoded.columns + column)
      if (!Number.isFinite(found)) continue
      // Welford's method, which stays exact for large values.
      count += 1
      const before = found - mean
      mean += before / count
      squares += before * (found - mean)
      min = Math.min(min, found)
      max = Math.max(max, found)
    }
  }
  return count === 0 ? undefined : { count, mean, deviation: Math.sqrt(squares / count), min, max }
}

function probeText({ x, y }: Point, of: { readonly image: StackImage; readonly decoded: DecodedFrame }) {
  const { image, decoded } = of
  const [column, row] = [Math.floor(x), Math.floor(y)]
  if (column < 0 || row < 0 || column >= decoded.columns || row >= decoded.rows) return []
  const at = row * decoded.columns + column
  const place = `Column ${column + 1}, row ${row + 1}`
  if (isColour(decoded) || isPalette(image)) return [place]
  return [`${Number(valueReader(image, decoded)(at).toPrecision(6))}${unitOf(image)}`, place]
}

const isPalette = (image: StackImage): boolean => pixelFormatOf(image).photometricInterpretation === 'PALETTE COLOR'

/** The value of the modality at an index of the samples. */
function valueReader(image: StackImage, { samples }: DecodedFrame): (at: number) => number {
  const stored = storedValueReader(pixelFormatOf(image))
  const modality: Mapping = modalityLUTOf(image)
  return (at) => modality(stored(Number(samples[at])))
}

/** Units (0054,1001) of PET (PS3.3 C.8.9.1.1.3). */
const PET_UNITS: Readonly<Record<string, string>> = { BQML: 'Bq/ml', CNTS: 'counts', GML: 'g/ml', PROPCPS: 'counts/s' }

/** With a space before it. Empty if the image names none. */
export function unitOf(image: StackImage): string {
  const pet = textOf(image.attribute('Units'))
  const rescale = textOf(image.attribute('RescaleType'))
  const isCT = textOf(image.instance.Modality) === 'CT'
  const unit =
    pet !== ''
      ? (PET_UNITS[pet] ?? pet)
      : rescale !== '' && rescale !== 'US'
        ? rescale
        : isCT && rescale === ''
          ? 'HU'
          : ''
  return unit === '' ? '' : ` ${unit}`
}
