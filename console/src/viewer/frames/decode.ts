/**
 * The bytes of a stored frame to its cells, in whatever of the formats of GetImageFrame they are. A codec is fetched when the first frame
 * needs it, and its builds' faults are gone round as the server does (docs/decisions/0010-frames.md).
 */

import { linesByPixel } from '../../../../src/pixel-data/htj2k/component-lines.ts'
import { type Codestream, parseCodestream } from '../../../../src/pixel-data/jpeg2000/codestream.ts'
import { colourOfFile, findCodestream } from '../../../../src/pixel-data/jpeg2000/jp2-boxes.ts'
import type { DecodedFrame } from '../pixels/render.ts'
import { cellBytes, type PixelFormat, samplesOf } from '../pixels/stored-values.ts'
import { openHTJ2K, openJPEG2000, type SampleDecoder } from './codecs.ts'

export interface FrameToDecode {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly contentType: string
  readonly format: PixelFormat
  /** Of the file from which the frame came: lossy JPEG has become RGB. */
  readonly transferSyntaxUID: string
  /** How many resolutions are not in the bytes, or not wanted. */
  readonly skippedResolutions: number
}

/** Why a frame cannot be shown, in words for the person at the screen. */
export class UndecodableError extends Error {
  override readonly name = 'UndecodableError'
}

const LOSSY_JPEG = ['1.2.840.10008.1.2.4.50', '1.2.840.10008.1.2.4.51']

export async function decodeFrame(frame: FrameToDecode): Promise<DecodedFrame> {
  switch (frame.contentType) {
    case 'application/octet-stream':
      return decodeNative(frame)
    case 'image/jpeg':
      return decodeJPEG(frame)
    case 'image/jph':
    case 'image/jphc':
    case 'image/j2c':
    case 'image/jp2':
      return decodeCodestream(frame)
    case 'image/jxl':
      throw new UndecodableError('It is stored as JPEG XL, which this viewer does not decode.')
    default:
      throw new UndecodableError(
        `It is stored as ${frame.contentType || 'an unnamed format'}, which this viewer does not decode.`,
      )
  }
}

function decodeNative({ bytes, format }: FrameToDecode): DecodedFrame {
  const { rows, columns, samplesPerPixel } = format
  const samples = fault(() => samplesOf(bytes, format))
  return { samples, rows, columns, samplesPerPixel, colour: undefined, skippedResolutions: 0 }
}

async function decodeCodestream({
  bytes,
  format,
  transferSyntaxUID,
  skippedResolutions,
}: FrameToDecode): Promise<DecodedFrame> {
  const { start, end } = fault(() => findCodestream(bytes))
  const codestream = bytes.slice(start, end)
  const header = fault(() => parseCodestream(codestream))
  checkShape({ ...header, samplesPerPixel: header.components.length }, format)
  const decoder = await (header.isHighThroughput ? openHTJ2K() : openJPEG2000())
  const skipped = header.isHighThroughput ? Math.min(skippedResolutions, header.decompositions) : 0
  const image = decodeSigned(decoder, { codestream, header, skipped })
  const samplesPerPixel = header.components.length
  const isInPlanes = header.isHighThroughput && samplesPerPixel > 1 && !header.hasColourTransform
  const cells = isInPlanes ? linesByPixel({ ...image, samplesPerPixel }) : image.cells
  const from = image.bitsPerSample > 8 ? 2 : 1
  const samples = widened(cells, { from, to: cellBytes(format), isSigned: image.isSigned })
  if (skipped > 0) keepWithin(samples, format)
  return {
    samples,
    rows: image.rows,
    columns: image.columns,
    samplesPerPixel,
    colour: samplesPerPixel < 3 ? undefined : colourOfFrame(bytes, { transferSyntaxUID, header, format }),
    skippedResolutions: skipped,
  }
}

/** The file round a frame says what its samples are; of a codestream alone it follows from what the frame was. */
function colourOfFrame(
  bytes: Uint8Array,
  { transferSyntaxUID, header, format }: { transferSyntaxUID: string; header: Codestream; format: PixelFormat },
): DecodedFrame['colour'] {
  const said = colourOfFile(bytes)
  if (said !== undefined) return said === 'sYCC' ? 'YBR' : 'RGB'
  const { photometricInterpretation } = format
  const wasUndone = header.hasColourTransform && !header.isReversible
  return wasUndone || LOSSY_JPEG.includes(transferSyntaxUID) || /^YBR_(RCT|ICT)$/.test(photometricInterpretation)
    ? 'RGB'
    : undefined
}

/** Where the description of the first component lies: SIZ comes first of all (ISO/IEC 15444-1 A.5.1), and each has three bytes. */
const SSIZ_OFFSET = 42

function decodeSigned(
  decoder: SampleDecoder,
  { codestream, header, skipped }: { codestream: Uint8Array; header: Codestream; skipped: number },
) {
  const { bitsPerSample, isSigned } = header.components[0]!
  if (!isSigned || bitsPerSample > 8) return fault(() => decoder.decode(codestream, skipped))
  // The codecs' builds give signed samples of a byte wrong. Called unsigned, the same samples come out half a range higher.
  header.components.forEach((_, index) => {
    codestream[SSIZ_OFFSET + 3 * index] = bitsPerSample - 1
  })
  const image = fault(() => decoder.decode(codestream, skipped))
  const half = 2 ** (bitsPerSample - 1)
  return { ...image, isSigned: true, cells: image.cells.map((cell) => cell - half) }
}

