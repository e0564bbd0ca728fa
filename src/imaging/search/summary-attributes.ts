/**
 * The attributes that image sets are grouped by, searched by and summarised with. Their values are read from a file (instance.ts) or from
 * the attributes of a version (levels.ts), in the form of the metadata document in both cases, so that both agree.
 */
import { TEXT_SEARCH_ATTRIBUTES, type TextAttribute } from '../../contract/search-attributes.ts'
import { trimEnd } from '../../dicom/data-set.ts'
import type { GroupingElements } from '../grouping.ts'
import { textOfUnlisted, type UnlistedTexts } from './described.ts'
import type { SearchableImageSet } from './search.ts'
import { studyTimestamp } from './study-timestamp.ts'

interface Limit {
  readonly tag: string
  /** The most characters that an import or an update accepts (AWS "DICOM element constraints"). */
  readonly max: number
  /** The most characters of the VR: a longer value is imported with a warning. */
  readonly vrMax: number
}

/** `max` is AWS's where it names the element, otherwise the limit of the DICOMTags member. */
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

type SearchedKeyword = (typeof TEXT_SEARCH_ATTRIBUTES)[number]['keyword']
type SearchedTexts = Pick<SearchableImageSet, TextAttribute>

export interface ImageSetColumns {
  readonly grouping: GroupingElements
  /** The DICOMTags of a summary without the two counts, as JSON text. */
  readonly tags: string
  /** Texts that searches by words compare and the tags do not have: JSON text (described.ts). */
  readonly unlistedTexts: string | null
  readonly search: Omit<SearchableImageSet, 'rowId' | 'isPrimary' | 'createdAt' | 'updatedAt'>
}

/** A value of the document as one text without padding; several values are joined by backslashes, sequences are null. */
export function summaryText(documentValue: unknown): string | null {
  const values = Array.isArray(documentValue) ? documentValue : [documentValue]
  if (values.some((value) => typeof value === 'object' && value !== null)) return null
  const text = values.map((value) => (typeof value === 'string' ? trimEnd(value) : String(value ?? ''))).join('\\')
  return text === '' ? null : text
}

export function imageSetColumns(
  values: SummaryValues & { readonly StudyInstanceUID: string; readonly SeriesInstanceUID: string },
  unlisted: UnlistedTexts,
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
    unlistedTexts: textOfUnlisted(unlisted),
    search: {
      ...searchedTexts(values),
      DICOMStudyDateAndTime: studyTimestamp(values.StudyDate, values.StudyTime, { strict: false }) ?? null,
    },
  }
}

/** The texts that searches compare, by attribute. An absent or empty value is null. */
export const searchedTexts = (values: Pick<SummaryValues, SearchedKeyword>): SearchedTexts =>
  Object.fromEntries(
    TEXT_SEARCH_ATTRIBUTES.map(({ name, keyword }) => [name, values[keyword] ?? null]),
  ) as unknown as SearchedTexts

/** As in replies of AWS: an empty value is null, an absent one is left out. */
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

/** The summary has an integer: a SeriesNumber that is not one is left out. */
function seriesNumberOf(text: string | null | undefined): number | null | undefined {
  if (text === null || text === undefined) return text
  const number = /^\s*[+-]?\d{1,12}\s*$/.test(text) ? Number(text) : Number.NaN
  return Number.isInteger(number) && number === (number | 0) ? number : undefined
}
