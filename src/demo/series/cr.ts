/** Computed radiographs of the chest (PS3.3 A.2), in two views. */

import { torso } from '../anatomy/torso.ts'
import { randomFor } from '../drawing/random.ts'
import { crImage } from '../phantoms/cr.ts'
import type { Scan } from '../studies/protocols.ts'
import { bytesOf, type Canvas, greyPixels, type Image, millimetres, planeThrough } from './image.ts'

type CRScan = Extract<Scan, { kind: 'cr' }>

const ComputedRadiographyImageStorage = '1.2.840.10008.5.1.4.1.1.1'

export function* crImages({ study, series, seed, grain }: Canvas, { view }: CRScan): Generator<Image> {
  const random = randomFor(seed, series.SeriesInstanceUID)
  const solids = torso(randomFor(seed, study.patient.PatientID, 'torso'), {
    tumours: random.integer(0, 4) === 0 ? 2 : 0,
  })
  const plane = planeThrough({
    orientation: view === 'PA' ? 'coronal' : 'sagittal',
    centre: [0, 0, 140],
    rows: 192,
    columns: view === 'PA' ? 168 : 152,
    fieldMm: view === 'PA' ? 380 : 344,
  })
  const pixels = crImage(solids, { plane, grain, grainOffset: random.integer(0, 65_535), view })
  yield {
    attributes: {
      SOPClassUID: ComputedRadiographyImageStorage,
      ...greyPixels(plane, 12),
      ImageType: ['ORIGINAL', 'PRIMARY'],
      ViewPosition: view,
      PatientOrientation: view === 'PA' ? ['L', 'F'] : ['P', 'F'],
      ImagerPixelSpacing: [plane.spacingMm, plane.spacingMm].map(millimetres),
      AcquisitionNumber: 1,
      KVP: 125,
      DistanceSourceToDetector: 1800,
      Exposure: view === 'PA' ? 2 : 6,
      PlateType: 'Storage phosphor',
      WindowCenter: 2150,
      WindowWidth: 3900,
    },
    frames: [bytesOf(pixels)],
    bitsStored: 12,
  }
}
