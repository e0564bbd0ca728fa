/** The graphics and texts of a presentation state (PS3.3 C.10.5), in columns and rows of the image or in fractions of the shown area. */
import type { Attributes } from '../metadata/document.ts'
import type { Point } from '../viewer/geometry/orientation.ts'
import { cssOf, rgbOfCIELab } from '../viewer/pixels/cielab.ts'
import { GRAPHIC_POINTS_MAX, GRAPHICS_MAX } from '../viewer/stack/limits.ts'
import { itemsOf, numberOf, numbersOf, textOf } from '../viewer/stack/values.ts'

type Units = 'image' | 'area'

interface Graphic {
  readonly kind: 'points' | 'lines'
  readonly units: Units
  readonly points: readonly Point[]
  readonly isFilled: boolean
  readonly color: string
}

interface Text {
  readonly lines: readonly string[]
  readonly units: Units
  /** The top left and bottom right of the box, or the place of a text without a box. */
  readonly box: readonly Point[]
  readonly align: 'start' | 'middle' | 'end'
  readonly anchor: { readonly point: Point; readonly units: Units } | undefined
  readonly color: string
}

export interface Graphics {
  readonly graphics: readonly Graphic[]
  readonly texts: readonly Text[]
}

const COLOR = '#ffd27a'

/** At most GRAPHICS_MAX of each. */
export function graphicsOf(annotations: readonly Attributes[], layers: readonly Attributes[]): Graphics {
  const order = (layer: string) =>
    numberOf(layers.find(({ GraphicLayer }) => textOf(GraphicLayer) === layer)?.GraphicLayerOrder) ?? 0
  const sorted = annotations.toSorted((a, b) => order(textOf(a.GraphicLayer)) - order(textOf(b.GraphicLayer)))
  const graphics = sorted.flatMap(({ GraphicLayer, GraphicObjectSequence }) => {
    const color = colorOf(layers, textOf(GraphicLayer))
    return itemsOf(GraphicObjectSequence).flatMap((object) => graphicOf(object, color) ?? [])
  })
  const texts = sorted.flatMap(({ GraphicLayer, TextObjectSequence }) => {
    const color = colorOf(layers, textOf(GraphicLayer))
    return itemsOf(TextObjectSequence).flatMap((object) => textOfObject(object, color) ?? [])
  })
  return { graphics: graphics.slice(0, GRAPHICS_MAX), texts: texts.slice(0, GRAPHICS_MAX) }
}

function colorOf(layers: readonly Attributes[], name: string): string {
  const layer = layers.find(({ GraphicLayer }) => textOf(GraphicLayer) === name)
  const rgb = rgbOfCIELab(layer?.GraphicLayerRecommendedDisplayCIELabValue)
  return rgb === undefined ? COLOR : cssOf(rgb)
}

const unitsOf = (value: unknown): Units | undefined =>
  ({ PIXEL: 'image' as const, DISPLAY: 'area' as const })[textOf(value)]

const pairsOf = (data: readonly number[]): readonly Point[] =>
  Array.from({ length: Math.min(data.length >> 1, GRAPHIC_POINTS_MAX) }, (_, at) => ({
    x: data[2 * at]!,
    y: data[2 * at + 1]!,
  }))

function graphicOf(object: Attributes, color: string): Graphic | undefined {
  const units = unitsOf(object.GraphicAnnotationUnits)
  const points = pairsOf(numbersOf(object.GraphicData))
  const type = textOf(object.GraphicType)
  const outline = outlineOf(type, points)
  if (units === undefined || outline === undefined || points.length === 0) return undefined
  const isFilled = textOf(object.GraphicFilled) === 'Y'
  return { kind: type === 'POINT' ? 'points' : 'lines', units, points: outline, isFilled, color }
}

/** Curves as lines, so that they are right where pixels are not square. */
function outlineOf(type: string, points: readonly Point[]): readonly Point[] | undefined {
  const [a, b, c, d] = points
  switch (type) {
    case 'POINT':
    case 'POLYLINE':
      return points
    case 'INTERPOLATED':
      return interpolated(points)
    case 'CIRCLE': {
      if (a === undefined || b === undefined) return undefined
      const radius = Math.hypot(b.x - a.x, b.y - a.y)
      return closedCurve(a, { x: radius, y: 0 }, { x: 0, y: radius })
    }
    case 'ELLIPSE': {
      if (a === undefined || b === undefined || c === undefined || d === undefined) return undefined
      const half = (from: Point, to: Point): Point => ({ x: (to.x - from.x) / 2, y: (to.y - from.y) / 2 })
      return closedCurve({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }, half(a, b), half(c, d))
    }
    default:
      return undefined
  }
}

const CURVE_STEPS = 72

const closedCurve = (center: Point, major: Point, minor: Point): readonly Point[] =>
  Array.from({ length: CURVE_STEPS + 1 }, (_, step) => {
    const angle = (2 * Math.PI * step) / CURVE_STEPS
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
    return { x: center.x + cos * major.x + sin * minor.x, y: center.y + cos * major.y + sin * minor.y }
  })

const STEPS_BETWEEN = 8

/** A Catmull-Rom curve through all points: the standard leaves the method to the implementation. */
function interpolated(points: readonly Point[]): readonly Point[] {
  if (points.length < 3) return points
  const at = (index: number) => points[Math.max(0, Math.min(points.length - 1, index))]!
  const between = points.slice(0, -1).flatMap((_, index) =>
    Array.from({ length: STEPS_BETWEEN }, (__, step) => {
      const [p, q, r, s] = [at(index - 1), at(index), at(index + 1), at(index + 2)]
      const t = step / STEPS_BETWEEN
      const value = (axis: 'x' | 'y') =>
        0.5 *
        (2 * q[axis] +
          (r[axis] - p[axis]) * t +
          (2 * p[axis] - 5 * q[axis] + 4 * r[axis] - s[axis]) * t ** 2 +
          (3 * q[axis] - p[axis] - 3 * r[axis] + s[axis]) * t ** 3)
      return { x: value('x'), y: value('y') }
    }),
  )
  return [...between, points.at(-1)!]
}

const ALIGN: Readonly<Record<string, Text['align']>> = { LEFT: 'start', CENTER: 'middle', RIGHT: 'end' }

function textOfObject(object: Attributes, color: string): Text | undefined {
  const lines = textOf(object.UnformattedTextValue).split(/\r\n|\r|\n/)
  const [anchorPoint] = pairsOf(numbersOf(object.AnchorPoint))
  const anchorUnits = unitsOf(object.AnchorPointAnnotationUnits)
  const anchor = anchorPoint && anchorUnits && { point: anchorPoint, units: anchorUnits }
  const corners = [
    ...pairsOf(numbersOf(object.BoundingBoxTopLeftHandCorner)),
    ...pairsOf(numbersOf(object.BoundingBoxBottomRightHandCorner)),
  ]
  const units = unitsOf(object.BoundingBoxAnnotationUnits)
  const align = ALIGN[textOf(object.BoundingBoxTextHorizontalJustification)] ?? 'start'
  if (corners.length === 2 && units !== undefined) {
    const isVisible = textOf(object.AnchorPointVisibility) === 'Y'
    return { lines, units, box: corners, align, anchor: isVisible ? anchor : undefined, color }
  }
  return anchor && { lines, units: anchor.units, box: [anchor.point], align, anchor: undefined, color }
}
