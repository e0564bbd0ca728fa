/** The columns that a search looks at, and the indexes that lead to them. */
import type { Filter, SortField, TextAttribute } from '../../../imaging/search/search.ts'

export const COLUMN_OF: Readonly<Record<Filter['attribute'], string>> = {
  DICOMPatientId: 'patient_id',
  DICOMAccessionNumber: 'accession_number',
  DICOMStudyId: 'study_id',
  DICOMStudyInstanceUID: 'study_instance_uid',
  DICOMSeriesInstanceUID: 'series_instance_uid',
  DICOMStudyDateAndTime: 'study_timestamp',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
  isPrimary: 'is_primary',
}

/** The most telling first: with two texts given, the first of them that is listed here leads to the fewer image sets. */
export const TEXT_INDEXES: readonly (readonly [TextAttribute, string])[] = [
  ['DICOMSeriesInstanceUID', 'image_sets_series'],
  ['DICOMStudyInstanceUID', 'image_sets_study'],
  ['DICOMAccessionNumber', 'image_sets_accession'],
  ['DICOMPatientId', 'image_sets_patient'],
  ['DICOMStudyId', 'image_sets_study_id'],
]

/** Of the primary ones and of the others, each in order of the date. */
export const DATE_INDEXES: Readonly<Record<SortField, string>> = {
  updatedAt: 'image_sets_updated',
  createdAt: 'image_sets_created',
  DICOMStudyDateAndTime: 'image_sets_study_timestamp',
}
