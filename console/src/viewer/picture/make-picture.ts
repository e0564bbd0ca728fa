/**
 * Draws an image at its own resolution, with the window, the polarity and the orientation that are on the screen: for a file or the clipboard.
 * With texts or shapes a small image is enlarged, so that these can be read.
 */
import { edgesOf, FIT, type ImageSize, type StageSize } from '../geometry/geometry.ts'
import { matrixOf, type Orientation, placementOf, turnedEdges, turnedSize } from '../geometry/orientation.ts'
import { outlinePath } from '../measure/outline-path.ts'
import { resultsOf, type Shape } from '../measure/shapes.ts'
import { type DecodedFrame, type DisplaySettings, render } from '../pixels/render.ts'
import type { StackImage } from '../stack/stack.ts'
import { drawTexts, type Placed, type TextPlace } from './draw-texts.ts'

/** What is on the screen. */
export interface PictureSource {
  readonly image: StackImage
  readonly decoded: DecodedFrame
  readonly imageSize: ImageSize
  readonly settings: DisplaySettings
  readonly orientation: Orientation
  /** Of the image. */
  readonly shapes: readonly Shape[]
  readonly index: number
  /** The texts over the stage. */
  readonly corners: Readonly<Record<'patient' | 'study' | 'image', readonly string[]>>
  /** `W 400  L 40`. Undefined for color images. */
  readonly windowText: string | undefined
}

export interface PictureOptions {
  /** Shapes, the sides of the patient, the number of the image and its window. */
  readonly hasAnnotations: boolean
  /** Who the patient is, and the study. */
  readonly hasPatientText: boolean
}

/** An annotated picture is at least as large. */
const ANNOTATED_SIDE_MIN = 512
/** The side of a picture whose texts are as large as on the stage. */
const PLAIN_TEXT_SIDE = 700

export async function makePicture(source: PictureSource, options: PictureOptions): Promise<Blob> {
  const isPlain = !options.hasAnnotations && !options.hasPatientText
  const size = sizeOf(source, isPlain ? 1 : ANNOTATED_SIDE_MIN)
  const canvas = document.createElement('canvas')
  canvas.width = size.width
  canvas.height = size.height
  const context = canvas.getContext('2d')!
  context.fillStyle = '#000'
  context.fillRect(0, 0, size.width, size.height)
  drawImage(context, source, size)
  const unit = Math.max(1, Math.min(size.width, size.height) / PLAIN_TEXT_SIDE)
  const texts = textsOf(source, options)
  if (options.hasAnnotations) texts.push(...drawShapes(context, source, { size, unit }))
  drawTexts(context, texts, { size, unit })
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'))
  if (blob === null) throw new Error('The picture is too large for this browser.')
  return blob
}

/** Of square pixels: the longer side of a pixel that is not square is enlarged. */
function sizeOf({ imageSize, orientation }: PictureSource, sideMin: number): StageSize {
  const { columns, rows, aspect } = turnedSize(imageSize, orientation)
  // With the width of a column as unit, rows of a turned image are already enlarged.
  const perColumn = imageSize.aspect < 1 ? 1 / imageSize.aspect : 1
  const [width, height] = [columns * perColumn, rows * aspect * perColumn]
  const factor = Math.max(1, Math.ceil(sideMin / Math.min(width, height)))
  return { width: Math.round(width * factor), height: Math.round(height * factor), density: 1 }
}

function drawImage(context: CanvasRenderingContext2D, source: PictureSource, stage: StageSize): void {
  const { image, decoded, settings, orientation, imageSize } = source
  const pixels = document.createElement('canvas')
  pixels.width = decoded.columns
  pixels.height = decoded.rows
  const rendered = new ImageData(render(image, { decoded, settings }), decoded.columns, decoded.rows)
  pixels.getContext('2d')!.putImageData(rendered, 0, 0)
  const { center, width, height } = placementOf(FIT, orientation, { stage, image: imageSize })
  // Whole pixels stay as they are, also enlarged.
  context.imageSmoothingEnabled = imageSize.aspect !== 1
  context.setTransform(...matrixOf(orientation), center.x, center.y)
  context.drawImage(pixels, -width / 2, -height / 2, width, height)
  context.resetTransform()
}

function drawShapes(
  context: CanvasRenderingContext2D,
  { image, decoded, imageSize, orientation, shapes }: PictureSource,
  { size, unit }: { readonly size: StageSize; readonly unit: number },
): readonly Placed[] {
  const { toStage } = placementOf(FIT, orientation, { stage: size, image: imageSize })
  const drawn = shapes.map((shape) => ({ shape, points: shape.points.map(toStage) }))
  for (const { shape, points } of drawn) {
    const path = new Path2D(outlinePath(shape.kind, points, unit))
    // Legible on light and dark pixels.
    for (const [color, width] of [
      ['#000', 3],
      ['#ffe14d', 1.5],
    ] as const) {
      context.strokeStyle = color
      context.lineWidth = width * unit
      context.stroke(path)
    }
  }
  return drawn.map(({ shape, points }) => ({
    lines: resultsOf(shape, image, decoded),
    at: shape.kind === 'arrow' ? points[0]! : points.reduce((right, point) => (point.x > right.x ? point : right)),
  }))
}

function textsOf(source: PictureSource, { hasAnnotations, hasPatientText }: PictureOptions): Placed[] {
  const { image, corners, orientation, windowText } = source
  const texts: Placed[] = []
  const add = (at: TextPlace, lines: readonly string[]) => lines.length > 0 && texts.push({ at, lines })
  if (hasPatientText) {
    add('top-left', corners.patient)
    add('top-right', corners.study)
  }
  if (!hasAnnotations) return texts
  add('bottom-left', corners.image)
  add('bottom-right', windowText === undefined ? [] : [windowText])
  const upright = edgesOf(image)
  const edges = upright && turnedEdges(upright, orientation)
  for (const edge of ['left', 'right', 'top', 'bottom'] as const) if (edges?.[edge]) add(edge, [edges[edge]])
  return texts
}
