/**
 * What Hilum remembers of one DICOM instance: how it groups, what a search finds it by, what a search summary shows of it. Limits
 * from AWS "DICOM element constraints"; what only breaks the VR's own limit (PS3.5 Table 6.2-1) is imported with a warning.
 */

import type { DataSet } from '../dicom/data-set.ts'
import { DicomError } from '../dicom/dicom-error.ts'
import { type DicomFile, requireAttribute } from '../dicom/parse.ts'
import type { GroupingElements } from './grouping.ts'
import type { ImportWarning } from './import-warnings.ts'
import { importWarning } from './import-warnings.ts'
import type { SearchableImageSet } from './search.ts'
import { studyInstant } from './study-instant.ts'

export interface Instance {
  readonly grouping: GroupingElements
  readonly sopInstanceUID: string
  readonly sopClassUID: string
  readonly transferSyntaxUID: string
  /** The DICOMTags of a search summary without the two counts, as JSON text. */
  readonly tags: string
  readonly search: Omit<SearchableImageSet, 'seq' | 'isPrimary' | 'createdAt' | 'updatedAt'>
  readonly warnings: readonly ImportWarning[]
}

interface Limit {
  readonly tag: string
  /** Characters an import admits at most: AWS refuses the file beyond. */
  readonly max: number
  /** Characters the VR admits: beyond, the file is imported with a warning. */
  readonly vrMax: number
}

/** `max` from AWS where it names the element, else from the wire's limit of its DICOMTags member. */
const LIMITS = {
  PatientID: { tag: '00100020', max: 256, vrMax: 64 },
  PatientName: { tag: '00100010', max: 256, vrMax: 194 },
  PatientBirthDate: { tag: '00100030', max: 18, vrMax: 10 },
  PatientSex: { tag: '00100040', max: 16, vrMax: 16 },
  StudyInstanceUID: { tag: '0020000D', max: 256, vrMax: 64 },
  StudyID: { tag: '00200010', max: 256, vrMax: 16 },
  StudyDescription: { tag: '00081030', max: 256, vrMax: 64 },
  AccessionNumber: { tag: '00080050', max: 256, vrMax: 16 },
  SeriesInstanceUID: { tag: '0020000E', max: 256, vrMax: 64 },
  SOPInstanceUID: { tag: '00080018', max: 256, vrMax: 64 },
  Modality: { tag: '00080060', max: 32, vrMax: 16 },
  BodyPartExamined: { tag: '00180015', max: 128, vrMax: 16 },
  SeriesNumber: { tag: '00200011', max: 256, vrMax: 12 },
  StudyDate: { tag: '00080020', max: 18, vrMax: 10 },
  StudyTime: { tag: '00080030', max: 28, vrMax: 16 },
} as const satisfies Record<string, Limit>

type Keyword = keyof typeof LIMITS
type Values = { readonly [K in Keyword]: string | null | undefined }

/** @throws DicomError where the instance cannot be imported; its reason is the message of the failure report. */
export function readInstance(file: DicomFile): Instance {
  const sopClassUID = requireAttribute(file.dataSet, 'SOPClassUID')
  const sopInstanceUID = requireAttribute(file.dataSet, 'SOPInstanceUID')
  const StudyInstanceUID = requireAttribute(file.dataSet, 'StudyInstanceUID')
  const SeriesInstanceUID = requireAttribute(file.dataSet, 'SeriesInstanceUID')
  const values = readValues(file.dataSet)
  const instant = studyInstant(values.StudyDate, values.StudyTime, { strict: false }) ?? null
  return {
    grouping: {
      StudyInstanceUID,
      StudyDate: values.StudyDate ?? null,
      AccessionNumber: values.AccessionNumber ?? null,
      PatientID: values.PatientID ?? null,
      StudyID: values.StudyID ?? null,
      SeriesInstanceUID,
      SeriesNumber: values.SeriesNumber ?? null,
    },
    sopInstanceUID,
    sopClassUID,
    transferSyntaxUID: file.transferSyntaxUID,
    tags: tagsOf(values),
    search: {
      DICOMPatientId: values.PatientID ?? null,
      DICOMAccessionNumber: values.AccessionNumber ?? null,
      DICOMStudyId: values.StudyID ?? null,
      DICOMStudyInstanceUID: StudyInstanceUID,
      DICOMSeriesInstanceUID: SeriesInstanceUID,
      DICOMStudyDateAndTime: instant,
    },
    warnings: warningsOf(file, values, instant),
  }
}

