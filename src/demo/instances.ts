/** Generates the demo data set file by file, as it is read: studies of a whole hospital with fictional patients. */

import type { Attributes } from '../dicom/encode.ts'
import { openHTJ2KCodec } from '../pixel-data/htj2k/htj2k.ts'
import { makeGrain, randomFor, uidFor } from './drawing/random.ts'
import { crImages } from './series/cr.ts'
import { ctImages } from './series/ct.ts'
import { encodeImage } from './series/encode-image.ts'
import type { Canvas, Image } from './series/image.ts'
import { mgImages } from './series/mg.ts'
import { mrImages } from './series/mr.ts'
import { ptImages } from './series/pt.ts'
import { usImages } from './series/us.ts'
import type { Modality } from './studies/protocols.ts'
import { type DemoOptions, type Series, type Study, studies } from './studies/studies.ts'

export interface DemoInstance {
  /** Relative path with slashes: modality, series, number. */
  path: string
  bytes: Uint8Array
}

/** Newest study first; the copy that contradicts its series comes last. */
export async function* demoInstances(options: DemoOptions): AsyncGenerator<DemoInstance> {
  const htj2k = await openHTJ2KCodec()
  const grain = makeGrain(randomFor(options.seed, 'grain'), { sizePixels: 256, smoothing: 1 })
  const clouds = makeGrain(randomFor(options.seed, 'clouds'), { sizePixels: 64, smoothing: 5 })
  const pairs = studies(options).flatMap((study) => study.series.map((series) => ({ study, series })))
  const firsts = pairs.filter(({ series }) => series.wrongPatientID === undefined)
  const copies = pairs.filter(({ series }) => series.wrongPatientID !== undefined)
  for (const { study, series } of [...firsts, ...copies]) {
    const folder = series.wrongPatientID === undefined ? series.modality : 'second-copy'
    let number = 0
    for (const image of imagesOf({ study, series, seed: options.seed, grain, clouds })) {
      number += 1
      const attributes = instanceAttributes({ study, series, number, seed: options.seed })
      yield {
        path: `${folder}/${series.SeriesInstanceUID}/${String(number).padStart(4, '0')}.dcm`,
        bytes: encodeImage(
          { ...image, attributes: { ...attributes, ...image.attributes } },
          { transferSyntaxUID: series.transferSyntaxUID, htj2k },
        ),
      }
    }
  }
}

function imagesOf(canvas: Canvas): Generator<Image> {
  const { scan } = canvas.series
  switch (scan.kind) {
    case 'ct-torso':
    case 'ct-coronal':
    case 'ct-scout':
    case 'ct-head':
      return ctImages(canvas, scan)
    case 'mr-head':
    case 'mr-spine':
      return mrImages(canvas, scan)
    case 'cr':
      return crImages(canvas, scan)
    case 'us':
    case 'us-cine':
      return usImages(canvas, scan)
    case 'mg':
      return mgImages(canvas, scan)
    case 'pt':
      return ptImages(canvas, scan)
  }
}

interface InstancePlace {
  study: Study
  series: Series
  number: number
  seed: number
}

/** The patient, study, series, equipment and SOP common modules. */
function instanceAttributes({ study, series, number, seed }: InstancePlace): Attributes {
  const { patient } = study
  return {
    SpecificCharacterSet: patient.SpecificCharacterSet,
    SOPInstanceUID: uidFor(seed, series.SeriesInstanceUID, number),
    StudyInstanceUID: study.StudyInstanceUID,
    StudyDate: study.StudyDate,
    StudyTime: study.StudyTime,
    StudyID: study.StudyID,
    StudyDescription: study.StudyDescription,
    AccessionNumber: study.AccessionNumber,
    ReferringPhysicianName: study.ReferringPhysicianName,
    PatientName: patient.PatientName,
    PatientID: series.wrongPatientID ?? patient.PatientID,
    PatientBirthDate: patient.PatientBirthDate,
    PatientSex: patient.PatientSex,
    PatientAge: ageOn(study.StudyDate, patient.PatientBirthDate),
    PatientComments: 'Fictional patient of a demonstration',
    SeriesInstanceUID: series.SeriesInstanceUID,
    SeriesNumber: series.SeriesNumber,
    SeriesDescription: series.description,
    SeriesDate: study.StudyDate,
    SeriesTime: study.performedAt,
    AcquisitionDate: study.StudyDate,
    AcquisitionTime: study.performedAt,
    ContentDate: study.StudyDate,
    ContentTime: study.performedAt,
    Modality: series.modality,
    BodyPartExamined: study.protocol.bodyPart,
    ProtocolName: study.protocol.name,
    InstanceNumber: number,
    ...EQUIPMENT[series.modality],
    InstitutionName: 'Hilum Demonstration Hospital',
    SoftwareVersions: 'demo 1',
  }
}

const EQUIPMENT: Readonly<Record<Modality, Attributes>> = {
  CT: {
    Manufacturer: 'Phantom Imaging',
    ManufacturerModelName: 'Helix 64',
    StationName: 'CT1',
    DeviceSerialNumber: '640017',
  },
  MR: {
    Manufacturer: 'Phantom Imaging',
    ManufacturerModelName: 'Larmor 1.5',
    StationName: 'MR1',
    DeviceSerialNumber: '150023',
  },
  CR: {
    Manufacturer: 'Phantom Imaging',
    ManufacturerModelName: 'Phosphor C',
    StationName: 'CR2',
    DeviceSerialNumber: '20881',
  },
  US: {
    Manufacturer: 'Sector Sound',
    ManufacturerModelName: 'Echo 9',
    StationName: 'US3',
    DeviceSerialNumber: 'E9-0114',
  },
  MG: {
    Manufacturer: 'Phantom Imaging',
    ManufacturerModelName: 'Mammo D',
    StationName: 'MG1',
    DeviceSerialNumber: '77120',
  },
  PT: {
    Manufacturer: 'Phantom Imaging',
    ManufacturerModelName: 'Positron 4',
    StationName: 'PT1',
    DeviceSerialNumber: '40009',
  },
}

/** Years as an age string (PS3.5 6.2, AS). */
function ageOn(day: string, birthDate: string | null): string | undefined {
  if (birthDate === null) return undefined
  const years = Math.floor((Number(day) - Number(birthDate)) / 10_000)
  return `${String(years).padStart(3, '0')}Y`
}
