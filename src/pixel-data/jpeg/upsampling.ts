/** Merges the planes of JPEG components into pixels: chroma to full resolution, and YCbCr to RGB (ITU-T T.871). */
import { type JPEGFrame, jpegFault } from './markers.ts'
import { type JPEGPlane, largestFactors } from './sequential.ts'

export function mergePlanes(
  frame: JPEGFrame,
  planes: readonly JPEGPlane[],
  { toRGB }: { toRGB: boolean },
): Uint16Array<ArrayBuffer> {
  const { rows, columns, components, precision } = frame
  const largest = largestFactors(frame)
  const samples = new Uint16Array(rows * columns * components.length)
  const line = new Uint16Array(columns + 2)
  components.forEach(({ horizontal, vertical }, index) => {
    const across = largest.horizontal / horizontal
    const down = largest.vertical / vertical
    if (!Number.isInteger(across) || !Number.isInteger(down)) throw jpegFault('has sampling factors that do not divide')
    const plane = planes[index]!
    const isInterpolated = across === 2 && down <= 2 && plane.columns > 2
    const sums = new Uint16Array(isInterpolated && down === 2 ? plane.columns : 0)
    for (let row = 0; row < rows; row++) {
      const from = Math.floor(row / down) * plane.strideSamples
      if (isInterpolated && down === 2) {
        sumRows(plane, row, sums)
        interpolateSums(sums, line)
      } else if (isInterpolated) interpolate(plane, from, line)
      else
        for (let column = 0; column < columns; column++)
          line[column] = plane.samples[from + Math.floor(column / across)]!
      let to = row * columns * components.length + index
      for (let column = 0; column < columns; column++, to += components.length) samples[to] = line[column]!
    }
  })
  if (toRGB) convertToRGB(samples, precision)
  return samples
}

// As jdsample.c of the reference implementation, release 6b, which dcmtk and GDCM use: chroma halved horizontally, or in both directions,
// is interpolated; other chroma, including that halved vertically only, is repeated.

/** Doubles the width: each new sample is three quarters of the nearer and one quarter of the farther one, as in the reference decoder. */
function interpolate({ samples, columns }: JPEGPlane, from: number, line: Uint16Array): void {
  const last = columns - 1
  line[0] = samples[from]!
  line[1] = (samples[from]! * 3 + samples[from + 1]! + 2) >> 2
  for (let column = 1; column < last; column++) {
    const value = samples[from + column]! * 3
    line[2 * column] = (value + samples[from + column - 1]! + 1) >> 2
    line[2 * column + 1] = (value + samples[from + column + 1]! + 2) >> 2
  }
  line[2 * last] = (samples[from + last]! * 3 + samples[from + last - 1]! + 1) >> 2
  line[2 * last + 1] = samples[from + last]!
}

/**
 * A row of an image of twice the height: three quarters of the nearer row and one quarter of the farther, times four. The edge is repeated.
 */
function sumRows({ samples, strideSamples, columns, rows }: JPEGPlane, row: number, sums: Uint16Array): void {
  const near = row >> 1
  const far = Math.min(Math.max(row % 2 === 0 ? near - 1 : near + 1, 0), rows - 1)
  for (let column = 0; column < columns; column++) {
    sums[column] = samples[near * strideSamples + column]! * 3 + samples[far * strideSamples + column]!
  }
}

/** Like interpolate, for sums of four. */
function interpolateSums(sums: Uint16Array, line: Uint16Array): void {
  const last = sums.length - 1
  line[0] = (sums[0]! * 4 + 8) >> 4
  line[1] = (sums[0]! * 3 + sums[1]! + 7) >> 4
  for (let column = 1; column < last; column++) {
    const value = sums[column]! * 3
    line[2 * column] = (value + sums[column - 1]! + 8) >> 4
    line[2 * column + 1] = (value + sums[column + 1]! + 7) >> 4
  }
  line[2 * last] = (sums[last]! * 3 + sums[last - 1]! + 8) >> 4
  line[2 * last + 1] = (sums[last]! * 4 + 7) >> 4
}

const FIX_BITS = 16
const HALF = 1 << (FIX_BITS - 1)
const fixed = (value: number): number => Math.floor(value * 2 ** FIX_BITS + 0.5)
const [CR_TO_R, CB_TO_B, CB_TO_G, CR_TO_G] = [fixed(1.402), fixed(1.772), fixed(0.34414), fixed(0.71414)]

function convertToRGB(samples: Uint16Array, precision: number): void {
  const centre = 2 ** (precision - 1)
  const max = 2 * centre - 1
  const clamp = (value: number): number => (value < 0 ? 0 : value > max ? max : value)
  for (let at = 0; at < samples.length; at += 3) {
    const y = samples[at]!
    const cb = samples[at + 1]! - centre
    const cr = samples[at + 2]! - centre
    samples[at] = clamp(y + ((CR_TO_R * cr + HALF) >> FIX_BITS))
    samples[at + 1] = clamp(y + ((HALF - CB_TO_G * cb - CR_TO_G * cr) >> FIX_BITS))
    samples[at + 2] = clamp(y + ((CB_TO_B * cb + HALF) >> FIX_BITS))
  }
}
