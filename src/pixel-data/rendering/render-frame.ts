/** One stored frame to an image of 8 bits that browsers show. */

import { withFullChroma } from '../element/image-pixel.ts'
import type { Codecs } from '../frame/codecs.ts'
import { decodeFrame, type FramePixels, type FrameToDecode } from '../frame/decode-frame.ts'
import { colourOfFile } from '../jpeg2000/jp2-boxes.ts'
import { encodePNG } from '../png/encode-png.ts'
import { colourValuesOf } from './colour.ts'
import { greyValuesOf } from './grey.ts'
import { type Rendering, samplesOf } from './rendering.ts'
import { scaled } from './scale.ts'

export interface FrameToRender extends FrameToDecode {
  readonly rendering: Rendering
}

/** @throws DicomError, CodecError where the frame cannot be decoded, or its colour not shown */
export async function renderFrame(frame: FrameToRender, codecs: Codecs): Promise<Uint8Array<ArrayBuffer>> {
  const { pixel, rendering } = frame
  const { cells, ...decoded } = await decodeFrame(frame, codecs)
  const { display, isFloat, rows, columns, mediaType, quality } = rendering
  const photometricInterpretation = colourOf(frame, decoded)
  const values =
    display.kind === 'grey'
      ? greyValuesOf(cells, { pixel, display, isFloat })
      : colourValuesOf(cells, { pixel, display, photometricInterpretation })
  const samplesPerPixel = samplesOf(rendering)
  const samples = scaled(
    (line, { from, count }, into) => values({ from: line * pixel.columns + from, count }, into),
    { rows: pixel.rows, columns: pixel.columns, samplesPerPixel },
    rendering,
  )
  const raster = { rows, columns, samplesPerPixel, samples }
  return mediaType === 'image/png' ? encodePNG(raster) : (await codecs.jpegEncoder()).encode(raster, quality)
}

/** Every codestream of ours has the colour transform, also of YBR samples: the file around it tells, or the attributes do. */
function colourOf({ bytes, pixel }: FrameToDecode, decoded: Omit<FramePixels, 'cells'>): string {
  if (decoded.codestream === undefined || pixel.samplesPerPixel === 1) return decoded.photometricInterpretation
  const { photometricInterpretation: said } = pixel
  if (/^YBR_(RCT|ICT)$/.test(said)) return 'RGB'
  const colour = colourOfFile(bytes)
  if (colour === undefined || colour === 'greyscale') return withFullChroma(said)
  return colour === 'sRGB' ? 'RGB' : withFullChroma(said)
}
