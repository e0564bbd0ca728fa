/** Measures the cells of a decoded frame: the least and the greatest stored value, and how many bits every cell fits into. */
import { cellBytes, type ImagePixel } from '../element/image-pixel.ts'
import { type Cells, extremesOf } from './extreme-values.ts'

export interface PixelValues {
  /** Stored values, before any rescale: the bits from HighBit down, with their sign. Over all samples of a colour image. */
  readonly min: number
  readonly max: number
  /** The least precision, at least `bitsStored`, that holds every cell unchanged, including bits above HighBit. */
  readonly precision: number
}

/** @param cells little endian, any number of whole cells; at most 32 bits each */
export function measurePixels(cells: Uint8Array, pixel: ImagePixel): PixelValues {
  const values = viewOf(cells, pixel)
  const { min, max } = extremesOf(values)
  const { bitsStored, bitsAllocated, isSigned, highBit } = pixel
  const half = 2 ** (bitsStored - 1)
  const fits = isSigned ? min >= -half && max < half : max < 2 * half
  if (fits && highBit === bitsStored - 1) return { min, max, precision: bitsStored }
  return { ...storedRange(values, pixel), precision: fits ? bitsStored : bitsAllocated }
}

/** Where overlays or unextended signs surround the stored bits, only the stored bits count. */
function storedRange(values: Iterable<number>, { bitsStored, highBit, isSigned }: ImagePixel) {
  const shift = highBit + 1 - bitsStored
  const span = 2 ** bitsStored
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (const cell of values) {
    let value = Math.floor((cell < 0 ? cell + 2 ** 32 : cell) / 2 ** shift) % span
    if (isSigned && value >= span / 2) value -= span
    if (value < min) min = value
    if (value > max) max = value
  }
  return { min, max }
}

function viewOf(cells: Uint8Array, pixel: ImagePixel): Cells {
  const size = cellBytes(pixel)
  const aligned = cells.byteOffset % size === 0 ? cells : cells.slice()
  const { buffer, byteOffset } = aligned
  const count = Math.floor(aligned.length / size)
  if (size === 1) return pixel.isSigned ? new Int8Array(buffer, byteOffset, count) : aligned
  if (size === 2) {
    return pixel.isSigned ? new Int16Array(buffer, byteOffset, count) : new Uint16Array(buffer, byteOffset, count)
  }
  return pixel.isSigned ? new Int32Array(buffer, byteOffset, count) : new Uint32Array(buffer, byteOffset, count)
}
