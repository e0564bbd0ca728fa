/** The columns of `studies` that searches compare and order by: the values as comparedText has them. */
import type { StudyAttributes } from '../../catalog/study-repository.ts'

export interface StudyColumn {
  readonly column: string
  readonly vr: string
  /** The column with the folded words of the value, each after a space. */
  readonly words?: string
}

/** The format of the values. A change of comparedText, or of what is a part of a study, raises the number. */
export const STUDY_FORMAT = 'studies 1'

type SingleValued = Exclude<keyof StudyAttributes, 'ModalitiesInStudy'>

/** The most selective first: in this order a search looks for an index that leaves few studies. */
export const STUDY_COLUMNS = {
  StudyInstanceUID: { column: 'study_instance_uid', vr: 'UI' },
  AccessionNumber: { column: 'accession_number', vr: 'SH' },
  PatientID: { column: 'patient_id', vr: 'LO' },
  StudyID: { column: 'study_id', vr: 'SH' },
  PatientName: { column: 'patient_name', vr: 'PN', words: 'patient_name_words' },
  PatientBirthDate: { column: 'patient_birth_date', vr: 'DA' },
  StudyDate: { column: 'study_date', vr: 'DA' },
  StudyDescription: { column: 'study_description', vr: 'LO' },
  ReferringPhysicianName: {
    column: 'referring_physician_name',
    vr: 'PN',
    words: 'referring_physician_words',
  },
  StudyTime: { column: 'study_time', vr: 'TM' },
  PatientBirthTime: { column: 'patient_birth_time', vr: 'TM' },
  PatientSex: { column: 'patient_sex', vr: 'CS' },
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
