/**
 * The search for studies: its filters in the fragment of the URL, which browsers send to no server, and as parameters of SearchDICOMStudies
 * (docs/dicomweb.md).
 */
import { parseStudyDate, type StudyDates, studyDateParameter, studyDateText } from './study-dates.ts'

/** Attributes of DICOM that are filters with a text. */
const TEXT_FILTERS = ['PatientName', 'PatientID', 'AccessionNumber'] as const
type TextFilter = (typeof TEXT_FILTERS)[number]
type StudyFilter = TextFilter | 'ModalitiesInStudy' | 'StudyDate'

/** Columns that the server sorts by. */
const ORDERS = [
  'PatientName',
  'PatientID',
  'PatientBirthDate',
  'StudyDate',
  'ModalitiesInStudy',
  'StudyDescription',
  'AccessionNumber',
] as const
export type StudyOrder = (typeof ORDERS)[number]

export type StudySearch = Readonly<Record<TextFilter, string>> & {
  readonly modalities: readonly string[]
  readonly dates: StudyDates | undefined
  readonly order: StudyOrder
  readonly isDescending: boolean
}

export const ALL_STUDIES: StudySearch = {
  ...{ PatientName: '', PatientID: '', AccessionNumber: '' },
  ...{ modalities: [], dates: undefined, order: 'StudyDate', isDescending: true },
}

/** As the server has it. */
const CHARACTERS_MAX = 1_024
/** CS (PS3.5 6.2). */
const MODALITY = /^[A-Z0-9 _]{1,16}$/

export type StudyErrors = Partial<Readonly<Record<StudyFilter, string>>>

export function errorsOf(search: StudySearch): StudyErrors {
  const long = TEXT_FILTERS.filter((name) => search[name].length > CHARACTERS_MAX)
  return Object.fromEntries(
    long.map((name) => [name, `A value can have up to 1,024 characters. This one has ${search[name].length}.`]),
  )
}

/** The filter that the server refused, by the attribute that its message begins with or names. */
export function refusalOf(error: Error | null): StudyErrors | undefined {
  if (error?.name !== 'ValidationException') return undefined
  const filter = /\b(PatientName|PatientID|AccessionNumber|ModalitiesInStudy|StudyDate)\b/.exec(error.message)?.[1]
  return filter === undefined ? undefined : { [filter]: error.message.replace(/\.?$/, '.') }
}

export const isFiltered = (search: StudySearch): boolean =>
  fragmentOf({ ...search, order: 'StudyDate', isDescending: true }) !== ''

/** For example `PatientName=mar&ModalitiesInStudy=CT&StudyDate=today`. Empty for all studies, newest first. */
export function fragmentOf(search: StudySearch): string {
  const parameters = new URLSearchParams()
  for (const name of TEXT_FILTERS) if (search[name].trim() !== '') parameters.set(name, search[name].trim())
  if (search.modalities.length > 0) parameters.set('ModalitiesInStudy', search.modalities.join(','))
  if (search.dates !== undefined) parameters.set('StudyDate', studyDateText(search.dates))
  if (search.order !== 'StudyDate' || !search.isDescending) parameters.set('orderby', orderText(search))
  return parameters.toString()
}

const orderText = ({ order, isDescending }: StudySearch): string => `${isDescending ? '-' : ''}${order}`

/** The parameter of the fragment that names the study whose series are shown. `open` is that of sign-in links. */
const OPEN = 'study'

export const openStudyOf = (fragment: string): string | undefined => {
  const study = new URLSearchParams(fragment).get(OPEN)
  return study !== null && /^[0-9.]{1,64}$/.test(study) ? study : undefined
}

/** @param study undefined to show none */
export function withOpenStudy(fragment: string, study: string | undefined): string {
  const parameters = new URLSearchParams(fragment)
  if (study === undefined) parameters.delete(OPEN)
  else parameters.set(OPEN, study)
  return parameters.toString()
}

interface ParsedStudySearch {
  readonly search: StudySearch
  /** The names of parameters that are unknown or have an invalid value. */
  readonly invalidParameters: readonly string[]
}

export function studySearchOf(fragment: string): ParsedStudySearch {
  let search = ALL_STUDIES
  const invalidParameters: string[] = []
  for (const [name, value] of new URLSearchParams(fragment)) {
    const changes = changesOf(name, value)
    if (changes === undefined) invalidParameters.push(name)
    else search = { ...search, ...changes }
  }
  return { search, invalidParameters }
}

function changesOf(name: string, value: string): Partial<StudySearch> | undefined {
  if (name === OPEN) return openStudyOf(`${OPEN}=${value}`) === undefined ? undefined : {}
  if (TEXT_FILTERS.some((filter) => filter === name)) return { [name]: value }
  if (name === 'ModalitiesInStudy') {
    const modalities = value.split(',')
    return modalities.every((modality) => MODALITY.test(modality)) ? { modalities } : undefined
  }
  if (name === 'StudyDate') {
    const dates = parseStudyDate(value)
    return dates === undefined ? undefined : { dates }
  }
  if (name !== 'orderby') return undefined
  const order = ORDERS.find((each) => each === value.replace(/^-/, ''))
  return order === undefined ? undefined : { order, isDescending: value.startsWith('-') }
}

/** Of the search, without those of a page. @param now when the search was started: `today` is its day */
export function parametersOf(search: StudySearch, now: Date): Record<string, string> {
  const parameters: Record<string, string> = {}
  for (const name of TEXT_FILTERS) if (search[name].trim() !== '') parameters[name] = search[name].trim()
  if (parameters.PatientName !== undefined) parameters.fuzzymatching = 'true'
  if (search.modalities.length > 0) parameters.ModalitiesInStudy = search.modalities.join('\\')
  if (search.dates !== undefined) parameters.StudyDate = studyDateParameter(search.dates, now)
  const sign = search.isDescending ? '-' : ''
  // Studies of one day in the order of their times; patients of one name with their newest study first.
  const second = search.order === 'StudyDate' ? [`${sign}StudyTime`] : ['-StudyDate', '-StudyTime']
  parameters.orderby = [`${sign}${search.order}`, ...second].join(',')
  return parameters
}
