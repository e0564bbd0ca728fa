/** The position of an image on the stage. Lengths are CSS pixels unless named otherwise. */

import { normalOf, type StackImage } from '../stack/stack.ts'
import { numbersOf, textsOf } from '../stack/values.ts'

export interface View {
  /** `fit`: fits the stage. `actual`: one device pixel per column. A number: CSS pixels per column. */
  readonly scale: 'fit' | 'actual' | number
  /** The offset of the center of the image from the center of the stage. */
  readonly panX: number
  readonly panY: number
}

export const FIT: View = { scale: 'fit', panX: 0, panY: 0 }

export interface Size {
  readonly width: number
  readonly height: number
}

export interface StageSize extends Size {
  /** Device pixels per CSS pixel. */
  readonly density: number
}

export interface ImageSize {
  readonly columns: number
  readonly rows: number
  /** The height of a pixel divided by its width. */
  readonly aspect: number
}

export const SCALE_MIN = 0.02
export const SCALE_MAX = 40

/** CSS pixels per column. */
export function scaleOf(view: View, { stage, image }: { stage: StageSize; image: ImageSize }): number {
  if (view.scale === 'actual') return 1 / stage.density
  if (view.scale !== 'fit') return view.scale
  return Math.min(stage.width / image.columns, stage.height / (image.rows * image.aspect)) || 1
}

/** A view for another stage: the same part of the image is in its center, as large. */
export interface ViewPlace {
  readonly scale: 'actual' | number
  /** The offset of the center of the image, in columns. */
  readonly x: number
  readonly y: number
}

/** Undefined for an image that fits. @param scale CSS pixels per column */
export function placeOfView({ scale: chosen, panX, panY }: View, scale: number): ViewPlace | undefined {
  if (chosen === 'fit' && panX === 0 && panY === 0) return undefined
  return { scale: chosen === 'actual' ? chosen : scale, x: panX / scale, y: panY / scale }
}

/** @param density device pixels per CSS pixel */
export function viewOfPlace(place: ViewPlace | undefined, density: number): View {
  if (place === undefined) return FIT
  const scale = place.scale === 'actual' ? 1 / density : place.scale
  return { scale: place.scale, panX: place.x * scale, panY: place.y * scale }
}

interface Rectangle extends Size {
  readonly left: number
  readonly top: number
}

/** The area of the image on the stage in device pixels. At actual size it is aligned to whole pixels, so that none is interpolated. */
export function areaOf(view: View, { stage, image }: { stage: StageSize; image: ImageSize }): Rectangle {
  const scale = scaleOf(view, { stage, image }) * stage.density
  const [width, height] = [image.columns * scale, image.rows * image.aspect * scale]
  const left = stage.width * stage.density * 0.5 + view.panX * stage.density - width / 2
  const top = stage.height * stage.density * 0.5 + view.panY * stage.density - height / 2
  if (view.scale !== 'actual') return { left, top, width, height }
  return { left: Math.floor(left), top: Math.floor(top), width: Math.round(width), height: Math.round(height) }
}

/** Zooms by a factor around a point, given relative to the center of the stage. */
export function zoomed(
  view: View,
  {
    scale,
    factor,
    at = { x: 0, y: 0 },
  }: { scale: number; factor: number; at?: { readonly x: number; readonly y: number } },
): View {
  const next = Math.max(SCALE_MIN, Math.min(SCALE_MAX, scale * factor))
  const growth = next / scale
  return { scale: next, panX: at.x + (view.panX - at.x) * growth, panY: at.y + (view.panY - at.y) * growth }
}

/** The aspect ratio of pixels that may not be square (PS3.3 C.7.6.3.1.7, 10.7.1.3): height divided by width. */
export function aspectOf(image: StackImage): number {
  for (const keyword of ['PixelSpacing', 'ImagerPixelSpacing', 'NominalScannedPixelSpacing', 'PixelAspectRatio']) {
    const [vertical, horizontal] = numbersOf(image.attribute(keyword))
    if (vertical !== undefined && horizontal !== undefined && vertical > 0 && horizontal > 0)
      return vertical / horizontal
  }
  return 1
}

export interface Edges {
  readonly left: string
  readonly right: string
  readonly top: string
  readonly bottom: string
}

/** The side of the patient at each edge of the image, from Image Orientation (Patient) or Patient Orientation. */
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

/** The negative and positive direction of each axis of the patient (PS3.3 C.7.6.2.1.1). */
const AXES = [
  ['R', 'L'],
  ['A', 'P'],
  ['F', 'H'],
] as const

/** Smaller components of a direction are not named. A cosine of 0.05 is three degrees. */
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
