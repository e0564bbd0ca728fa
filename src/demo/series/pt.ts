/** PET series with FDG (PS3.3 A.21): the trunk in axial or coronal slices, attenuation corrected. */

import type { Attributes } from '../../dicom/encode.ts'
import { torso } from '../anatomy/torso.ts'
import { randomFor } from '../drawing/random.ts'
import { PT_RESCALE_SLOPE, ptSlice } from '../phantoms/pt.ts'
import type { Scan } from '../studies/protocols.ts'
import type { Study } from '../studies/studies.ts'
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

type PTScan = Extract<Scan, { kind: 'pt' }>

const PositronEmissionTomographyImageStorage = '1.2.840.10008.5.1.4.1.1.128'

const FIELD_MM = 480

export function* ptImages({ study, series, seed, grain }: Canvas, { orientation }: PTScan): Generator<Image> {
  const solids = torso(randomFor(seed, study.patient.PatientID, 'torso'), { tumours: 5 })
  const places =
    orientation === 'axial'
      ? positions({ from: 290, to: -345, count: series.images })
      : positions({ from: -55, to: 60, count: series.images })
  const spacingMm = millimetres(Math.abs(places[1]! - places[0]!))
  for (const [index, place] of places.entries()) {
    const isAxial = orientation === 'axial'
    const plane = planeThrough({
      orientation,
      centre: isAxial ? [0, 0, place] : [0, place, -20],
      rows: isAxial ? 96 : 144,
      columns: 96,
      fieldMm: FIELD_MM,
    })
    const grainOffset = randomFor(seed, series.SeriesInstanceUID, index).integer(0, 65_535)
    const pixels = ptSlice(solids, { plane, grain, grainOffset })
    yield {
      attributes: {
        SOPClassUID: PositronEmissionTomographyImageStorage,
        ...frameOfReference(study),
        ...planeModule(plane, spacingMm),
        ...greyPixels(plane, 16),
        ...petModule(study, { index, slices: series.images }),
        ImageType: isAxial ? ['ORIGINAL', 'PRIMARY'] : ['DERIVED', 'PRIMARY'],
      },
      frames: [bytesOf(pixels)],
      bitsStored: 16,
    }
  }
}

function petModule(study: Study, { index, slices }: { index: number; slices: number }): Attributes {
  return {
    Units: 'BQML',
    CountsSource: 'EMISSION',
    SeriesType: ['WHOLE BODY', 'IMAGE'],
    CorrectedImage: ['ATTN', 'DECY', 'SCAT'],
    DecayCorrection: 'START',
    DecayFactor: 1.04,
    CollimatorType: 'NONE',
    NumberOfSlices: slices,
    ImageIndex: index + 1,
    FrameReferenceTime: 150_000,
    ActualFrameDuration: 180_000,
    RescaleIntercept: 0,
    RescaleSlope: PT_RESCALE_SLOPE,
    WindowCenter: 25_000,
    WindowWidth: 50_000,
    RadiopharmaceuticalInformationSequence: [
      {
        Radiopharmaceutical: 'FDG',
        RadiopharmaceuticalStartTime: study.performedAt,
        RadionuclideTotalDose: 370_000_000,
        RadionuclideHalfLife: 6586.2,
        RadionuclidePositronFraction: 0.967,
        RadionuclideCodeSequence: [
          { CodeValue: '77004003', CodingSchemeDesignator: 'SCT', CodeMeaning: '^18^Fluorine' },
        ],
        RadiopharmaceuticalCodeSequence: [
          { CodeValue: '35321007', CodingSchemeDesignator: 'SCT', CodeMeaning: 'Fluorodeoxyglucose F^18^' },
        ],
      },
    ],
    PatientOrientationCodeSequence: [
      { CodeValue: '102538003', CodingSchemeDesignator: 'SCT', CodeMeaning: 'recumbent' },
    ],
    PatientGantryRelationshipCodeSequence: [
      { CodeValue: '102540008', CodingSchemeDesignator: 'SCT', CodeMeaning: 'headfirst' },
    ],
  }
}
