/** Colors of presentation, which are CIELab values of 16 bits (PS3.3 C.10.7.1.1), as sRGB. */
import { numbersOf } from '../stack/values.ts'

export type RGB = readonly [red: number, green: number, blue: number]

/** The white point of the profile connection space, D50. */
const WHITE = [0.9642, 1, 0.8251] as const

/** From XYZ of D50 to linear sRGB, with the Bradford adaptation to D65. */
const TO_RGB = [
  [3.1338561, -1.6168667, -0.4906146],
  [-0.9787684, 1.9161415, 0.033454],
  [0.0719453, -0.2289914, 1.4052427],
] as const

/** Undefined if the value is not three numbers. Colors that a screen can't show become the nearest in each channel. */
export function rgbOfCIELab(value: unknown): RGB | undefined {
  const [l, a, b] = numbersOf(value)
  if (l === undefined || a === undefined || b === undefined) return undefined
  const fy = ((l / 65_535) * 100 + 16) / 116
  const fx = fy + ((a / 65_535) * 255 - 128) / 500
  const fz = fy - ((b / 65_535) * 255 - 128) / 200
  const xyz = [fx, fy, fz].map((f, axis) => WHITE[axis]! * linearOf(f))
  const [red, green, blue] = TO_RGB.map((row) =>
    byteOf(row.reduce((sum, factor, axis) => sum + factor * xyz[axis]!, 0)),
  )
  return [red!, green!, blue!]
}

const linearOf = (f: number): number => (f > 6 / 29 ? f ** 3 : 3 * (6 / 29) ** 2 * (f - 4 / 29))

function byteOf(linear: number): number {
  const clamped = Math.max(0, Math.min(1, linear))
  return Math.round(255 * (clamped <= 0.003_130_8 ? 12.92 * clamped : 1.055 * clamped ** (1 / 2.4) - 0.055))
}

export const cssOf = ([red, green, blue]: RGB): string => `rgb(${red} ${green} ${blue})`
