/** Where a image lies on its stage, and how the person's hands move it. Lengths are pixels of the page, but where named otherwise. */

import { normalOf, type StackImage } from './stack/stack.ts'
import { numbersOf, textsOf } from './stack/values.ts'

export interface View {
  /** `fit`: as large as the stage takes it. `actual`: a column of the image is a pixel of the screen. A number: pixels a column. */
  readonly scale: 'fit' | 'actual' | number
  /** Of the image's middle from that of the stage. */
  readonly panX: number
  readonly panY: number
}

export const WHOLE: View = { scale: 'fit', panX: 0, panY: 0 }

export interface Size {
  readonly width: number
  readonly height: number
}

export interface StageSize extends Size {
  /** Pixels of the screen for one of the page. */
  readonly density: number
}

export interface ImageSize {
  readonly columns: number
  readonly rows: number
  /** How much higher than wide a pixel is. */
  readonly aspect: number
}

const SCALE_MIN = 0.02
const SCALE_MAX = 40

/** The columns' scale that a view comes to. */
export function scaleOf(view: View, { stage, image }: { stage: StageSize; image: ImageSize }): number {
  if (view.scale === 'actual') return 1 / stage.density
  if (view.scale !== 'fit') return view.scale
  return Math.min(stage.width / image.columns, stage.height / (image.rows * image.aspect)) || 1
}

interface Rectangle extends Size {
  readonly left: number
  readonly top: number
}

/** In pixels of the screen. A image at its actual size lies on whole ones, so that none is mixed with its neighbour. */
export function placeOf(view: View, { stage, image }: { stage: StageSize; image: ImageSize }): Rectangle {
  const scale = scaleOf(view, { stage, image }) * stage.density
  const [width, height] = [image.columns * scale, image.rows * image.aspect * scale]
  const left = stage.width * stage.density * 0.5 + view.panX * stage.density - width / 2
  const top = stage.height * stage.density * 0.5 + view.panY * stage.density - height / 2
  if (view.scale !== 'actual') return { left, top, width, height }
  return { left: Math.floor(left), top: Math.floor(top), width: Math.round(width), height: Math.round(height) }
}

/** Larger or smaller by a factor, with the point of the image that is under `at` (from the stage's middle) staying there. */
export function zoomed(
  view: View,
  {
    scale,
    factor,
    at = { x: 0, y: 0 },
  }: { scale: number; factor: number; at?: { readonly x: number; readonly y: number } },
): View {
  const next = Math.max(SCALE_MIN, Math.min(SCALE_MAX, scale * factor))
  const grown = next / scale
  return { scale: next, panX: at.x + (view.panX - at.x) * grown, panY: at.y + (view.panY - at.y) * grown }
}

/** Of pixels that are not square (PS3.3 C.7.6.3.1.7, 10.7.1.3): how much higher than wide they are. */
export function aspectOf(image: StackImage): number {
  for (const keyword of ['PixelSpacing', 'ImagerPixelSpacing', 'NominalScannedPixelSpacing', 'PixelAspectRatio']) {
    const [vertical, horizontal] = numbersOf(image.attribute(keyword))
    if (vertical !== undefined && horizontal !== undefined && vertical > 0 && horizontal > 0)
      return vertical / horizontal
  }
  return 1
}

interface Edges {
  readonly left: string
  readonly right: string
  readonly top: string
  readonly bottom: string
}

/** Which side of the patient each edge of the image is: by the plane's orientation, or as the instance says in words. */
export function edgesOf(image: StackImage): Edges | undefined {
  const cosines = numbersOf(image.attribute('ImageOrientationPatient'))
  if (normalOf(cosines) !== undefined) {
    const [right, bottom] = [sidesOf(cosines.slice(0, 3)), sidesOf(cosines.slice(3))]
    return { left: opposite(right), right, top: opposite(bottom), bottom }
  }
  const [right, bottom] = textsOf(image.instance.PatientOrientation)
  if (!right || !bottom) return undefined
  return { left: opposite(right), right, top: opposite(bottom), bottom }
}

/** Left, posterior and head are where the patient's axes grow (PS3.3 C.7.6.2.1.1). */
const AXES = [
  ['R', 'L'],
  ['A', 'P'],
  ['F', 'H'],
] as const

/** A direction that is all but along an axis is named by it alone (cosine 0.05 is three degrees off). */
const COSINE_MIN = 0.05

const sidesOf = (direction: readonly number[]): string =>
  direction
    .map((cosine, axis) => ({ cosine, axis }))
    .filter(({ cosine }) => Math.abs(cosine) > COSINE_MIN)
    .sort((a, b) => Math.abs(b.cosine) - Math.abs(a.cosine))
    .map(({ cosine, axis }) => AXES[axis]![cosine > 0 ? 1 : 0])
    .join('')

const OPPOSITES: Readonly<Record<string, string>> = { L: 'R', R: 'L', A: 'P', P: 'A', H: 'F', F: 'H' }

const opposite = (sides: string): string => [...sides].map((side) => OPPOSITES[side] ?? side).join('')
