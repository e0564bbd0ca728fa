/** Ultrasound stills (PS3.3 A.6) and cine loops (A.7), in colour, with a calibrated region (C.8.5.5). */

import type { Attributes } from '../../dicom/encode.ts'
import { randomFor } from '../drawing/random.ts'
import { pixelsPerCm, type USView, usFrame } from '../phantoms/us.ts'
import type { Scan } from '../studies/protocols.ts'
import { type Canvas, type Image, millimetres, pixelModule } from './image.ts'

type USScan = Extract<Scan, { kind: 'us' | 'us-cine' }>

const UltrasoundImageStorage = '1.2.840.10008.5.1.4.1.1.6.1'
const UltrasoundMultiFrameImageStorage = '1.2.840.10008.5.1.4.1.1.3.1'

const STILL = { rows: 128, columns: 160 }
const CINE = { rows: 96, columns: 120 }
/** Value 3 of ImageType (PS3.3 C.8.5.6.1.1). */
const REGIONS: Readonly<Record<USView, string>> = {
  liver: 'ABDOMINAL',
  kidney: 'ABDOMINAL',
  gallbladder: 'ABDOMINAL',
  heart: 'TRANSTHORACIC',
  carotid: 'VASCULAR',
}
const FRAME_TIME_MS = 80

export function* usImages({ series, seed, grain }: Canvas, scan: USScan): Generator<Image> {
  const isCine = scan.kind === 'us-cine'
  const shape = isCine ? CINE : STILL
  const frameCount = isCine ? scan.frames : 1
  for (let index = 0; index < series.images; index++) {
    const view = isCine ? scan.view : scan.views[index % scan.views.length]!
    const random = randomFor(seed, series.SeriesInstanceUID, index)
    const start = isCine ? 0 : random.next()
    const frames = Array.from({ length: frameCount }, (_, frame) =>
      usFrame(random, { ...shape, view, phase: (start + frame / frameCount) % 1, flow: scan.flow, grain }),
    )
    yield {
      attributes: {
        SOPClassUID: isCine ? UltrasoundMultiFrameImageStorage : UltrasoundImageStorage,
        ...pixelModule({ ...shape, bitsAllocated: 8, bitsStored: 8, photometricInterpretation: 'RGB' }),
        ...(isCine ? cine(scan.frames) : {}),
        SequenceOfUltrasoundRegions: [region(shape, scan.flow)],
        ImageType: ['ORIGINAL', 'PRIMARY', REGIONS[view], '0001'],
        PatientOrientation: null,
        LossyImageCompression: '00',
        TransducerType: 'CURVED LINEAR',
        MechanicalIndex: 1.1,
      },
      frames,
      bitsStored: 8,
    }
  }
}

function cine(frames: number): Attributes {
  return {
    NumberOfFrames: frames,
    FrameIncrementPointer: '00181063',
    FrameTime: FRAME_TIME_MS,
    CineRate: Math.round(1000 / FRAME_TIME_MS),
  }
}

function region(shape: { rows: number; columns: number }, flow: boolean): Attributes {
  const deltaCm = millimetres(1 / pixelsPerCm(shape))
  return {
    RegionSpatialFormat: 1,
    RegionDataType: flow ? 2 : 1,
    RegionFlags: 0,
    RegionLocationMinX0: 0,
    RegionLocationMinY0: 0,
    RegionLocationMaxX1: shape.columns - 15,
    RegionLocationMaxY1: shape.rows - 1,
    PhysicalUnitsXDirection: 3,
    PhysicalUnitsYDirection: 3,
    PhysicalDeltaX: deltaCm,
    PhysicalDeltaY: deltaCm,
  }
}
