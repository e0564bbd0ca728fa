/**
 * Converts a native frame to the form that codecs and checksums expect: little endian, one cell per sample, colour by pixel (PS3.5 8.1.1,
 * 8.2; PS3.3 C.7.6.3.1). Every value keeps its bits; chroma that two pixels share in 4:2:2 is copied to both.
 */
import { DicomError } from '../../dicom/dicom-error.ts'
import { cellBytes, frameBytes, type ImagePixel, isYBR422 } from '../element/image-pixel.ts'

interface NativeLayout {
  /** The bit of the first byte at which a frame of single bits begins. */
  readonly firstBit: number
  readonly littleEndian: boolean
}

/**
 * @param frame the bytes of one frame as in the file
 * @returns a copy, or the frame itself where nothing changes
 * @throws DicomError where its length does not match its attributes
 */
export function unpackNativeFrame(frame: Uint8Array, pixel: ImagePixel, layout: NativeLayout): Uint8Array {
  if (pixel.bitsAllocated === 1) return unpackBits(frame, pixel, layout.firstBit)
  if (isYBR422(pixel)) return fullChroma(frame, pixel)
  if (frame.length !== frameBytes(pixel)) throw new DicomError({ reason: 'the frame is not as long as its shape' })
  const ordered = layout.littleEndian ? frame : swapped(frame, cellBytes(pixel))
  return pixel.isPlanar ? byPixel(ordered, pixel) : ordered
}

/** Aligns a frame of single bits: it begins with the lowest bit of its first byte, and unused bits are 0. */
export function alignBits(frame: Uint8Array, pixel: ImagePixel, firstBit: number): Uint8Array<ArrayBuffer> {
  const bits = pixel.rows * pixel.columns * pixel.samplesPerPixel
  checkBits(frame, firstBit + bits)
  const aligned = new Uint8Array(Math.ceil(bits / 8))
  for (let index = 0; index < aligned.length; index++) {
    aligned[index] = (frame[index]! >> firstBit) | ((frame[index + 1] ?? 0) << (8 - firstBit))
  }
  if (bits % 8 !== 0) aligned[aligned.length - 1]! &= (1 << (bits % 8)) - 1
  return aligned
}

/** Packs single bits frame after frame: the next frame begins in the bit after the last one (PS3.5 8.1.1). */
interface BitPacker {
  /** @param cells one byte per bit; @returns the bytes that are complete */
  add(cells: Uint8Array): Uint8Array
  /** The last byte, if it is not complete. */
  end(): Uint8Array
}

export function packBits(): BitPacker {
  let pending = 0
  let count = 0
  return {
    add(cells) {
      const bytes = new Uint8Array(Math.floor((count + cells.length) / 8))
      let at = 0
      for (const cell of cells) {
        pending |= (cell & 1) << count
        count += 1
        if (count < 8) continue
        bytes[at++] = pending
        pending = 0
        count = 0
      }
      return bytes
    },
    end: () => (count === 0 ? new Uint8Array(0) : Uint8Array.of(pending)),
  }
}

function unpackBits(frame: Uint8Array, pixel: ImagePixel, firstBit: number): Uint8Array {
  const bits = pixel.rows * pixel.columns * pixel.samplesPerPixel
  checkBits(frame, firstBit + bits)
  const cells = new Uint8Array(bits)
  for (let index = 0; index < bits; index++) {
    const bit = firstBit + index
    cells[index] = (frame[bit >> 3]! >> (bit & 7)) & 1
  }
  return pixel.isPlanar ? byPixel(cells, pixel) : cells
}

function checkBits(frame: Uint8Array, bits: number): void {
  if (frame.length * 8 < bits) throw new DicomError({ reason: 'the frame is not as long as its shape' })
}

/** Converts Y Y Cb Cr for two pixels to Y Cb Cr for each. */
function fullChroma(frame: Uint8Array, pixel: ImagePixel): Uint8Array {
  const pixels = pixel.rows * pixel.columns
  if (pixel.bitsAllocated !== 8 || pixel.columns % 2 !== 0) {
    throw new DicomError({
      reason: 'chroma for every second pixel needs 8 bits a sample and an even number of columns',
    })
  }
  if (frame.length !== pixels * 2) throw new DicomError({ reason: 'the frame is not as long as its shape' })
  const full = new Uint8Array(pixels * 3)
  for (let from = 0, to = 0; from < frame.length; from += 4, to += 6) {
    full[to] = frame[from]!
    full[to + 3] = frame[from + 1]!
    full[to + 1] = full[to + 4] = frame[from + 2]!
    full[to + 2] = full[to + 5] = frame[from + 3]!
  }
  return full
}

function swapped(frame: Uint8Array, sizeBytes: number): Uint8Array {
  if (sizeBytes === 1) return frame
  const copy = Buffer.from(frame)
  if (sizeBytes === 2) return copy.swap16()
  return sizeBytes === 4 ? copy.swap32() : copy.swap64()
}

/** From planes to pixels. */
export function byPixel(
  planes: Uint8Array,
  pixel: Pick<ImagePixel, 'rows' | 'columns' | 'samplesPerPixel' | 'bitsAllocated'>,
): Uint8Array {
  const size = cellBytes(pixel)
  const samples = pixel.samplesPerPixel
  const pixels = pixel.rows * pixel.columns
  const cells = new Uint8Array(planes.length)
  for (let sample = 0; sample < samples; sample++) {
    let from = sample * pixels * size
    for (let to = sample * size; to < cells.length; to += samples * size) {
      for (let byte = 0; byte < size; byte++) cells[to + byte] = planes[from++]!
    }
  }
  return cells
}