/** Samples as wide as BitsAllocated says: what a window is applied to has the width of a cell. */
function widened(
  cells: Uint8Array,
  { from, to, isSigned }: { from: number; to: number; isSigned: boolean },
): DecodedFrame['samples'] {
  const samples = from === 2 ? new Uint16Array(cells.slice().buffer) : cells
  if (from === to) return samples
  if (from > to) throw new UndecodableError('Its samples are wider than its attributes say.')
  const wide = to === 2 ? new Uint16Array(samples.length) : new Uint32Array(samples.length)
  const unused = 32 - 8 * from
  samples.forEach((sample, at) => {
    // The array keeps the lower bits of what is negative.
    wide[at] = isSigned ? (sample << unused) >> unused : sample
  })
  return wide
}

/**
 * Beside an edge a smaller image goes beyond the values that the frame has, and would come out as black in white where only as many
 * bits as BitsStored are looked at.
 */
function keepWithin(samples: DecodedFrame['samples'], { bitsStored, highBit, isSigned, bitsAllocated }: PixelFormat): void {
  if (!(samples instanceof Uint16Array) || bitsAllocated !== 16 || highBit !== bitsStored - 1 || bitsStored === 16)
    return
  const least = isSigned ? -(2 ** (bitsStored - 1)) : 0
  const greatest = 2 ** (isSigned ? bitsStored - 1 : bitsStored) - 1
  for (let at = 0; at < samples.length; at++) {
    const value = isSigned ? (samples[at]! << 16) >> 16 : samples[at]!
    if (value < least) samples[at] = least
    else if (value > greatest) samples[at] = greatest
  }
}

/** By the browser's own decoder, which hands out red, green, blue and opaque whatever the frame is. */
async function decodeJPEG({ bytes, format }: FrameToDecode): Promise<DecodedFrame> {
  const isRGB = format.photometricInterpretation === 'RGB' && format.samplesPerPixel === 3
  const blob = new Blob([isRGB ? declaredRGB(bytes) : bytes], { type: 'image/jpeg' })
  let bitmap: ImageBitmap
  try {
    bitmap = await createImageBitmap(blob, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' })
  } catch (cause) {
    throw new UndecodableError('The browser cannot read its JPEG.', { cause })
  }
  const { width: columns, height: rows } = bitmap
  checkShape({ rows, columns, samplesPerPixel: format.samplesPerPixel }, format)
  const canvas = new OffscreenCanvas(columns, rows)
  const context = canvas.getContext('2d', { willReadFrequently: true })!
  context.drawImage(bitmap, 0, 0)
  bitmap.close()
  const { data } = context.getImageData(0, 0, columns, rows)
  const samplesPerPixel = format.samplesPerPixel === 1 ? 1 : 3
  const samples = new Uint8Array(rows * columns * samplesPerPixel)
  for (let from = 0, to = 0; to < samples.length; from += 4, to += samplesPerPixel) {
    samples[to] = data[from]!
    if (samplesPerPixel === 3) [samples[to + 1], samples[to + 2]] = [data[from + 1]!, data[from + 2]!]
  }
  return {
    samples,
    rows,
    columns,
    samplesPerPixel,
    colour: samplesPerPixel === 3 ? 'RGB' : undefined,
    skippedResolutions: 0,
  }
}

/** APP14 with transform 0 (ISO/IEC 10918-6 6.5.3): without a word in it, a browser takes three components for YCbCr. */
const ADOBE_RGB = Uint8Array.of(0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, 0)

function declaredRGB(jpeg: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const isMarked = jpeg[3] === 0xe0 || jpeg[3] === 0xee
  if (isMarked) return jpeg
  const declared = new Uint8Array(jpeg.length + ADOBE_RGB.length)
  declared.set(jpeg.subarray(0, 2))
  declared.set(ADOBE_RGB, 2)
  declared.set(jpeg.subarray(2), 2 + ADOBE_RGB.length)
  return declared
}

interface Shape {
  readonly rows: number
  readonly columns: number
  readonly samplesPerPixel: number
}

/** Looked at before a codec is: a header of a few bytes may promise a image of many gigabytes. */
function checkShape(shape: Shape, format: PixelFormat): void {
  const isSame =
    shape.rows === format.rows && shape.columns === format.columns && shape.samplesPerPixel === format.samplesPerPixel
  if (!isSame) throw new UndecodableError('Its frame has another shape than its attributes say.')
}

/** What codecs throw of a broken frame may be a bare address. What an engine throws goes through: its module is not fit any more. */
function fault<Result>(run: () => Result): Result {
  try {
    return run()
  } catch (cause) {
    if (cause instanceof WebAssembly.RuntimeError || cause instanceof UndecodableError) throw cause
    throw new UndecodableError('Its frame is broken.', { cause })
  }
}
