/**
 * Decodes the frames of GetImageFrame in all stored formats. Codecs are loaded on demand. The workarounds for faults of their builds are
 * those of the server (docs/decisions/0010-frames.md).
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
  /** The transfer syntax of the imported file: lossy JPEG was converted to RGB. */
  readonly transferSyntaxUID: string
  /** The number of resolutions that are not in the bytes or not decoded. */
  readonly skippedResolutions: number
}

/** A frame that can't be decoded. The message is shown to the person. */
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
      throw new UndecodableError("The viewer doesn't support JPEG XL, the format of the stored frame.")
    default:
      throw new UndecodableError(
        `The viewer doesn't support ${frame.contentType || 'an unknown format'}, the format of the stored frame.`,
      )
  }
}

function decodeNative({ bytes, format }: FrameToDecode): DecodedFrame {
  const { rows, columns, samplesPerPixel } = format
  const samples = rethrown(() => samplesOf(bytes, format))
  return { samples, rows, columns, samplesPerPixel, colour: undefined, skippedResolutions: 0 }
}

async function decodeCodestream({
  bytes,
  format,
  transferSyntaxUID,
  skippedResolutions,
}: FrameToDecode): Promise<DecodedFrame> {
  const { start, end } = rethrown(() => findCodestream(bytes))
  const codestream = bytes.slice(start, end)
  const header = rethrown(() => parseCodestream(codestream))
  checkShape({ ...header, samplesPerPixel: header.components.length }, format)
  const decoder = await (header.isHighThroughput ? openHTJ2K() : openJPEG2000())
  const skipped = header.isHighThroughput ? Math.min(skippedResolutions, header.decompositions) : 0
  const decoded = decodeSigned(decoder, { codestream, header, skipped })
  const samplesPerPixel = header.components.length
  const isByComponent = header.isHighThroughput && samplesPerPixel > 1 && !header.hasColourTransform
  const bytesByPixel = isByComponent
    ? linesByPixel({ ...decoded, cells: decoded.bytes, samplesPerPixel })
    : decoded.bytes
  const fromBytes = decoded.bitsPerSample > 8 ? 2 : 1
  const samples = widened(bytesByPixel, { fromBytes, toBytes: cellBytes(format), isSigned: decoded.isSigned })
  if (skipped > 0) clampToStoredBits(samples, format)
  return {
    samples,
    rows: decoded.rows,
    columns: decoded.columns,
    samplesPerPixel,
    colour: samplesPerPixel < 3 ? undefined : colourOfFrame(bytes, { transferSyntaxUID, header, format }),
    skippedResolutions: skipped,
  }
}

/** The color space of a JP2 or JPH file is in its header. For a codestream alone, it follows from the imported frame. */
function colourOfFrame(
  bytes: Uint8Array,
  { transferSyntaxUID, header, format }: { transferSyntaxUID: string; header: Codestream; format: PixelFormat },
): DecodedFrame['colour'] {
  const declared = colourOfFile(bytes)
  if (declared !== undefined) return declared === 'sYCC' ? 'YBR' : 'RGB'
  const { photometricInterpretation } = format
  const isDecodedToRGB = header.hasColourTransform && !header.isReversible
  return isDecodedToRGB || LOSSY_JPEG.includes(transferSyntaxUID) || /^YBR_(RCT|ICT)$/.test(photometricInterpretation)
    ? 'RGB'
    : undefined
}

/** The offset of Ssiz of the first component: SIZ is the first segment (ISO/IEC 15444-1 A.5.1). Each component has three bytes. */
const SSIZ_OFFSET = 42

function decodeSigned(
  decoder: SampleDecoder,
  { codestream, header, skipped }: { codestream: Uint8Array; header: Codestream; skipped: number },
) {
  const { bitsPerSample, isSigned } = header.components[0]!
  if (!isSigned || bitsPerSample > 8) return rethrown(() => decoder.decode(codestream, skipped))
  // The builds decode signed samples of a byte incorrectly. Declared unsigned, the same samples are offset by half the range.
  header.components.forEach((_, index) => {
    codestream[SSIZ_OFFSET + 3 * index] = bitsPerSample - 1
  })
  const decoded = rethrown(() => decoder.decode(codestream, skipped))
  const half = 2 ** (bitsPerSample - 1)
  return { ...decoded, isSigned: true, bytes: decoded.bytes.map((sample) => sample - half) }
}

/** Samples of the width that BitsAllocated specifies. */
function widened(
  bytes: Uint8Array,
  { fromBytes, toBytes, isSigned }: { fromBytes: number; toBytes: number; isSigned: boolean },
): DecodedFrame['samples'] {
  const samples = fromBytes === 2 ? new Uint16Array(bytes.slice().buffer) : bytes
  if (fromBytes === toBytes) return samples
  if (fromBytes > toBytes) throw new UndecodableError('The samples of the frame exceed BitsAllocated.')
  const wide = toBytes === 2 ? new Uint16Array(samples.length) : new Uint32Array(samples.length)
  const unusedBits = 32 - 8 * fromBytes
  samples.forEach((sample, index) => {
    // The array keeps the low bits of negative values.
    wide[index] = isSigned ? (sample << unusedBits) >> unusedBits : sample
  })
  return wide
}

/**
 * Clamps the samples of a reduced resolution to the range of BitsStored. Near edges they can exceed it, and without clamping black would
 * appear as white.
 */
function clampToStoredBits(
  samples: DecodedFrame['samples'],
  { bitsStored, highBit, isSigned, bitsAllocated }: PixelFormat,
): void {
  if (!(samples instanceof Uint16Array) || bitsAllocated !== 16 || highBit !== bitsStored - 1 || bitsStored === 16)
    return
  const min = isSigned ? -(2 ** (bitsStored - 1)) : 0
  const max = 2 ** (isSigned ? bitsStored - 1 : bitsStored) - 1
  for (let index = 0; index < samples.length; index++) {
    const value = isSigned ? (samples[index]! << 16) >> 16 : samples[index]!
    if (value < min) samples[index] = min
    else if (value > max) samples[index] = max
  }
}

/** Decodes with the browser, which returns RGBA for every JPEG. */
async function decodeJPEG({ bytes, format }: FrameToDecode): Promise<DecodedFrame> {
  const isRGB = format.photometricInterpretation === 'RGB' && format.samplesPerPixel === 3
  const blob = new Blob([isRGB ? declaredRGB(bytes) : bytes], { type: 'image/jpeg' })
  let bitmap: ImageBitmap
  try {
    bitmap = await createImageBitmap(blob, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' })
  } catch (cause) {
    throw new UndecodableError("The browser can't decode the JPEG frame.", { cause })
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

/** An APP14 segment with transform 0 (ISO/IEC 10918-6 6.5.3). Without a marker, browsers take three components for YCbCr. */
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

/** Checked before decoding: a header of a few bytes may declare an image of many gigabytes. */
function checkShape(shape: Shape, format: PixelFormat): void {
  const isEqual =
    shape.rows === format.rows && shape.columns === format.columns && shape.samplesPerPixel === format.samplesPerPixel
  if (!isEqual) throw new UndecodableError("The size of the frame doesn't match its attributes.")
}

/** Codecs may throw a bare address for a corrupt frame. A RuntimeError is rethrown, because it leaves the module unusable. */
function rethrown<Result>(run: () => Result): Result {
  try {
    return run()
  } catch (cause) {
    if (cause instanceof WebAssembly.RuntimeError || cause instanceof UndecodableError) throw cause
    throw new UndecodableError('The frame is corrupt.', { cause })
  }
}
