/** One frame, as it lies in a file of any transfer syntax, to its pixels: a cell a sample, by pixel, little endian. */

import { DicomError } from '../../dicom/dicom-error.ts'
import { transferSyntaxOf } from '../../dicom/transfer-syntaxes.ts'
import { cellBytes, type ImagePixel, withFullChroma } from '../element/image-pixel.ts'
import type { HTJ2KCodec } from '../htj2k/htj2k.ts'
import { decodeJPEG } from '../jpeg/jpeg.ts'
import { readJPEGLSSize } from '../jpeg-ls/jpeg-ls-header.ts'
import { type Codestream, parseCodestream } from '../jpeg2000/codestream.ts'
import { findCodestream } from '../jpeg2000/jp2-boxes.ts'
import type { JPEG2000Codec } from '../jpeg2000/jpeg2000.ts'
import { unpackNativeFrame } from '../native/native-pixels.ts'
import { decodeRLEFrame } from '../rle/rle.ts'
import type { DecodedPicture } from '../wasm/codec-module.ts'
import type { Codecs } from './codecs.ts'

export interface FrameToDecode {
  readonly bytes: Uint8Array
  readonly transferSyntaxUID: string
  readonly pixel: ImagePixel
  readonly firstBit: number
  readonly littleEndian: boolean
}

export interface FramePixels {
  /** In cells of BitsAllocated; single bits have a byte each. */
  readonly cells: Uint8Array
  /** What the cells are: as the file says, with chroma for every pixel; RGB where a codec has undone a transform that is part of it. */
  readonly photometricInterpretation: string
  /** The JPEG 2000 codestream that the frame is, where it is one: it may be stored as it came. */
  readonly codestream?: { readonly header: Codestream; readonly bytes: Uint8Array; readonly transferSyntaxUID: string }
}

/** @throws DicomError, CodecError where the frame is broken or not what its attributes say; what an engine throws leaves it unfit */
export async function decodeFrame(frame: FrameToDecode, codecs: Codecs): Promise<FramePixels> {
  const { bytes, transferSyntaxUID, pixel } = frame
  const photometricInterpretation = withFullChroma(pixel.photometricInterpretation)
  switch (transferSyntaxOf(transferSyntaxUID)?.codec) {
    case 'rle':
      return { cells: decodeRLEFrame(bytes, pixel), photometricInterpretation }
    case 'jpeg-baseline':
    case 'jpeg-extended':
    case 'jpeg-lossless':
      return decodeJPEGFrame(bytes, pixel)
    case 'jpeg-ls': {
      checkShape(readJPEGLSSize(bytes), pixel)
      const picture = (await codecs.jpegLS()).decode(bytes)
      return { cells: inCells(picture, pixel), photometricInterpretation }
    }
    case 'jpeg2000':
    case 'htj2k':
      return decodeCodestream(frame, codecs)
    default:
      return { cells: unpackNativeFrame(bytes, pixel, frame), photometricInterpretation }
  }
}

function decodeJPEGFrame(bytes: Uint8Array, pixel: ImagePixel): FramePixels {
  const isYBR = pixel.photometricInterpretation.startsWith('YBR')
  const picture = decodeJPEG(bytes, { isYBR, pixelsMax: pixel.rows * pixel.columns })
  return {
    cells: inCells({ ...picture, isSigned: false }, pixel),
    photometricInterpretation: picture.isRGB ? 'RGB' : withFullChroma(pixel.photometricInterpretation),
  }
}

async function decodeCodestream(
  { bytes, pixel, transferSyntaxUID }: FrameToDecode,
  codecs: Codecs,
): Promise<FramePixels> {
  const { start, end } = findCodestream(bytes)
  const codestream = bytes.subarray(start, end)
  const header = parseCodestream(codestream)
  checkShape({ ...header, samplesPerPixel: header.components.length }, pixel)
  const codec = header.isHighThroughput ? await codecs.htj2k() : await codecs.jpeg2000()
  const isTransformed = /^YBR_(RCT|ICT)$/.test(pixel.photometricInterpretation) || header.hasColourTransform
  return {
    cells: inCells(decodeSigned(codec, codestream, header), pixel),
    photometricInterpretation: isTransformed ? 'RGB' : withFullChroma(pixel.photometricInterpretation),
    codestream: { header, bytes: codestream, transferSyntaxUID },
  }
}

/** Where the description of the first component lies: SIZ comes first of all (ISO/IEC 15444-1 A.5.1), and each has three bytes. */
const SSIZ_OFFSET = 42

/** The codecs' builds give signed samples of a byte wrong. Called unsigned, the same samples come out half a range higher. */
function decodeSigned(
  codec: HTJ2KCodec | JPEG2000Codec,
  codestream: Uint8Array,
  { components }: Codestream,
): DecodedPicture {
  const { bitsPerSample, isSigned } = components[0]!
  if (components.some((each) => each.isSigned !== isSigned || each.bitsPerSample !== bitsPerSample)) {
    throw new DicomError({ reason: 'the frame has components of different precision' })
  }
  if (!isSigned || bitsPerSample > 8) return codec.decode(codestream)
  const unsigned = new Uint8Array(codestream)
  components.forEach((_, index) => {
    unsigned[SSIZ_OFFSET + 3 * index] = bitsPerSample - 1
  })
  const picture = codec.decode(unsigned)
  const half = 2 ** (bitsPerSample - 1)
  return { ...picture, isSigned: true, cells: picture.cells.map((cell) => cell - half) }
}

interface Shape {
  readonly rows: number
  readonly columns: number
  readonly samplesPerPixel: number
}

/** Looked at before a codec is: a header of a few bytes may promise a picture of many gigabytes. */
function checkShape(shape: Shape, pixel: ImagePixel): void {
  const isSame =
    shape.rows === pixel.rows && shape.columns === pixel.columns && shape.samplesPerPixel === pixel.samplesPerPixel
  if (!isSame) throw new DicomError({ reason: 'the frame has another shape than its attributes say' })
}

/** Widens samples to the cells of BitsAllocated, with their sign where the codec knows of one. */
function inCells(picture: DecodedPicture, pixel: ImagePixel): Uint8Array {
  checkShape(picture, pixel)
  const from = picture.bitsPerSample > 8 ? 2 : 1
  const to = cellBytes(pixel)
  if (from === to) return picture.cells
  if (from > to) throw new DicomError({ reason: 'the frame has samples that are wider than BitsAllocated' })
  const samples = picture.cells.length / from
  const cells = new Uint8Array(samples * to)
  for (let sample = 0; sample < samples; sample++) {
    for (let byte = 0; byte < from; byte++) cells[sample * to + byte] = picture.cells[sample * from + byte]!
    const isNegative = picture.isSigned && picture.cells[sample * from + from - 1]! >= 0x80
    if (isNegative) cells.fill(0xff, sample * to + from, (sample + 1) * to)
  }
  return cells
}
