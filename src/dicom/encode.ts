/**
 * Writes a DICOM file (PS3.10 7.1): preamble, file meta information, data set and pixel data, in any transfer syntax for which the caller
 * supplies frames. The demo data and the tests use it to make files.
 */

import { deflateRawSync } from 'node:zlib'
import { concatenate, encodeAttributes, encodeAttributesAround, type Spelling } from './encode-elements.ts'
import type { Attributes } from './encode-values.ts'
import { EXPLICIT_LITTLE_ENDIAN, encodeMeta, preamble } from './file-start.ts'
import { basicOffsetTable, evenLength, itemHeader, SEQUENCE_DELIMITER } from './pixel-data-parts.ts'
import { transferSyntaxOf } from './transfer-syntaxes.ts'

export type { Attributes, AttributeValue, ElementValue } from './encode-values.ts'

export {
  DeflatedExplicitVRLittleEndian,
  ExplicitVRBigEndian,
  ExplicitVRLittleEndian,
  HTJ2KLossless,
  HTJ2KLosslessRPCL,
  ImplicitVRLittleEndian,
  RLELossless,
} from './transfer-syntaxes.ts'

/** Pixels by frame; native 16-bit pixels in little endian, regardless of the transfer syntax. */
export interface FramesToEncode {
  frames: readonly Uint8Array[]
  /** Encapsulated only: splits each frame into fragments of at most this many bytes (even). Absent: one fragment per frame. */
  fragmentSizeBytes?: number
  /** Encapsulated only: `empty` leaves the basic offset table empty (allowed by PS3.5 A.4). */
  offsetTable?: 'full' | 'empty'
}

export interface FileToEncode {
  transferSyntaxUID: string
  /** By keyword or `GGGGEEEE`; `undefined` is absent, `null` present and empty. Written in tag order. */
  attributes: Attributes
  pixelData?: FramesToEncode
  /** Adds to or overrides the file meta information (`undefined` removes an element); `false` omits it. */
  meta?: Attributes | false
  /** `false` omits the 128 zero bytes and `DICM`. */
  preamble?: boolean
  /** How the lengths of sequences and items are written (PS3.5 7.5). Default: `defined`. */
  sequenceLength?: Spelling['sequenceLength']
}

/**
 * The bytes of a P10 file. An unknown transfer syntax is written as explicit VR little endian.
 * @throws DicomError for an unknown name, or a value that does not fit its VR or character set
 */
export function encodeP10(file: FileToEncode): Uint8Array {
  const syntax = transferSyntaxOf(file.transferSyntaxUID)
  const spelling: Spelling = {
    littleEndian: syntax?.littleEndian ?? true,
    explicitVR: syntax?.explicitVR ?? true,
    sequenceLength: file.sequenceLength ?? 'defined',
  }
  const parts: Uint8Array[] = []
  if (file.preamble !== false) parts.push(preamble())
  if (file.meta !== false) parts.push(encodeMeta(file, file.meta ?? {}))

  const dataSet = encodeAttributes(withPixelData(file, syntax?.encapsulated ?? false), spelling)
  parts.push(syntax?.deflated === true ? evenLength(deflateRawSync(dataSet)) : dataSet)
  return concatenate(parts)
}

/** The parts of a file before and after its pixel data, for callers that write frames one by one. */
interface FileAroundPixels {
  /** Preamble, file meta information and data set up to the element with the pixels. */
  before: Uint8Array
  after: Uint8Array
}

/**
 * Like encodeP10, in explicit VR little endian or an encapsulated syntax, around the element `tag`.
 * @throws DicomError as encodeP10 does
 */
export function encodeP10Around(
  tag: string,
  file: Pick<FileToEncode, 'transferSyntaxUID' | 'attributes' | 'meta'>,
): FileAroundPixels {
  const { before, after } = encodeAttributesAround(tag, file.attributes, EXPLICIT_LITTLE_ENDIAN)
  const meta = file.meta === false ? [] : [encodeMeta(file, file.meta ?? {})]
  return { before: concatenate([preamble(), ...meta, before]), after }
}

/** A bare data set, without preamble and file meta information; pixel data only as a plain attribute. */
export function encodeDataSet(attributes: Attributes, options?: Partial<Spelling>): Uint8Array {
  return encodeAttributes(attributes, { littleEndian: true, explicitVR: true, sequenceLength: 'defined', ...options })
}

function withPixelData({ attributes, pixelData }: FileToEncode, encapsulated: boolean): Attributes {
  if (pixelData === undefined) return attributes
  if (encapsulated) {
    return { ...attributes, PixelData: { vr: 'OB', value: encapsulate(pixelData), undefinedLength: true } }
  }
  const vr = Number(attributes.BitsAllocated ?? 8) > 8 ? 'OW' : 'OB'
  return { ...attributes, PixelData: { vr, value: concatenate(pixelData.frames) } }
}

/** A basic offset table, the frames as items, and the sequence delimiter (PS3.5 A.4). */
function encapsulate({ frames, fragmentSizeBytes, offsetTable = 'full' }: FramesToEncode): Uint8Array {
  const fragments: Uint8Array[] = []
  const offsets: number[] = []
  let offset = 0
  for (const frame of frames) {
    offsets.push(offset)
    const step = fragmentSizeBytes ?? Math.max(frame.length, 1)
    for (let start = 0; start < Math.max(frame.length, 1); start += step) {
      const fragment = evenLength(frame.subarray(start, start + step))
      fragments.push(itemHeader(fragment.length), fragment)
      offset += 8 + fragment.length
    }
  }
  const table = basicOffsetTable(offsetTable === 'full' ? offsets : [])
  return concatenate([itemHeader(table.length), table, ...fragments, SEQUENCE_DELIMITER])
}
