/** The columns of `studies` that searches compare and order by: the values as comparedText has them. */
import type { StudyAttributes } from '../../catalog/study-repository.ts'

export interface StudyColumn {
  readonly column: string
  /** The column with the folded words of the value, each after a space. */
  readonly words?: string
}

/** The format of the values. A change of comparedText, or of what is a part of a study, raises the number. */
export const STUDY_FORMAT = 'studies 1'

type SingleValued = Exclude<keyof StudyAttributes, 'ModalitiesInStudy'>

/** The most selective first: in this order a search looks for an index that leaves few studies. */
export const STUDY_COLUMNS = {
  StudyInstanceUID: { column: 'study_instance_uid' },
  AccessionNumber: { column: 'accession_number' },
  PatientID: { column: 'patient_id' },
  StudyID: { column: 'study_id' },
  PatientName: { column: 'patient_name', words: 'patient_name_words' },
  PatientBirthDate: { column: 'patient_birth_date' },
  StudyDate: { column: 'study_date' },
  StudyDescription: { column: 'study_description' },
  ReferringPhysicianName: {
    column: 'referring_physician_name',
    words: 'referring_physician_words',
  },
  StudyTime: { column: 'study_time' },
  PatientBirthTime: { column: 'patient_birth_time' },
  PatientSex: { column: 'patient_sex' },
} as const satisfies Readonly<Record<SingleValued, StudyColumn>>

export type StudyKeyword = keyof typeof STUDY_COLUMNS

export const isStudyKeyword = (keyword: string): keyword is StudyKeyword => Object.hasOwn(STUDY_COLUMNS, keyword)

/** Columns by which studies are found or ordered, beside the UID, whose index is unique. */
export const INDEXED_COLUMNS: readonly string[] = [
  'updated_at',
  'modalities',
  ...Object.values(STUDY_COLUMNS)
    .map(({ column }) => column)
    .filter((column) => column !== 'study_instance_uid'),
]

/** All but the study's number and what says when a state was current. */
export const STATE_COLUMNS: readonly string[] = [
  ...['row_id', 'updated_at', 'series', 'instances', 'modalities', 'attributes', 'words_cut'],
  ...Object.values<StudyColumn>(STUDY_COLUMNS).flatMap((each) => [
    each.column,
    ...(each.words === undefined ? [] : [each.words]),
  ]),
]

/** The column `modalities`: each after a backslash, in order. */
export const modalitiesText = (modalities: readonly string[]): string | null =>
  modalities.map((modality) => `\\${modality}`).join('') || null

export const modalitiesIn = (text: string | null): readonly string[] => (text ?? '').split('\\').slice(1)
