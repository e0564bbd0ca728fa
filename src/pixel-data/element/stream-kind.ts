/** Recognises the codec of a compressed frame by its first bytes, independently of the file's transfer syntax. */

import { DicomError } from '../../dicom/dicom-error.ts'
import {
  type FrameCodec,
  HTJ2K,
  HTJ2KLossless,
  JPEG2000,
  JPEG2000Lossless,
  JPEGBaseline,
  JPEGExtended,
  JPEGLossless,
  JPEGLSLossless,
  JPEGXL,
  RLELossless,
} from '../../dicom/transfer-syntaxes.ts'
import { parseCodestream } from '../jpeg2000/codestream.ts'
import { findCodestream } from '../jpeg2000/jp2-boxes.ts'

export interface StreamKind {
  readonly name: string
  /** The codecs whose transfer syntaxes may contain this stream. */
  readonly codecs: readonly FrameCodec[]
  /** The transfer syntax to read it by; undefined where none is supported. */
  readonly transferSyntaxUID: string | undefined
}

/** How much of a frame is read. In JPEG, marker segments of up to 64 KiB each may precede the frame header. */
export const STREAM_BEGINNING_BYTES = 256 * 1024

const JPEG_XL: StreamKind = { name: 'JPEG XL', codecs: ['jpeg-xl'], transferSyntaxUID: JPEGXL }
const RLE: StreamKind = { name: 'RLE', codecs: ['rle'], transferSyntaxUID: RLELossless }
/** By the marker of the frame header (ITU-T T.81 B.1.1.3, T.87 C.1.1). */
const JPEG: Readonly<Record<number, StreamKind>> = {
  192: { name: 'baseline JPEG', codecs: ['jpeg-baseline', 'jpeg-extended'], transferSyntaxUID: JPEGBaseline },
  193: { name: 'extended JPEG', codecs: ['jpeg-extended'], transferSyntaxUID: JPEGExtended },
  194: { name: 'progressive JPEG', codecs: [], transferSyntaxUID: undefined },
  195: { name: 'lossless JPEG', codecs: ['jpeg-lossless'], transferSyntaxUID: JPEGLossless },
  247: { name: 'JPEG-LS', codecs: ['jpeg-ls'], transferSyntaxUID: JPEGLSLossless },
}

/** @returns undefined where the bytes match no known stream */
export function streamKindOf(beginning: Uint8Array): StreamKind | undefined {
  const hex = Buffer.from(beginning.subarray(0, 8)).toString('hex')
  if (hex.startsWith('ffd8ff')) return jpegKindOf(beginning)
  if (hex.startsWith('ff4fff51') || hex === '0000000c6a502020') return jpeg2000KindOf(beginning)
  if (hex.startsWith('ff0a') || hex === '0000000c4a584c20') return JPEG_XL
  return isRLE(beginning) ? RLE : undefined
}

function jpegKindOf(beginning: Uint8Array): StreamKind | undefined {
  const view = new DataView(beginning.buffer, beginning.byteOffset, beginning.length)
  for (let at = 2; at + 4 <= beginning.length && beginning[at] === 0xff; ) {
    const marker = beginning[at + 1]!
    if (JPEG[marker] !== undefined) return JPEG[marker]
    // Fill bytes FF may precede a marker (B.1.1.2).
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2)
  }
  return undefined
}

function jpeg2000KindOf(beginning: Uint8Array): StreamKind | undefined {
  try {
    const { isHighThroughput, isReversible } = parseCodestream(beginning.subarray(findCodestream(beginning).start))
    return isHighThroughput
      ? { name: 'HTJ2K', codecs: ['htj2k'], transferSyntaxUID: isReversible ? HTJ2KLossless : HTJ2K }
      : { name: 'JPEG 2000', codecs: ['jpeg2000'], transferSyntaxUID: isReversible ? JPEG2000Lossless : JPEG2000 }
  } catch (error) {
    if (!(error instanceof DicomError)) throw error
    return undefined
  }
}

/** PS3.5 G.5: the number of segments and their offsets; the first segment follows the header. */
function isRLE(beginning: Uint8Array): boolean {
  if (beginning.length < 64) return false
  const view = new DataView(beginning.buffer, beginning.byteOffset, 64)
  const segments = view.getUint32(0, true)
  if (segments < 1 || segments > 15 || view.getUint32(4, true) !== 64) return false
  for (let index = 1; index < 15; index++) {
    const [before, offset] = [view.getUint32(4 * index, true), view.getUint32(4 + 4 * index, true)]
    if (index < segments ? offset <= before : offset !== 0) return false
  }
  return true
}
