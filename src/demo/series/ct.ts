/** CT series (PS3.3 A.3): axial stacks and coronal reformats of a trunk or a head, and the overview before them. */

import type { Attributes } from '../../dicom/encode.ts'
import { head } from '../anatomy/head.ts'
import { torso } from '../anatomy/torso.ts'
import type { Plane } from '../drawing/painting.ts'
import { randomFor } from '../drawing/random.ts'
import { CT_RESCALE_INTERCEPT, type CTSlice, ctHeadSlice, ctScout, ctTorsoSlice } from '../phantoms/ct.ts'
import type { Scan } from '../studies/protocols.ts'
import {
  bytesOf,
  type Canvas,
  frameOfReference,
  greyPixels,
  type Image,
  millimetres,
  planeModule,
  planeThrough,
  positions,
} from './image.ts'

type CTScan = Extract<Scan, { kind: `ct-${string}` }>

export const CTImageStorage = '1.2.840.10008.5.1.4.1.1.2'

/** Window centre and width, in Hounsfield units. */
const WINDOWS = {
  soft: { center: 40, width: 400 },
  lung: { center: -600, width: 1500 },
  brain: { center: 40, width: 80 },
  bone: { center: 500, width: 2000 },
  scout: { center: 0, width: 1600 },
} as const

interface Look {
  window: keyof typeof WINDOWS
  imageType: readonly string[]
  kernel: 'soft' | 'sharp'
  contrast: boolean
}

export function* ctImages(canvas: Canvas, scan: CTScan): Generator<Image> {
  const draw = drawerOf(canvas, scan)
  const look = lookOf(scan)
  const planes = planesOf(scan, canvas.series.images)
  const spacingMm = spacingBetween(planes)
  for (const [index, plane] of planes.entries()) {
    const grainOffset = randomFor(canvas.seed, canvas.series.SeriesInstanceUID, index).integer(0, 65_535)
    const pixels = draw({ plane, grain: canvas.grain, grainOffset, kernel: look.kernel })
    yield {
      attributes: {
        SOPClassUID: CTImageStorage,
        ...frameOfReference(canvas.study),
        ...planeModule(plane, spacingMm),
        ...acquisition(scan, look),
        ...greyPixels(plane, 12),
        SpacingBetweenSlices: planes.length > 1 ? spacingMm : undefined,
      },
      frames: [bytesOf(pixels)],
      bitsStored: 12,
    }
  }
}

function drawerOf({ study, seed }: Canvas, scan: CTScan): (slice: CTSlice) => Uint16Array {
  const { PatientID } = study.patient
  if (scan.kind === 'ct-head') {
    const solids = head(randomFor(seed, PatientID, 'head'), { lesions: 3 })
    return (slice) => ctHeadSlice(solids, slice)
  }
  const tumours = (study.protocol.longHistoryOnly ?? 0) > 0 ? 5 : 0
  const solids = torso(randomFor(seed, PatientID, 'torso'), { tumours })
  if (scan.kind === 'ct-scout') return (slice) => ctScout(solids, slice)
  return (slice) => ctTorsoSlice(solids, { ...slice, phase: scan.phase })
}

function planesOf(scan: CTScan, count: number): Plane[] {
  switch (scan.kind) {
    case 'ct-scout':
      return [planeThrough({ orientation: 'coronal', centre: [0, 0, 0], rows: 192, columns: 128, fieldMm: 460 })]
    case 'ct-head':
      return positions({ from: 75, to: -50, count }).map((z) =>
        planeThrough({ orientation: 'axial', centre: [0, 0, z], rows: 128, columns: 128, fieldMm: 230 }),
      )
    case 'ct-torso':
      return positions({ from: scan.range.topMm, to: scan.range.bottomMm, count }).map((z) =>
        planeThrough({
          orientation: 'axial',
          centre: [0, 0, z],
          rows: scan.matrix,
          columns: scan.matrix,
          fieldMm: 390,
        }),
      )
    case 'ct-coronal': {
      const middle = (scan.range.topMm + scan.range.bottomMm) / 2
      const rows = Math.round(((scan.range.topMm - scan.range.bottomMm) / 390) * 128)
      return positions({ from: -60, to: 70, count }).map((y) =>
        planeThrough({ orientation: 'coronal', centre: [0, y, middle], rows, columns: 128, fieldMm: 390 }),
      )
    }
  }
}

function spacingBetween(planes: readonly Plane[]): number {
  const [first, second] = planes
  if (first === undefined || second === undefined) return 1
  return millimetres(Math.hypot(...first.origin.map((value, axis) => value - second.origin[axis]!)))
}

function lookOf(scan: CTScan): Look {
  const axial = ['ORIGINAL', 'PRIMARY', 'AXIAL']
  switch (scan.kind) {
    case 'ct-scout':
      return { window: 'scout', imageType: ['ORIGINAL', 'PRIMARY', 'LOCALIZER'], kernel: 'soft', contrast: false }
    case 'ct-head':
      return {
        window: scan.kernel === 'soft' ? 'brain' : 'bone',
        imageType: axial,
        kernel: scan.kernel,
        contrast: false,
      }
    case 'ct-torso':
      return {
        window: scan.kernel === 'soft' ? 'soft' : 'lung',
        imageType: axial,
        kernel: scan.kernel,
        contrast: scan.phase !== 'native',
      }
    case 'ct-coronal':
      return {
        window: 'soft',
        imageType: ['DERIVED', 'SECONDARY', 'REFORMATTED'],
        kernel: 'soft',
        contrast: scan.phase !== 'native',
      }
  }
}

function acquisition(scan: CTScan, { window, imageType, kernel, contrast }: Look): Attributes {
  const isHead = scan.kind === 'ct-head'
  return {
    ImageType: imageType,
    AcquisitionNumber: 1,
    KVP: 120,
    XRayTubeCurrent: scan.kind === 'ct-scout' ? 40 : 210,
    ExposureTime: 500,
    ConvolutionKernel: kernel === 'soft' ? 'B30f' : 'B70f',
    DataCollectionDiameter: 500,
    ReconstructionDiameter: isHead ? 230 : 390,
    GantryDetectorTilt: 0,
    PatientPosition: 'HFS',
    ContrastBolusAgent: contrast ? 'Iohexol 350' : undefined,
    RescaleIntercept: CT_RESCALE_INTERCEPT,
    RescaleSlope: 1,
    // An overview shows shadows, not Hounsfield units (PS3.3 C.8.2.1.1.8).
    RescaleType: scan.kind === 'ct-scout' ? 'US' : 'HU',
    WindowCenter: WINDOWS[window].center,
    WindowWidth: WINDOWS[window].width,
  }
}
