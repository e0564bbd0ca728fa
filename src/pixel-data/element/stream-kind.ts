/** What a compressed frame is by its own first bytes, whatever the transfer syntax of its file says. */

import { DicomError } from '../../dicom/dicom-error.ts'
import { parseCodestream } from '../jpeg2000/codestream.ts'
import { findCodestream } from '../jpeg2000/jp2-boxes.ts'

export interface StreamKind {
  readonly name: string
  /** The transfer syntaxes that may hold it, by their endings. The first is the one to read it by. */
  readonly endings: readonly string[]
}

/** As many bytes of a frame are looked at: a marker segment before the frame header of JPEG has up to 64 KiB. */
export const STREAM_BEGINNING_BYTES = 256 * 1024

const JPEG_XL: StreamKind = { name: 'JPEG XL', endings: ['.4.112'] }
const RLE: StreamKind = { name: 'RLE', endings: ['.5'] }
/** By the marker of the frame header (ITU-T T.81 B.1.1.3, T.87 C.1.1). */
const JPEG: Readonly<Record<number, StreamKind>> = {
  192: { name: 'baseline JPEG', endings: ['.4.50', '.4.51'] },
  193: { name: 'extended JPEG', endings: ['.4.51'] },
  194: { name: 'progressive JPEG', endings: [] },
  195: { name: 'lossless JPEG', endings: ['.4.57', '.4.70'] },
  247: { name: 'JPEG-LS', endings: ['.4.80', '.4.81'] },
}

/** @returns undefined where the bytes do not tell */
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
    // A marker may have more than one byte of FF before it (B.1.1.2).
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2)
  }
  return undefined
}

function jpeg2000KindOf(beginning: Uint8Array): StreamKind | undefined {
  try {
    const { isHighThroughput, isReversible } = parseCodestream(beginning.subarray(findCodestream(beginning).start))
    if (isHighThroughput) return { name: 'HTJ2K', endings: isReversible ? HTJ2K : HTJ2K.toReversed() }
    return { name: 'JPEG 2000', endings: isReversible ? JPEG_2000 : ['.4.91', ...JPEG_2000] }
  } catch (error) {
    if (!(error instanceof DicomError)) throw error
    return undefined
  }
}

const HTJ2K = ['.4.201', '.4.202', '.4.203']
const JPEG_2000 = ['.4.90', '.4.91', '.4.92', '.4.93']

/** PS3.5 G.5: the number of segments, and where each begins, the first right behind the header. */
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
