/**
 * The attributes by which an image set is grouped, found and summed up in a search, and what follows from their values. Read from a file
 * (instance.ts) or from the levels of a version (levels.ts), always as the metadata document has them, so that both agree.
 */
import { trimEnd } from '../../dicom/data-set.ts'
import type { GroupingElements } from '../grouping.ts'
import type { SearchableImageSet } from './search.ts'
import { studyTimestamp } from './study-instant.ts'

interface Limit {
  readonly tag: string
  /** Characters an import or an update admits at most: AWS refuses what is beyond ("DICOM element constraints"). */
  readonly max: number
  /** Characters the VR admits: beyond, the file is imported with a warning. */
  readonly vrMax: number
}

/** `max` from AWS where it names the element, else from the wire's limit of its DICOMTags member. */
export const SUMMARY_ATTRIBUTES = {
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

export type SummaryKeyword = keyof typeof SUMMARY_ATTRIBUTES
/** Undefined is absent, null is empty. */
export type SummaryValues = { readonly [K in SummaryKeyword]?: string | null | undefined }

export const summaryAttributes = Object.entries(SUMMARY_ATTRIBUTES) as readonly [SummaryKeyword, Limit][]

export interface ImageSetColumns {
  readonly grouping: GroupingElements
  /** The DICOMTags of a search summary without the two counts, as JSON text. */
  readonly tags: string
  readonly search: Omit<SearchableImageSet, 'seq' | 'isPrimary' | 'createdAt' | 'updatedAt'>
}

/** A value of the document as one text without padding, several with backslashes between them; of sequences nothing. */
export function summaryText(documentValue: unknown): string | null {
  const values = Array.isArray(documentValue) ? documentValue : [documentValue]
  if (values.some((value) => typeof value === 'object' && value !== null)) return null
  const text = values.map((value) => (typeof value === 'string' ? trimEnd(value) : String(value ?? ''))).join('\\')
  return text === '' ? null : text
}

export function imageSetColumns(
  values: SummaryValues & { readonly StudyInstanceUID: string; readonly SeriesInstanceUID: string },
): ImageSetColumns {
  return {
    grouping: {
      StudyInstanceUID: values.StudyInstanceUID,
      StudyDate: values.StudyDate ?? null,
      AccessionNumber: values.AccessionNumber ?? null,
      PatientID: values.PatientID ?? null,
      StudyID: values.StudyID ?? null,
      SeriesInstanceUID: values.SeriesInstanceUID,
      SeriesNumber: values.SeriesNumber ?? null,
    },
    tags: tagsOf(values),
    search: {
      DICOMPatientId: values.PatientID ?? null,
      DICOMAccessionNumber: values.AccessionNumber ?? null,
      DICOMStudyId: values.StudyID ?? null,
      DICOMStudyInstanceUID: values.StudyInstanceUID,
      DICOMSeriesInstanceUID: values.SeriesInstanceUID,
      DICOMStudyDateAndTime: studyTimestamp(values.StudyDate, values.StudyTime, { strict: false }) ?? null,
    },
  }
}

/** Present and empty is null, absent is left out: as the service's own answers have it. */
const tagsOf = (values: SummaryValues): string =>
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
