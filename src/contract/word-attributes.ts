/**
 * The DICOM attributes that an extension of SearchImageSets compares beside the nine of AWS (docs/extensions.md), one row each. Names of
 * pairs in a request, flags of the command line and tokens of the search index derive from this table.
 */

/**
 * `words`: a word that is searched for begins a word of the value. `whole`: the values are equal. `number`: the values are equal as
 * integers. In all of them case and accents do not matter.
 */
type WordComparison = 'words' | 'whole' | 'number'

interface WordAttributeRow {
  readonly keyword: string
  readonly comparison: WordComparison
  /** The member of a summary's DICOMTags with the value; null where a summary has none. */
  readonly summaryMember: string | null
  /** Of `hilum search`. */
  readonly flag: string
  readonly label: string
}

/** The index stores the place of an attribute in this table: a change of the order changes the index format. */
export const WORD_ATTRIBUTES = [
  {
    keyword: 'PatientName',
    comparison: 'words',
    summaryMember: 'DICOMPatientName',
    flag: 'name',
    label: 'Patient name',
  },
  {
    keyword: 'Modality',
    comparison: 'words',
    summaryMember: 'DICOMSeriesModality',
    flag: 'modality',
    label: 'Modality',
  },
  {
    keyword: 'StudyDescription',
    comparison: 'words',
    summaryMember: 'DICOMStudyDescription',
    flag: 'description',
    label: 'Study description',
  },
  {
    keyword: 'SeriesDescription',
    comparison: 'words',
    summaryMember: null,
    flag: 'series-description',
    label: 'Series description',
  },
  {
    keyword: 'BodyPartExamined',
    comparison: 'words',
    summaryMember: 'DICOMSeriesBodyPart',
    flag: 'body-part',
    label: 'Body part',
  },
  {
    keyword: 'ReferringPhysicianName',
    comparison: 'words',
    summaryMember: null,
    flag: 'referring-physician',
    label: 'Referring physician',
  },
  {
    keyword: 'InstitutionName',
    comparison: 'words',
    summaryMember: null,
    flag: 'institution',
    label: 'Institution',
  },
  {
    keyword: 'PatientBirthDate',
    comparison: 'whole',
    summaryMember: 'DICOMPatientBirthDate',
    flag: 'birth-date',
    label: 'Birth date',
  },
  {
    keyword: 'PatientSex',
    comparison: 'whole',
    summaryMember: 'DICOMPatientSex',
    flag: 'sex',
    label: 'Sex',
  },
  {
    keyword: 'SeriesNumber',
    comparison: 'number',
    summaryMember: 'DICOMSeriesNumber',
    flag: 'series-number',
    label: 'Series number',
  },
] as const satisfies readonly WordAttributeRow[]

export type WordAttribute = (typeof WORD_ATTRIBUTES)[number]['keyword']

/** A catalog stores the values of these beside the summary. */
export type UnlistedAttribute = Extract<(typeof WORD_ATTRIBUTES)[number], { readonly summaryMember: null }>['keyword']