function readValues(dataSet: DataSet): Values {
  const values: { [K in Keyword]?: string | null | undefined } = {}
  for (const [keyword, limit] of Object.entries(LIMITS) as [Keyword, Limit][]) {
    const value = dataSet.string(limit.tag)
    if (typeof value === 'string' && value.length > limit.max) {
      throw new DicomError({
        reason: `DICOM attribute ${keyword} has ${value.length} characters, more than the ${limit.max} that can be imported`,
        tag: limit.tag,
      })
    }
    values[keyword] = value
  }
  return values as Values
}

/** Present and empty is null, absent is left out: as the service's own answers have it. */
const tagsOf = (values: Values): string =>
  JSON.stringify({
    DICOMPatientId: values.PatientID,
    DICOMPatientName: values.PatientName,
    DICOMPatientBirthDate: values.PatientBirthDate,
    DICOMPatientSex: values.PatientSex,
    DICOMStudyInstanceUID: values.StudyInstanceUID,
    DICOMStudyId: values.StudyID,
    DICOMStudyDescription: values.StudyDescription,
    DICOMAccessionNumber: values.AccessionNumber,
    DICOMSeriesInstanceUID: values.SeriesInstanceUID,
    DICOMSeriesModality: values.Modality,
    DICOMSeriesBodyPart: values.BodyPartExamined,
    DICOMSeriesNumber: seriesNumberOf(values.SeriesNumber),
    DICOMStudyDate: values.StudyDate,
    DICOMStudyTime: values.StudyTime,
  })

/** The summary's is an integer; a SeriesNumber that is none is left out. */
function seriesNumberOf(text: string | null | undefined): number | null | undefined {
  if (text === null || text === undefined) return text
  const number = /^\s*[+-]?\d{1,12}\s*$/.test(text) ? Number(text) : Number.NaN
  return Number.isInteger(number) && number === (number | 0) ? number : undefined
}

function warningsOf(file: DicomFile, values: Values, instant: number | null): ImportWarning[] {
  const warnings: ImportWarning[] = []
  for (const [keyword, limit] of Object.entries(LIMITS) as [Keyword, Limit][]) {
    const value = values[keyword]
    if (typeof value !== 'string') continue
    if (value.length > limit.vrMax) {
      const message = `DICOM attribute ${keyword} has ${value.length} characters, more than the ${limit.vrMax} of its VR`
      warnings.push(importWarning('InvalidDICOMValueLength', message))
    }
    if (keyword.endsWith('UID') && !/^\d+(\.\d+)+$/.test(value)) {
      warnings.push(
        importWarning('InvalidUIDFormat', `DICOM attribute ${keyword} is not a UID: numbers joined by single periods`),
      )
    }
  }
  if (instant === null && typeof values.StudyDate === 'string') {
    const message = 'DICOM attribute StudyDate is not a date; the image set cannot be found by it'
    warnings.push(importWarning('InvalidDICOMValueLength', message))
  }
  if (file.transferSyntax === undefined) {
    warnings.push(
      importWarning('UnsupportedTransferSyntax', 'The transfer syntax is not known; the file is kept as it is'),
    )
  }
  if (file.dataSet.unknownCharacterSets().length > 0) {
    const message = 'SpecificCharacterSet names a character set that is not known; text was read as Latin'
    warnings.push(importWarning('Other', message))
  }
  return warnings
}
