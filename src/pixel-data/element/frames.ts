/**
 * Extracts frames from pixel data (PS3.5 8.1.1 native, A.4 encapsulated): finds the place of each frame without reading it. Inconsistencies
 * are returned as values, with the names of AWS's "Warning codes".
 */
import type { ByteRange } from '../../dicom/byte-source.ts'
import { ITEM_HEADER_BYTES, type PixelItems } from '../../dicom/pixel-items.ts'
import { type ImagePixel, isYBR422 } from './image-pixel.ts'
import { framesByBasicTable, framesByExtendedTable, type OffsetTables } from './offset-tables.ts'

/** Where one frame lies, in order; several ranges if it is spread over fragments. */
export interface FramePlace {
  readonly ranges: readonly ByteRange[]
  /** The bit of the first byte at which a frame of single bits begins, lowest first: such frames follow each other without padding. */
  readonly firstBit: number
}

export type FrameFault = 'FramesExtractionFailure' | 'FrameNumberMismatch' | 'InvalidOffsetTable'

interface FrameWarning {
  readonly type: FrameFault
  readonly message: string
}

/** Places are computed on demand: an instance may have a hundred thousand frames. */
export interface FrameExtraction {
  readonly count: number
  /** @param index from 0, below `count` */
  place(index: number): FramePlace
  /** The frames were extracted, but something is inconsistent: they may not be what the writer meant. */
  readonly warning?: FrameWarning
}

/** No frame can be extracted. */
export interface NotExtracted {
  readonly count: 0
  readonly warning: FrameWarning
}

const notExtracted = (type: FrameFault, message: string): NotExtracted => ({ count: 0, warning: { type, message } })

/** Frames of uncompressed pixel data, whose value is `lengthBytes` long from `offsetBytes`. */
export function extractNativeFrames(pixel: ImagePixel, value: ByteRange): FrameExtraction | NotExtracted {
  const frameBits = nativeFrameBits(pixel)
  const count = pixel.numberOfFrames
  if (value.lengthBytes < Math.ceil((frameBits * count) / 8)) {
    const there = Math.floor((value.lengthBytes * 8) / frameBits)
    return there === 0
      ? notExtracted('FramesExtractionFailure', 'The pixel data is shorter than one frame')
      : notExtracted(
          'FrameNumberMismatch',
          `The pixel data has room for ${there} frames where NumberOfFrames says ${count}`,
        )
  }
  const surplusBits = value.lengthBytes * 8 - frameBits * count
  const warning: FrameWarning = { type: 'FrameNumberMismatch', message: 'The pixel data is longer than its frames' }
  return {
    count,
    place(index) {
      const firstBit = (frameBits * index) % 8
      const start = Math.floor((frameBits * index) / 8)
      const lengthBytes = Math.ceil((firstBit + frameBits) / 8)
      return { ranges: [{ offsetBytes: value.offsetBytes + start, lengthBytes }], firstBit }
    },
    ...(surplusBits >= Math.max(frameBits, 16) ? { warning } : {}),
  }
}

/** Bits of a frame in native pixel data: 4:2:2 has chroma only for every second pixel (PS3.3 C.7.6.3.1.2). */
function nativeFrameBits(pixel: ImagePixel): number {
  const samples = isYBR422(pixel) ? 2 : pixel.samplesPerPixel
  return pixel.rows * pixel.columns * samples * pixel.bitsAllocated
}

interface EncapsulatedFrames {
  readonly numberOfFrames: number
  readonly items: PixelItems
  /** The values of ExtendedOffsetTable and ExtendedOffsetTableLengths, where present. */
  readonly extended?: { readonly offsets: Uint8Array; readonly lengths: Uint8Array | undefined }
  /** All fragments are one stream: a video is one object, whatever NumberOfFrames is. */
  readonly isVideo?: boolean
}

export function extractEncapsulatedFrames(source: EncapsulatedFrames): FrameExtraction | NotExtracted {
  const { items } = source
  const numberOfFrames = source.isVideo ? 1 : source.numberOfFrames
  const fragments = items.lengths.length
  if (fragments === 0) return notExtracted('FramesExtractionFailure', 'The pixel data has no fragment')
  const tables: OffsetTables = { numberOfFrames, items, extended: source.extended }
  const byTable = source.isVideo ? undefined : (framesByExtendedTable(tables) ?? framesByBasicTable(tables))
  if (byTable !== undefined && byTable !== 'invalid') return framesOfFragments(items, byTable)
  const starts = startsWithoutTable(items, numberOfFrames)
  if (starts === undefined) {
    if (byTable === 'invalid' && fragments >= numberOfFrames) {
      return notExtracted('InvalidOffsetTable', 'The offset table does not point at the fragments')
    }
    const message = `The pixel data has ${fragments} fragments where NumberOfFrames says ${numberOfFrames}`
    return notExtracted('FrameNumberMismatch', message)
  }
  const cut = framesOfFragments(items, { firstFragments: starts })
  const message = 'The offset table does not point at the fragments; frame boundaries were taken from the fragments'
  return byTable === 'invalid' ? { ...cut, warning: { type: 'InvalidOffsetTable', message } } : cut
}

/** Frame boundaries without an offset table: one frame of all fragments, one fragment per frame, or fragments that start a codestream. */
function startsWithoutTable(items: PixelItems, numberOfFrames: number): readonly number[] | undefined {
  const fragments = items.lengths.length
  if (numberOfFrames === 1) return [0]
  if (fragments === numberOfFrames) return items.lengths.map((_, index) => index)
  if (fragments < numberOfFrames) return undefined
  const starts: number[] = []
  items.beginnings.forEach((beginning, index) => {
    if (isCodestreamStart(beginning)) starts.push(index)
  })
  return starts.length === numberOfFrames && starts[0] === 0 ? starts : undefined
}

/** SOI of JPEG and JPEG-LS, SOC and SIZ of JPEG 2000, a JP2 or JPEG XL box, a bare JPEG XL codestream. */
function isCodestreamStart(beginning: number): boolean {
  return (
    beginning >>> 8 === 0xffd8ff || beginning === 0xff4fff51 || beginning === 0x0000000c || beginning >>> 16 === 0xff0a
  )
}

function framesOfFragments(
  items: PixelItems,
  frames: { readonly firstFragments: readonly number[]; readonly lengths?: readonly number[] },
): FrameExtraction {
  const { firstFragments, lengths } = frames
  return {
    count: firstFragments.length,
    place(index) {
      const end = firstFragments[index + 1] ?? items.lengths.length
      const ranges: ByteRange[] = []
      let left = lengths?.[index] ?? Number.POSITIVE_INFINITY
      for (let fragment = firstFragments[index]!; fragment < end && left > 0; fragment++) {
        const lengthBytes = Math.min(items.lengths[fragment]!, left)
        left -= lengthBytes
        ranges.push({ offsetBytes: items.itemOffsets[fragment]! + ITEM_HEADER_BYTES, lengthBytes })
      }
      return { ranges, firstBit: 0 }
    },
  }
}
