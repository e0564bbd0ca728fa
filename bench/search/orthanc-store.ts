/** Orthanc with the series of the search benchmark: one small instance for each, sent over its REST API. */
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ExplicitVRLittleEndian, encodeP10 } from '../../src/dicom/encode.ts'
import { startOrthanc } from '../orthanc-server.ts'
import type { Progress } from './built-store.ts'
import { type BenchImageSet, DATA_SET_VERSION, type DataSet } from './data-set.ts'

interface StoreToFill {
  readonly dataSet: DataSet
  readonly cacheFolder: string
  readonly progress: Progress
}

/** @returns the folder, which is filled once for each number of series: some 600 a second */
export async function orthancStore({ dataSet, cacheFolder, progress }: StoreToFill): Promise<string> {
  const folder = join(cacheFolder, `orthanc-${dataSet.size}-${DATA_SET_VERSION}`)
  if (!existsSync(folder)) await fillOrthanc({ dataSet, folder, progress })
  return folder
}

/** Fills another folder and renames it when it is complete. */
async function fillOrthanc(request: { dataSet: DataSet; folder: string; progress: Progress }): Promise<void> {
  const { dataSet, folder, progress } = request
  const filling = `${folder}-filling-${process.pid}`
  try {
    const orthanc = await startOrthanc(filling, { isDurable: false })
    try {
      await orthanc.store(filesOf(dataSet), (count) => progress('loading Orthanc', count / dataSet.size))
    } finally {
      await orthanc.stop()
    }
    await rename(filling, folder)
  } finally {
    await rm(filling, { recursive: true, force: true })
  }
}

function* filesOf(dataSet: DataSet): Iterable<Uint8Array> {
  for (let index = 0; index < dataSet.size; index++) yield fileOf(dataSet.imageSet(index))
}

/** One small instance for each series, with the tags of its summary. */
function fileOf({ grouping, tags }: BenchImageSet): Uint8Array {
  const summary = JSON.parse(tags)
  return encodeP10({
    transferSyntaxUID: ExplicitVRLittleEndian,
    attributes: {
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.2',
      SpecificCharacterSet: 'ISO_IR 192',
      SOPInstanceUID: `${grouping.SeriesInstanceUID}.1`,
      StudyDate: grouping.StudyDate!,
      StudyTime: summary.DICOMStudyTime,
      Modality: summary.DICOMSeriesModality,
      AccessionNumber: grouping.AccessionNumber ?? '',
      StudyDescription: summary.DICOMStudyDescription,
      PatientName: summary.DICOMPatientName,
      PatientID: grouping.PatientID!,
      PatientBirthDate: summary.DICOMPatientBirthDate,
      PatientSex: summary.DICOMPatientSex,
      BodyPartExamined: summary.DICOMSeriesBodyPart,
      StudyID: grouping.StudyID!,
      StudyInstanceUID: grouping.StudyInstanceUID,
      SeriesInstanceUID: grouping.SeriesInstanceUID,
      SeriesNumber: Number(grouping.SeriesNumber),
      InstanceNumber: 1,
    },
  })
}
