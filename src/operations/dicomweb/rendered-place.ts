/** Which part of a frame an image shows, and how large it is (PS3.18 8.3.5.1.3, 9.5.1). */
import type { WantedRendering } from '../../contract/dicomweb.ts'
import { ContractError } from '../../contract/errors.ts'
import type { ImagePixel } from '../../pixel-data/element/image-pixel.ts'
import type { Region, Rendering } from '../../pixel-data/rendering/rendering.ts'
import { fitted } from '../../pixel-data/rendering/scale.ts'

type RenderedPlace = Pick<Rendering, 'region' | 'rows' | 'columns' | 'isFlippedHorizontally' | 'isFlippedVertically'>

interface Frame {
  readonly pixel: Pick<ImagePixel, 'rows' | 'columns'>
  /** The height of a pixel, with its width as 1. */
  readonly aspect: number
  readonly pixelsMax: number
}

/** Of both formats: libjpeg encodes no longer side. */
const SIDE_MAX = 65_500

/** @throws ContractError ValidationException */
export function renderedPlace(wanted: Pick<WantedRendering, 'region' | 'viewport'>, frame: Frame): RenderedPlace {
  const { pixel, aspect, pixelsMax } = frame
  const { width, height, left, top } = inPixels(wanted.region, pixel)
  const region: Region = { left, top, width: Math.abs(width), height: Math.abs(height) }
  checkWithin(region, pixel)
  const { columns, rows } = sizeOf(region, { viewport: wanted.viewport, aspect })
  if (columns > SIDE_MAX || rows > SIDE_MAX || columns * rows > pixelsMax) {
    throw invalid(
      `The image would have ${columns} x ${rows} pixels. It may have ${pixelsMax} (limits.renderedPixels), and ${SIDE_MAX} on a side: ` +
        'ask for a smaller one with the parameter viewport',
    )
  }
  return { region, columns, rows, isFlippedHorizontally: width < 0, isFlippedVertically: height < 0 }
}

function inPixels(wanted: WantedRendering['region'], { rows, columns }: Frame['pixel']): Region {
  if (wanted === undefined) return { left: 0, top: 0, width: columns, height: rows }
  const [across, down] = wanted.unit === 'pixel' ? [1, 1] : [columns, rows]
  const [left, top] = [wanted.left * across, wanted.top * down]
  return {
    ...{ left, top },
    width: wanted.width === undefined ? columns - left : wanted.width * across,
    height: wanted.height === undefined ? rows - top : wanted.height * down,
  }
}

/** Of shares of a frame, which are rounded. */
const ROUNDING = 1e-6

function checkWithin({ left, top, width, height }: Region, { rows, columns }: Frame['pixel']): void {
  const isWithin = left + width <= columns + ROUNDING && top + height <= rows + ROUNDING
  if (width > 0 && height > 0 && isWithin) return
  throw invalid(`The region must be a part of the frame, which has ${columns} x ${rows} pixels`)
}

function sizeOf(
  { width, height }: Region,
  { viewport, aspect }: { viewport: WantedRendering['viewport']; aspect: number },
): { readonly columns: number; readonly rows: number } {
  // Pixels that are not square are enlarged in the direction in which they are longer.
  const natural = { width: width / Math.min(1, aspect), height: height * Math.max(1, aspect) }
  const own = { columns: Math.max(1, Math.round(natural.width)), rows: Math.max(1, Math.round(natural.height)) }
  if (viewport === undefined) return own
  if (!viewport.enlarges && own.columns <= viewport.columns && own.rows <= viewport.rows) return own
  return fitted({ width, height }, { ...viewport, aspect })
}

const invalid = (message: string) => new ContractError('ValidationException', message)
