/** The pixel data of a file that is made from stored frames: the element with its items or its value, segment by segment. */
import type { App } from '../../app.ts'
import type { Part, Segment } from '../../contract/dicomweb.ts'
import { DicomError } from '../../dicom/dicom-error.ts'
import type { Attributes } from '../../dicom/encode.ts'
import {
  basicOffsetTable,
  extendedTable,
  itemHeader,
  pixelElementHeader,
  SEQUENCE_DELIMITER,
} from '../../dicom/pixel-data-parts.ts'
import { frameBytes, type ImagePixel } from '../../pixel-data/element/image-pixel.ts'
import type { PixelsInFile } from '../../pixel-data/frames-in-file.ts'
import { packBits, unpackNativeFrame } from '../../pixel-data/native/native-pixels.ts'
import { sizeOfRanges } from '../blob-ranges.ts'
import type { StoredFrame } from '../stored-frames.ts'
import { skippedBytes } from './frame-types.ts'
import { decodedBytes, decodeStored, openDecoded, openStored, readStored } from './open-frame.ts'

export interface FileFrames {
  readonly frames: readonly StoredFrame[]
  readonly pixel: ImagePixel
  readonly plan: PixelsInFile
}

interface PixelSegments {
  /** Extended offset tables, where offsets exceed 32 bits. */
  readonly attributes: Attributes
  readonly sizeBytes: number
  segments(): Iterable<Segment>
}

/** The largest even length below the reserved values. */
const LENGTH_MAX = 0xffff_fffe - 2
const ITEM_HEADER_BYTES = 8
const ELEMENT_HEADER_BYTES = 12

const even = (lengthBytes: number): number => lengthBytes + (lengthBytes % 2)
const PAD = Uint8Array.of(0)

/** @throws DicomError where the file could not hold the pixels */
export function pixelSegments(app: App, of: FileFrames): PixelSegments {
  const { form } = of.plan
  return form === 'cells' || form === 'bits' || form === 'unpacked' ? nativeSegments(app, of) : itemSegments(app, of)
}

function nativeSegments(app: App, { frames, pixel, plan }: FileFrames): PixelSegments {
  const isPacked = pixel.bitsAllocated === 1
  const lengthBytes = isPacked ? Math.ceil((frameBytes(pixel) * frames.length) / 8) : frameBytes(pixel) * frames.length
  if (lengthBytes > LENGTH_MAX) {
    throw new DicomError({ reason: 'the uncompressed pixel data is more than the 4 GiB that a file can hold' })
  }
  const isAligned = !isPacked || frameBytes(pixel) % 8 === 0 || frames.length === 1
  const form = { transferSyntaxUID: plan.codestreamSyntaxUID, pixel }
  return {
    attributes: {},
    sizeBytes: ELEMENT_HEADER_BYTES + even(lengthBytes),
    *segments() {
      yield pixelElementHeader(plan.tag, plan.vr, even(lengthBytes))
      if (!isAligned) yield bitsOf(app, { frames, pixel, plan }, lengthBytes)
      else {
        const sizeBytes = decodedBytes(pixel)
        for (const frame of frames) {
          yield {
            sizeBytes,
            open: (part) =>
              plan.form === 'unpacked'
                ? openDecoded(app, frame, { ...form, part })
                : openStored(app, frame, { skipBytes: 0, part }),
          }
        }
      }
      if (lengthBytes % 2 === 1) yield PAD
    },
  }
}

/** Single bits of frames that do not end at a byte: the next frame begins in the bit after (PS3.5 8.1.1). */
const bitsOf = (app: App, of: FileFrames, sizeBytes: number): Segment => ({
  sizeBytes,
  async open(part = { start: 0, length: sizeBytes }) {
    return partOfChunks(packedBits(app, of), part)
  },
})

async function* packedBits(app: App, { frames, pixel, plan }: FileFrames): AsyncGenerator<Uint8Array> {
  const packer = packBits()
  const form = { transferSyntaxUID: plan.codestreamSyntaxUID, pixel }
  for (const frame of frames) {
    if (plan.form === 'unpacked') {
      const { cells, giveBack } = await decodeStored(app, frame, form)
      yield packer.add(cells)
      giveBack()
    } else {
      const stored = await readStored(app, frame)
      yield packer.add(unpackNativeFrame(stored, { ...pixel, isPlanar: false }, { firstBit: 0, littleEndian: true }))
    }
  }
  yield packer.end()
}

async function* partOfChunks(chunks: AsyncIterable<Uint8Array>, { start, length }: Part): AsyncGenerator<Uint8Array> {
  let at = 0
  for await (const chunk of chunks) {
    const from = Math.max(0, start - at)
    const to = Math.min(chunk.length, start + length - at)
    at += chunk.length
    if (from < to) yield chunk.subarray(from, to)
    if (at >= start + length) return
  }
}

/** The frames as items, each one fragment (PS3.5 A.4). */
function itemSegments(app: App, { frames, plan }: FileFrames): PixelSegments {
  const skipBytes = plan.form === 'codestream' ? skippedBytes(plan.transferSyntaxUID, 'image/jphc') : 0
  const sizes = frames.map(({ ranges }) => sizeOfRanges(ranges) - skipBytes)
  if (sizes.some((size) => size > LENGTH_MAX))
    throw new DicomError({ reason: 'a frame is larger than a file can hold' })
  const offsets: number[] = []
  let itemsBytes = 0
  for (const size of sizes) {
    offsets.push(itemsBytes)
    itemsBytes += ITEM_HEADER_BYTES + even(size)
  }
  const isVideo = plan.form === 'video'
  const isExtended = !isVideo && offsets.at(-1)! > LENGTH_MAX
  const table = isVideo || isExtended ? new Uint8Array(0) : basicOffsetTable(offsets)
  const head = Buffer.concat([pixelElementHeader(plan.tag, plan.vr, undefined), itemHeader(table.length), table])
  return {
    attributes: isExtended ? extendedTables(offsets, sizes) : {},
    sizeBytes: head.length + itemsBytes + SEQUENCE_DELIMITER.length,
    *segments() {
      yield head
      for (const [index, frame] of frames.entries()) {
        const sizeBytes = sizes[index]!
        yield itemHeader(even(sizeBytes))
        yield { sizeBytes, open: (part) => openStored(app, frame, { skipBytes, part }) }
        if (sizeBytes % 2 === 1) yield PAD
      }
      yield SEQUENCE_DELIMITER
    },
  }
}

/** PS3.3 C.7.6.3.1.8. */
const extendedTables = (offsets: readonly number[], sizes: readonly number[]): Attributes => ({
  '7FE00001': { vr: 'OV', value: extendedTable(offsets) },
  '7FE00002': { vr: 'OV', value: extendedTable(sizes) },
})
