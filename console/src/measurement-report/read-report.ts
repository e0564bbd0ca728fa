/** Reads the shapes of a measurement report: of Hilum's own completely, of others what their graphics show. */
import type { Attributes } from '../metadata/document.ts'
import type { Point } from '../viewer/geometry/orientation.ts'
import { SHAPE_KINDS, type ShapeKind } from '../viewer/measure/shapes.ts'
import { SAVED_SHAPES_MAX } from '../viewer/stack/limits.ts'
import { itemsOf, numberOf, numbersOf, textOf } from '../viewer/stack/values.ts'
import { CODES, TRACKING_PREFIX } from './codes.ts'

export interface SavedShape {
  readonly sopInstanceUID: string
  readonly frameNumber: number
  readonly kind: ShapeKind
  readonly points: readonly Point[]
  readonly text: string
}

/** Items in items. More is not a report that people read. */
const DEPTH_MAX = 16

/** @param report the attributes of an instance */
export function savedShapesOf(report: Attributes): readonly SavedShape[] {
  const found: SavedShape[] = []
  collect(report, { depth: 0, tracking: '', text: '', found })
  return found.slice(0, SAVED_SHAPES_MAX)
}

interface Context {
  readonly depth: number
  /** Of the measurement group. */
  readonly tracking: string
  readonly text: string
  readonly found: SavedShape[]
}

function collect(container: Attributes, context: Context): void {
  if (context.depth > DEPTH_MAX || context.found.length > SAVED_SHAPES_MAX) return
  const items = itemsOf(container.ContentSequence)
  const textNamed = (code: string) => textOf(items.find((each) => conceptOf(each) === code)?.TextValue)
  const inside = {
    ...context,
    depth: context.depth + 1,
    tracking: textNamed(CODES.trackingIdentifier.value) || context.tracking,
    text: textNamed(CODES.comment.value) || context.text,
  }
  for (const item of items) {
    if (textOf(item.ValueType) === 'SCOORD') addShape(item, inside)
    else collect(item, inside)
  }
}

const conceptOf = (item: Attributes): string => textOf(itemsOf(item.ConceptNameCodeSequence)[0]?.CodeValue)

function addShape(item: Attributes, { tracking, text, found }: Context): void {
  const image = itemsOf(item.ContentSequence).find(({ ValueType }) => textOf(ValueType) === 'IMAGE')
  const reference = itemsOf(image?.ReferencedSOPSequence)[0]
  const graphic = shapeOf(textOf(item.GraphicType), pairsOf(numbersOf(item.GraphicData)), tracking)
  if (reference === undefined || graphic === undefined) return
  found.push({
    ...graphic,
    sopInstanceUID: textOf(reference.ReferencedSOPInstanceUID),
    frameNumber: numberOf(reference.ReferencedFrameNumber) ?? 1,
    text: graphic.kind === 'arrow' ? text : '',
  })
}

const pairsOf = (data: readonly number[]): readonly Point[] =>
  Array.from({ length: data.length >> 1 }, (_, at) => ({ x: data[2 * at]!, y: data[2 * at + 1]! }))

function shapeOf(
  type: string,
  points: readonly Point[],
  tracking: string,
): Pick<SavedShape, 'kind' | 'points'> | undefined {
  const own = SHAPE_KINDS.find((kind) => tracking === `${TRACKING_PREFIX}${kind}`)
  const [first] = points
  if (type === 'POINT' && first !== undefined) return { kind: 'probe', points: [first] }
  if (type === 'ELLIPSE' && points.length === 4) return { kind: 'ellipse', points: cornersOf(points) }
  if (type !== 'POLYLINE') return undefined
  if (points.length === 2) return { kind: own === 'arrow' ? 'arrow' : 'length', points }
  if (points.length === 3) return { kind: 'angle', points }
  return own === 'rectangle' && points.length === 5 ? { kind: 'rectangle', points: [first!, points[2]!] } : undefined
}

/** Of the rectangle around an ellipse whose axes are rows and columns. */
function cornersOf(points: readonly Point[]): readonly Point[] {
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)]
  return [
    { x: Math.min(...xs), y: Math.min(...ys) },
    { x: Math.max(...xs), y: Math.max(...ys) },
  ]
}
