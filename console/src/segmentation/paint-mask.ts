/** Colors the pixels of a frame that are in the chosen segments. */
import type { DecodedFrame, Pixels } from '../viewer/pixels/render.ts'
import type { Segment, Segmentation, SegmentationFrame } from './segmentation.ts'

/** Of what is wholly in a segment, from 0 to 255. */
const OPACITY = 115

export function paintedMask(
  { kind, valueMax }: Pick<Segmentation, 'kind' | 'valueMax'>,
  {
    frame,
    decoded,
    segments,
  }: { readonly frame: SegmentationFrame; readonly decoded: DecodedFrame; readonly segments: readonly Segment[] },
): Pixels {
  const pixels = new Uint8ClampedArray(decoded.rows * decoded.columns * 4)
  const byNumber = new Map(segments.map((segment) => [segment.number, segment]))
  const only = frame.segmentNumber === undefined ? undefined : byNumber.get(frame.segmentNumber)
  for (let at = 0; at < decoded.samples.length; at++) {
    const value = Number(decoded.samples[at])
    if (value === 0) continue
    const segment = kind === 'LABELMAP' ? byNumber.get(value) : only
    if (segment === undefined) continue
    ;[pixels[4 * at], pixels[4 * at + 1], pixels[4 * at + 2]] = segment.color
    pixels[4 * at + 3] = kind === 'FRACTIONAL' ? OPACITY * Math.min(1, value / valueMax) : OPACITY
  }
  return pixels
}
