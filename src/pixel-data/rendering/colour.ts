/** Colour to RGB of 8 bits: palettes (PS3.3 C.7.6.3.1.5), YBR (C.7.6.3.1.2), and samples of more bits. */
import { DicomError } from '../../dicom/dicom-error.ts'
import { cellBytes, type ImagePixel } from '../element/image-pixel.ts'
import { storedValue } from './grey.ts'
import type { Display, LookupTable } from './rendering.ts'

/** Writes the colour of some pixels. */
type ColourValues = (pixels: { readonly from: number; readonly count: number }, into: Uint8Array) => void

/** @throws DicomError where the colour is of a kind that cannot be shown */
export function colourValuesOf(
  cells: Uint8Array,
  {
    pixel,
    display,
    photometricInterpretation,
  }: { pixel: ImagePixel; display: Exclude<Display, { kind: 'grey' }>; photometricInterpretation: string },
): ColourValues {
  const size = cellBytes(pixel)
  if (size > 2) throw new DicomError({ reason: 'colour of more than 16 bits a sample cannot be shown' })
  if (display.kind === 'palette') return paletteValues(cells, { pixel, display })
  if (pixel.samplesPerPixel !== 3) throw new DicomError({ reason: 'the frame is not of one or three samples' })
  const samples = bytesOfSamples(cells, pixel)
  const convert = CONVERSIONS[photometricInterpretation]
  if (convert === undefined) {
    throw new DicomError({ reason: 'its photometric interpretation is none of RGB, YBR_FULL and YBR_PARTIAL' })
  }
  return ({ from, count }, into) => {
    into.set(samples.subarray(from * 3, (from + count) * 3))
    convert(into, count * 3)
  }
}

function paletteValues(
  cells: Uint8Array,
  { pixel, display }: { pixel: ImagePixel; display: Extract<Display, { kind: 'palette' }> },
): ColourValues {
  const isByte = cellBytes(pixel) === 1
  const storedOf = storedValue(pixel)
  const entries = isByte ? 256 : 65_536
  const table = new Uint8Array(entries * 3)
  for (const [sample, colour] of [display.red, display.green, display.blue].entries()) {
    const byteOf = eightBits(colour)
    for (let cell = 0; cell < entries; cell++) table[cell * 3 + sample] = byteOf(storedOf(cell))
  }
  return ({ from, count }, into) => {
    for (let at = 0; at < count; at++) {
      const index = from + at
      const cell = isByte ? cells[index]! : cells[index * 2]! + cells[index * 2 + 1]! * 256
      into[at * 3] = table[cell * 3]!
      into[at * 3 + 1] = table[cell * 3 + 1]!
      into[at * 3 + 2] = table[cell * 3 + 2]!
    }
  }
}

/** Palettes are known that declare 16 bits and have values of 8. */
function eightBits({ firstMapped, bits, values }: LookupTable): (value: number) => number {
  const isWide = bits > 8 && values.some((value) => value > 255)
  const last = values.length - 1
  return (value) => {
    const found = values[Math.max(0, Math.min(last, value - firstMapped))]!
    return isWide ? found >> 8 : found
  }
}

function bytesOfSamples(cells: Uint8Array, pixel: ImagePixel): Uint8Array {
  const { bitsStored, highBit } = pixel
  if (cellBytes(pixel) === 1 && bitsStored === 8 && highBit === 7) return cells
  const storedOf = storedValue({ ...pixel, isSigned: false })
  const max = 2 ** bitsStored - 1
  const isByte = cellBytes(pixel) === 1
  const samples = new Uint8Array(isByte ? cells.length : cells.length >> 1)
  for (let at = 0; at < samples.length; at++) {
    const cell = isByte ? cells[at]! : cells[at * 2]! + cells[at * 2 + 1]! * 256
    samples[at] = Math.round((storedOf(cell) * 255) / max)
  }
  return samples
}

const CONVERSIONS: Readonly<Record<string, (samples: Uint8Array, length: number) => void>> = {
  RGB: () => {},
  YBR_FULL: (samples, length) => convert(samples, length, { black: 0, gain: 1, chroma: 1 }),
  // ITU-R BT.601: 220 steps of brightness, 225 of chroma.
  YBR_PARTIAL: (samples, length) => convert(samples, length, { black: 16, gain: 255 / 219, chroma: 255 / 224 }),
}

function convert(
  samples: Uint8Array,
  length: number,
  { black, gain, chroma }: { black: number; gain: number; chroma: number },
): void {
  for (let at = 0; at < length; at += 3) {
    const y = (samples[at]! - black) * gain
    const blue = (samples[at + 1]! - 128) * chroma
    const red = (samples[at + 2]! - 128) * chroma
    samples[at] = clamped(y + 1.402 * red)
    samples[at + 1] = clamped(y - 0.344_136 * blue - 0.714_136 * red)
    samples[at + 2] = clamped(y + 1.772 * blue)
  }
}

const clamped = (value: number): number => Math.max(0, Math.min(255, Math.round(value)))
