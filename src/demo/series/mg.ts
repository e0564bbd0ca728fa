/** Mammograms for presentation (PS3.3 A.27): one view a series, some stored inverted (MONOCHROME1). */

import { randomFor } from '../drawing/random.ts'
import { MG_STORED_MAX, mgImage } from '../phantoms/mg.ts'
import type { Scan } from '../studies/protocols.ts'
import { bytesOf, type Canvas, type Image, pixelModule } from './image.ts'

type MGScan = Extract<Scan, { kind: 'mg' }>

const DigitalMammographyXRayImageStorageForPresentation = '1.2.840.10008.5.1.4.1.1.1.2'

const SHAPE = { rows: 192, columns: 144 }
const PIXEL_MM = 1.1

/** SNOMED CT codes of the views (PS3.16, CID 4014). */
const VIEW_CODES = {
  CC: { CodeValue: '399162004', CodingSchemeDesignator: 'SCT', CodeMeaning: 'cranio-caudal' },
  MLO: { CodeValue: '399368009', CodingSchemeDesignator: 'SCT', CodeMeaning: 'medio-lateral oblique' },
} as const

export function* mgImages(
  { study, series, seed, grain, clouds }: Canvas,
  { laterality, view }: MGScan,
): Generator<Image> {
  const patient = randomFor(seed, study.patient.PatientID, 'breast')
  const glandular = patient.between(0.35, 0.95)
  const lesion = patient.next() < 0.3 && laterality === patient.pick(['L', 'R'])
  const pixels = mgImage(randomFor(seed, series.SeriesInstanceUID), {
    ...SHAPE,
    laterality,
    view,
    glandular,
    lesion,
    grain,
    clouds,
  })
  const isInverted = patient.next() < 0.4
  if (isInverted) for (let at = 0; at < pixels.length; at++) pixels[at] = MG_STORED_MAX - pixels[at]!
  yield {
    attributes: {
      SOPClassUID: DigitalMammographyXRayImageStorageForPresentation,
      ...pixelModule({
        ...SHAPE,
        bitsAllocated: 16,
        bitsStored: 12,
        photometricInterpretation: isInverted ? 'MONOCHROME1' : 'MONOCHROME2',
      }),
      ImageType: ['ORIGINAL', 'PRIMARY'],
      PresentationIntentType: 'FOR PRESENTATION',
      PixelIntensityRelationship: 'LOG',
      PixelIntensityRelationshipSign: isInverted ? 1 : -1,
      RescaleIntercept: 0,
      RescaleSlope: 1,
      RescaleType: 'US',
      PresentationLUTShape: isInverted ? 'INVERSE' : 'IDENTITY',
      LossyImageCompression: '00',
      BurnedInAnnotation: 'NO',
      PatientOrientation: [laterality === 'L' ? 'A' : 'P', view === 'CC' ? (laterality === 'L' ? 'R' : 'L') : 'F'],
      ImageLaterality: laterality,
      OrganExposed: 'BREAST',
      PositionerType: 'MAMMOGRAPHIC',
      ViewPosition: view,
      ViewCodeSequence: [{ ...VIEW_CODES[view], ViewModifierCodeSequence: [] }],
      AnatomicRegionSequence: [{ CodeValue: '76752008', CodingSchemeDesignator: 'SCT', CodeMeaning: 'Breast' }],
      AcquisitionContextSequence: [],
      ImagerPixelSpacing: [PIXEL_MM, PIXEL_MM],
      PixelSpacing: [PIXEL_MM, PIXEL_MM],
      DetectorType: 'DIRECT',
      KVP: 29,
      Exposure: 80,
      AnodeTargetMaterial: 'TUNGSTEN',
      CompressionForce: 110,
      BodyPartThickness: 55,
      WindowCenter: isInverted ? MG_STORED_MAX - 1700 : 1700,
      WindowWidth: 3400,
    },
    frames: [bytesOf(pixels)],
    bitsStored: 12,
  }
}
