/** Attributes of all modalities: the image pixel module (PS3.3 C.7.6.3) and the image plane (C.7.6.2). */

import type { Attributes } from '../../dicom/encode.ts'
import { cross, dot, type Plane, sum, times, type Vector } from '../drawing/painting.ts'
import type { Grain } from '../drawing/random.ts'
import type { Series, Study } from '../studies/studies.ts'

/** One instance without the patient, study and series around it. */
export interface Image {
  attributes: Attributes
  /** Little endian, colour by pixel. */
  frames: readonly Uint8Array[]
  bitsStored: number
}

export interface Canvas {
  study: Study
  series: Series
  seed: number
  /** Pixel noise, and noise of low spatial frequency. */
  grain: Grain
  clouds: Grain
}

export interface PixelShape {
  rows: number
  columns: number
  bitsAllocated: 8 | 16
  bitsStored: number
  photometricInterpretation: 'MONOCHROME1' | 'MONOCHROME2' | 'RGB'
}

export function pixelModule(shape: PixelShape): Attributes {
  const isColour = shape.photometricInterpretation === 'RGB'
  return {
    SamplesPerPixel: isColour ? 3 : 1,
    PhotometricInterpretation: shape.photometricInterpretation,
    PlanarConfiguration: isColour ? 0 : undefined,
    Rows: shape.rows,
    Columns: shape.columns,
    BitsAllocated: shape.bitsAllocated,
    BitsStored: shape.bitsStored,
    HighBit: shape.bitsStored - 1,
    PixelRepresentation: 0,
  }
}

/** Greyscale, 16 bits allocated. */
export function greyPixels({ rows, columns }: { rows: number; columns: number }, bitsStored: number): Attributes {
  return pixelModule({ rows, columns, bitsAllocated: 16, bitsStored, photometricInterpretation: 'MONOCHROME2' })
}

export function planeModule(plane: Plane, sliceThicknessMm: number): Attributes {
  const normal = cross(plane.across, plane.down)
  return {
    ImagePositionPatient: plane.origin.map(millimetres),
    ImageOrientationPatient: [...plane.across, ...plane.down],
    PixelSpacing: [plane.spacingMm, plane.spacingMm].map(millimetres),
    SliceThickness: sliceThicknessMm,
    SliceLocation: millimetres(dot(normal, plane.origin)),
  }
}

export function frameOfReference(study: Study): Attributes {
  return { FrameOfReferenceUID: study.FrameOfReferenceUID, PositionReferenceIndicator: null }
}

type Orientation = 'axial' | 'coronal' | 'sagittal'

const DIRECTIONS: Readonly<Record<Orientation, { across: Vector; down: Vector }>> = {
  axial: { across: [1, 0, 0], down: [0, 1, 0] },
  coronal: { across: [1, 0, 0], down: [0, 0, -1] },
  sagittal: { across: [0, 1, 0], down: [0, 0, -1] },
}

interface PlaneShape {
  orientation: Orientation
  centre: Vector
  rows: number
  columns: number
  /** Width of the image. */
  fieldMm: number
}

export function planeThrough({ orientation, centre, rows, columns, fieldMm }: PlaneShape): Plane {
  const { across, down } = DIRECTIONS[orientation]
  const spacingMm = fieldMm / columns
  const left = sum(centre, across, (-(columns - 1) / 2) * spacingMm)
  return { origin: sum(left, times(down, spacingMm), -(rows - 1) / 2), across, down, spacingMm, rows, columns }
}

/** Slices at equal distances, including both ends; a single slice lies in the middle. */
export function positions({ from, to, count }: { from: number; to: number; count: number }): number[] {
  if (count === 1) return [(from + to) / 2]
  return Array.from({ length: count }, (_, index) => from + ((to - from) * index) / (count - 1))
}

export function bytesOf(pixels: Uint16Array): Uint8Array {
  return new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength)
}

/** Rounded to micrometres, to keep decimal strings short. */
export function millimetres(value: number): number {
  return Math.round(value * 1000) / 1000 || 0
}
