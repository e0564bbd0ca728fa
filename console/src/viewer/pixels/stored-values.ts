/** The stored values of a decoded frame (PS3.5 8.1.1): BitsStored bits of each cell, with their sign. */
import type { StackImage } from '../stack/stack.ts'
import { numberOf, textOf } from '../stack/values.ts'

export type Samples = Uint8Array | Uint16Array | Uint32Array | BigUint64Array | Float32Array | Float64Array

export interface PixelFormat {
  readonly rows: number
  readonly columns: number
  readonly samplesPerPixel: number
  readonly bitsAllocated: number
  readonly bitsStored: number
  readonly highBit: number
  readonly isSigned: boolean
  readonly isFloat: boolean
  readonly photometricInterpretation: string
}

export function pixelFormatOf(image: StackImage): PixelFormat {
  const number = (keyword: string) => numberOf(image.instance[keyword])
  const bitsAllocated = number('BitsAllocated') ?? 16
  // The Floating Point Image Pixel Module has neither attribute (PS3.3 C.7.6.24).
  const isFloat =
    bitsAllocated >= 32 && number('BitsStored') === undefined && number('PixelRepresentation') === undefined
  const bitsStored = number('BitsStored') ?? bitsAllocated
  return {
    rows: number('Rows') ?? 0,
    columns: number('Columns') ?? 0,
    samplesPerPixel: number('SamplesPerPixel') ?? 1,
    bitsAllocated,
    bitsStored,
    highBit: number('HighBit') ?? bitsStored - 1,
    isSigned: number('PixelRepresentation') === 1,
    isFloat,
    photometricInterpretation: textOf(image.instance.PhotometricInterpretation) || 'MONOCHROME2',
  }
}

export const cellBytes = ({ bitsAllocated }: Pick<PixelFormat, 'bitsAllocated'>): number => Math.ceil(bitsAllocated / 8)

/** Reads the stored value of a cell. Other bits of the cell, such as overlays, are ignored. */
export function storedValueReader(format: PixelFormat): (cell: number) => number {
  const { bitsStored, highBit, isSigned, isFloat } = format
  if (isFloat) return (cell) => cell
  const shiftBits = Math.max(0, highBit + 1 - bitsStored)
  if (format.bitsAllocated <= 16) {
    const unusedBits = 32 - bitsStored
    return isSigned
      ? (cell) => ((cell >> shiftBits) << unusedBits) >> unusedBits
      : (cell) => ((cell >> shiftBits) << unusedBits) >>> unusedBits
  }
  const shift = 2 ** shiftBits
  const range = 2 ** bitsStored
  const half = range / 2
  // Bit operations would treat 32-bit cells as signed.
  return (cell) => {
    const value = Math.floor(cell / shift) % range
    return isSigned && value >= half ? value - range : value
  }
}

/** Copies little-endian bytes to an array of cells. @throws RangeError if there are too few bytes */
export function samplesOf(bytes: Uint8Array, format: PixelFormat): Samples {
  const { rows, columns, samplesPerPixel, bitsAllocated, isFloat } = format
  const count = rows * columns * samplesPerPixel
  if (bytes.length * 8 < count * bitsAllocated) throw new RangeError('the frame has fewer pixels than Rows x Columns')
  if (bitsAllocated === 1) return Uint8Array.from({ length: count }, (_, at) => (bytes[at >> 3]! >> (at & 7)) & 1)
  const buffer = bytes.slice(0, count * cellBytes(format)).buffer
  if (bitsAllocated <= 8) return new Uint8Array(buffer)
  if (bitsAllocated <= 16) return new Uint16Array(buffer)
  if (bitsAllocated <= 32) return isFloat ? new Float32Array(buffer) : new Uint32Array(buffer)
  return isFloat ? new Float64Array(buffer) : new BigUint64Array(buffer)
}
