/**
 * The attributes that SearchImageSets filters and sorts by (AWS "Searching image sets"), one row each. Shapes of the API, columns and
 * indexes of the catalog, the layout of the search index, flags of the command line and fields of the console derive from this table.
 */

/** How the values of an attribute are compared, and of which form they are in a request. */
type SearchKind = 'text' | 'uid' | 'timestamp' | 'studyTimestamp' | 'boolean'

interface SearchAttributeRow {
  /** As AWS spells it, in filters and in summaries. */
  readonly name: string
  readonly kind: SearchKind
  /** The DICOM attribute whose value it is, for texts and UIDs. */
  readonly keyword?: string
  /** In the address of the console and for `--sort`; in kebab case, the flag of `hilum search`. */
  readonly id: string
  readonly label: string
}

/** The search index stores values in this order: a change of it changes the index format. */
export const SEARCH_ATTRIBUTES = [
  { name: 'DICOMPatientId', kind: 'text', keyword: 'PatientID', id: 'patient', label: 'Patient ID' },
  {
    name: 'DICOMAccessionNumber',
    kind: 'text',
    keyword: 'AccessionNumber',
    id: 'accession',
    label: 'Accession number',
  },
  { name: 'DICOMStudyId', kind: 'text', keyword: 'StudyID', id: 'studyId', label: 'Study ID' },
  { name: 'DICOMStudyInstanceUID', kind: 'uid', keyword: 'StudyInstanceUID', id: 'study', label: 'Study Instance UID' },
  {
    name: 'DICOMSeriesInstanceUID',
    kind: 'uid',
    keyword: 'SeriesInstanceUID',
    id: 'series',
    label: 'Series Instance UID',
  },
  { name: 'createdAt', kind: 'timestamp', id: 'created', label: 'Created at' },
  { name: 'updatedAt', kind: 'timestamp', id: 'updated', label: 'Updated at' },
  { name: 'DICOMStudyDateAndTime', kind: 'studyTimestamp', id: 'studyDate', label: 'Study date' },
  { name: 'isPrimary', kind: 'boolean', id: 'primary', label: 'Primary' },
] as const satisfies readonly SearchAttributeRow[]

export type SearchAttribute = (typeof SEARCH_ATTRIBUTES)[number]
type OfKind<K extends SearchKind> = Extract<SearchAttribute, { readonly kind: K }>

/** Filtered by EQUAL. */
export type TextAttribute = OfKind<'text' | 'uid'>['name']
/** Filtered by BETWEEN, and what a result can be sorted by. */
export type SortField = OfKind<'timestamp' | 'studyTimestamp'>['name']
/** The id of a row of the table. */
export type SearchAttributeId<K extends SearchKind = SearchKind> = OfKind<K>['id']

/** The rows of some kinds, kind by kind. */
export const attributesOfKind = <K extends SearchKind>(...kinds: readonly K[]): readonly OfKind<K>[] =>
  kinds.flatMap((kind) => SEARCH_ATTRIBUTES.filter((each): each is OfKind<K> => each.kind === kind))

export const TEXT_SEARCH_ATTRIBUTES = attributesOfKind('text', 'uid')
export const TEXT_ATTRIBUTES: readonly TextAttribute[] = TEXT_SEARCH_ATTRIBUTES.map(({ name }) => name)
export const SORT_FIELDS: readonly SortField[] = attributesOfKind('timestamp', 'studyTimestamp').map(({ name }) => name)

/** The flag of `hilum search` for an attribute. */
export const flagOf = ({ id }: SearchAttribute): string => id.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

export const isUid = (attribute: string): boolean => attributesOfKind('uid').some(({ name }) => name === attribute)

export const isSortField = (attribute: string): attribute is SortField => SORT_FIELDS.some((name) => name === attribute)
