/** The values of a series that the catalog has in its row: those of the summary and the texts beside it, by keyword. */
import { unlistedAttributes } from '../search/described.ts'
import type { ValuesOf } from './match.ts'

const SUMMARY_MEMBERS: Readonly<Record<string, string>> = {
  PatientName: 'DICOMPatientName',
  PatientID: 'DICOMPatientId',
  PatientBirthDate: 'DICOMPatientBirthDate',
  PatientSex: 'DICOMPatientSex',
  StudyInstanceUID: 'DICOMStudyInstanceUID',
  StudyID: 'DICOMStudyId',
  StudyDescription: 'DICOMStudyDescription',
  StudyDate: 'DICOMStudyDate',
  StudyTime: 'DICOMStudyTime',
  AccessionNumber: 'DICOMAccessionNumber',
  SeriesInstanceUID: 'DICOMSeriesInstanceUID',
  SeriesNumber: 'DICOMSeriesNumber',
  Modality: 'DICOMSeriesModality',
  BodyPartExamined: 'DICOMSeriesBodyPart',
}

/** Null where an attribute is empty; absent where it is not known. */
export type SummaryTexts = Readonly<Record<string, string | null>>

/** @param tags, unlistedTexts JSON texts of the row */
export function summaryTexts(tags: string, unlistedTexts: string | null): SummaryTexts {
  const summary: Readonly<Record<string, string | number | null | undefined>> = JSON.parse(tags)
  const unlisted: Readonly<Record<string, string>> = unlistedTexts === null ? {} : JSON.parse(unlistedTexts)
  const texts: Record<string, string | null> = {}
  for (const [keyword, member] of Object.entries(SUMMARY_MEMBERS)) {
    const value = summary[member]
    if (value !== undefined) texts[keyword] = value === null ? null : String(value)
  }
  for (const [keyword] of unlistedAttributes) if (unlisted[keyword] !== undefined) texts[keyword] = unlisted[keyword]
  return texts
}

export const valuesOfTexts =
  (texts: SummaryTexts): ValuesOf =>
  (keyword) => {
    const text = texts[keyword]
    return text === undefined || text === null ? [] : [text]
  }
