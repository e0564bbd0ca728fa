/**
 * The grayscale pipeline (PS3.4 N.2; PS3.3 C.11.1, C.11.2): the bits of a cell, the Modality LUT, the VOI LUT or a window, and MONOCHROME1, to
 * grey values of 8 bits. For cells of up to 16 bits it is one table.
 */
import { cellBytes, type ImagePixel } from '../element/image-pixel.ts'
import type { GreyDisplay, LookupTable, Window } from './rendering.ts'

type Transform = (value: number) => number

/** Writes the grey values of some cells. */
type GreyValues = (cells: { readonly from: number; readonly count: number }, into: Uint8Array) => void

/** @param cells of a whole frame */
export function greyValuesOf(
  cells: Uint8Array,
  { pixel, display, isFloat }: { pixel: ImagePixel; display: GreyDisplay; isFloat: boolean },
): GreyValues {
  const size = cellBytes(pixel)
  if (size > 2 || isFloat) {
    const values = wideValues(cells, pixel, isFloat)
    const transform = transformOf(display, { pixel, values: () => values })
    return ({ from, count }, into) => {
      for (let at = 0; at < count; at++) into[at] = byteOf(transform(values[from + at]!))
    }
  }
  const words = size === 1 ? cells : wordsOf(cells)
  const storedOf = storedValue(pixel)
  const transform = transformOf(display, { pixel, values: () => occurring(words, { size, storedOf }) })
  const table = new Uint8Array(256 ** size)
  for (let cell = 0; cell < table.length; cell++) table[cell] = byteOf(transform(storedOf(cell)))
  return ({ from, count }, into) => {
    for (let at = 0; at < count; at++) into[at] = table[words[from + at]!]!
  }
}

/** A number that is not one is black. */
const byteOf = (share: number): number => (share > 0 ? Math.round(Math.min(1, share) * 255) : 0)

/** The value that the bits from HighBit down hold, with their sign; bits around it may be those of an overlay. */
export function storedValue({ bitsStored, highBit, isSigned }: ImagePixel): Transform {
  const shift = 2 ** (highBit + 1 - bitsStored)
  const span = 2 ** bitsStored
  return (cell) => {
    const value = Math.floor(cell / shift) % span
    return isSigned && value >= span / 2 ? value - span : value
  }
}

function wordsOf(cells: Uint8Array): Uint16Array {
  const aligned = cells.byteOffset % 2 === 0 ? cells : cells.slice()
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.length >> 1)
}

/** Each stored value that occurs, once. */
function* occurring(
  words: Uint8Array | Uint16Array,
  { size, storedOf }: { size: number; storedOf: Transform },
): Generator<number> {
  const found = new Uint8Array(256 ** size)
  for (let at = 0; at < words.length; at++) found[words[at]!] = 1
  for (let cell = 0; cell < found.length; cell++) if (found[cell] === 1) yield storedOf(cell)
}

function wideValues(cells: Uint8Array, pixel: ImagePixel, isFloat: boolean): Float32Array | Float64Array {
  const size = cellBytes(pixel)
  const aligned = cells.byteOffset % size === 0 ? cells : cells.slice()
  const { buffer, byteOffset } = aligned
  const count = Math.floor(aligned.length / size)
  if (isFloat)
    return size === 4 ? new Float32Array(buffer, byteOffset, count) : new Float64Array(buffer, byteOffset, count)
  const view = new DataView(buffer, byteOffset, aligned.length)
  const values = new Float64Array(count)
  const storedOf = storedValue(pixel)
  for (let at = 0; at < count; at++) {
    // Of 64 bits the upper half decides what can be seen, and the lower is added to it.
    const low = view.getUint32(at * size, true)
    values[at] = storedOf(size === 4 ? low : view.getUint32(at * size + 4, true) * 2 ** 32 + low)
  }
  return values
}

interface Frame {
  readonly pixel: ImagePixel
  readonly values: () => Iterable<number>
}

/** From stored values to 0 (black) to 1 (white). */
function transformOf(display: GreyDisplay, frame: Frame): Transform {
  const { modality, isInverted } = display
  const rescaled: Transform =
    'values' in modality ? lookUp(modality) : (value) => value * modality.slope + modality.intercept
  const shown = voiOf(display, frame, rescaled)
  return isInverted ? (value) => 1 - shown(rescaled(value)) : (value) => shown(rescaled(value))
}

function voiOf({ voi, padding }: GreyDisplay, { pixel, values }: Frame, rescaled: Transform): Transform {
  if (voi !== undefined) return 'values' in voi ? shareOf(voi) : windowFunction(voi)
  const range = pixel.bitsStored <= 8 ? wholeRange(pixel, rescaled) : rangeOf(values(), { rescaled, padding })
  const span = range.max - range.min
  return span > 0 ? (value) => (value - range.min) / span : () => 0
}

const lookUp = ({ firstMapped, values }: LookupTable): Transform => {
  const last = values.length - 1
  return (value) => values[Math.max(0, Math.min(last, Math.round(value - firstMapped)))]!
}

/** PS3.3 C.11.2.1.1: the output of a VOI LUT has the range of its bits. */
function shareOf(table: LookupTable): Transform {
  const valueIn = lookUp(table)
  const max = 2 ** table.bits - 1
  return (value) => valueIn(value) / max
}

/** PS3.3 C.11.2.1.2 and C.11.2.1.3, with 0 and 1 as the least and the greatest output. */
export function windowFunction({ center, width, function: shape }: Window): Transform {
  switch (shape) {
    case 'SIGMOID':
      return (value) => 1 / (1 + Math.exp((-4 * (value - center)) / width))
    case 'LINEAR_EXACT':
      return (value) => (value - center) / width + 0.5
    default:
      // A width of 1 is a threshold.
      if (width <= 1) return (value) => (value <= center - 0.5 ? 0 : 1)
      return (value) => (value - (center - 0.5)) / (width - 1) + 0.5
  }
}

interface Range {
  readonly min: number
  readonly max: number
}

/** So that all frames of few bits are shown alike, single bits too. */
function wholeRange({ bitsStored, isSigned }: ImagePixel, rescaled: Transform): Range {
  const least = isSigned ? -(2 ** (bitsStored - 1)) : 0
  const ends = [rescaled(least), rescaled(least + 2 ** bitsStored - 1)]
  return { min: Math.min(...ends), max: Math.max(...ends) }
}

function rangeOf(
  values: Iterable<number>,
  { rescaled, padding }: { rescaled: Transform; padding: GreyDisplay['padding'] },
): Range {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (padding !== undefined && value >= padding.from && value <= padding.to) continue
    const shown = rescaled(value)
    if (!Number.isFinite(shown)) continue
    if (shown < min) min = shown
    if (shown > max) max = shown
  }
  return { min, max }
}
