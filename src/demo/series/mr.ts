/** MR series (PS3.3 A.4): axial stacks of a head and sagittal ones of the lumbar spine. */

import { head } from '../anatomy/head.ts'
import { torso } from '../anatomy/torso.ts'
import type { Plane } from '../drawing/painting.ts'
import { randomFor } from '../drawing/random.ts'
import { type MRSlice, mrHeadSlice, mrSpineSlice, type Weighting } from '../phantoms/mr.ts'
import type { Scan } from '../studies/protocols.ts'
import {
  bytesOf,
  type Canvas,
  frameOfReference,
  greyPixels,
  type Image,
  planeModule,
  planeThrough,
  positions,
} from './image.ts'

type MRScan = Extract<Scan, { kind: `mr-${string}` }>

const MRImageStorage = '1.2.840.10008.5.1.4.1.1.4'

/** Times in milliseconds, and the names of the sequences. */
const SEQUENCES: Readonly<
  Record<Weighting, { TR: number; TE: number; TI?: number; sequence: string; variant: string }>
> = {
  T1: { TR: 550, TE: 12, sequence: 'SE', variant: 'NONE' },
  T2: { TR: 4200, TE: 98, sequence: 'SE', variant: 'SK' },
  FLAIR: { TR: 9000, TE: 110, TI: 2500, sequence: 'IR', variant: 'SK' },
  DWI: { TR: 6200, TE: 86, sequence: 'EP', variant: 'SK' },
}

export function* mrImages(canvas: Canvas, scan: MRScan): Generator<Image> {
  const draw = drawerOf(canvas, scan)
  const planes = planesOf(scan, canvas.series.images)
  const { TR, TE, TI, sequence, variant } = SEQUENCES[scan.weighting]
  for (const [index, plane] of planes.entries()) {
    const grainOffset = randomFor(canvas.seed, canvas.series.SeriesInstanceUID, index).integer(0, 65_535)
    const pixels = draw({ plane, grain: canvas.grain, grainOffset })
    yield {
      attributes: {
        SOPClassUID: MRImageStorage,
        ...frameOfReference(canvas.study),
        ...planeModule(plane, 5),
        ...greyPixels(plane, 12),
        ImageType: ['ORIGINAL', 'PRIMARY', scan.weighting === 'DWI' ? 'DIFFUSION' : 'M'],
        ScanningSequence: sequence,
        SequenceVariant: variant,
        ScanOptions: null,
        MRAcquisitionType: '2D',
        RepetitionTime: TR,
        EchoTime: TE,
        InversionTime: TI,
        EchoTrainLength: scan.weighting === 'T1' ? 1 : 17,
        MagneticFieldStrength: 1.5,
        FlipAngle: 90,
        AcquisitionNumber: 1,
        SpacingBetweenSlices: 6,
        DiffusionBValue: scan.weighting === 'DWI' ? 1000 : undefined,
        PatientPosition: 'HFS',
        WindowCenter: 520,
        WindowWidth: 1050,
      },
      frames: [bytesOf(pixels)],
      bitsStored: 12,
    }
  }
}

function drawerOf({ study, seed }: Canvas, scan: MRScan): (slice: MRSlice) => Uint16Array {
  const { PatientID } = study.patient
  if (scan.kind === 'mr-spine') {
    const solids = torso(randomFor(seed, PatientID, 'torso'), { tumours: 0 })
    return (slice) => mrSpineSlice(solids, { ...slice, weighting: scan.weighting })
  }
  const solids = head(randomFor(seed, PatientID, 'head'), { lesions: 7 })
  return (slice) => mrHeadSlice(solids, { ...slice, weighting: scan.weighting })
}

function planesOf(scan: MRScan, count: number): Plane[] {
  if (scan.kind === 'mr-spine') {
    return positions({ from: -18, to: 18, count }).map((x) =>
      planeThrough({ orientation: 'sagittal', centre: [x, 50, -90], rows: 128, columns: 128, fieldMm: 300 }),
    )
  }
  return positions({ from: -46, to: 62, count }).map((z) =>
    planeThrough({ orientation: 'axial', centre: [0, 0, z], rows: 128, columns: 128, fieldMm: 230 }),
  )
}
