/**
 * The options of `hilum search` become the SearchCriteria of the API. What the API itself refuses (more than two filters) and what
 * contradicts itself is refused here already, in the words of the options.
 */
import type { SearchByAttributeValue, SearchCriteria, SearchFilter, Sort } from '@aws-sdk/client-medical-imaging'
import type { Flags } from '../../server/config.ts'
import { nearest } from '../../server/nearest.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { type DateRange, type Moment, parseDateRange } from './search-dates.ts'

const TEXTS = {
  patient: 'DICOMPatientId',
  accession: 'DICOMAccessionNumber',
  'study-id': 'DICOMStudyId',
  study: 'DICOMStudyInstanceUID',
  series: 'DICOMSeriesInstanceUID',
} as const
const DATES = { 'study-date': 'DICOMStudyDateAndTime', created: 'createdAt', updated: 'updatedAt' } as const
const SORT_FIELDS: Readonly<Record<string, Sort['sortField']>> = {
  studyDate: 'DICOMStudyDateAndTime',
  created: 'createdAt',
  updated: 'updatedAt',
}
const FILTERS_MAX = 2

/** What an open end stands for: BETWEEN always takes two bounds. */
const EARLIEST = { date: '0001-01-01', instant: new Date(0) }
const LATEST = { date: '9999-12-31', instant: new Date('9999-12-31T00:00:00Z') }

/** Every option that says what is searched for; --criteria stands in for all of them. */
export const CRITERIA_FLAGS = [
  ...Object.keys(TEXTS),
  ...Object.keys(DATES),
  'primary',
  'not-primary',
  'sort',
  'asc',
  'desc',
]

/** Undefined where nothing is asked for: all image sets, newest change first. Throws OperatorError with exit code 2. */
export function criteriaOf(flags: Flags, { now }: { now: Date }): SearchCriteria | undefined {
  refuseBoth(flags, 'primary', 'not-primary')
  refuseBoth(flags, 'asc', 'desc')
  const given: { option: string; filter: SearchFilter }[] = []
  for (const [flag, attribute] of Object.entries(TEXTS)) {
    const text = flags[flag]
    if (typeof text === 'string') given.push({ option: `--${flag}`, filter: equal({ [attribute]: text }) })
  }
  for (const [flag, attribute] of Object.entries(DATES)) {
    const text = flags[flag]
    const option = `--${flag}`
    if (typeof text === 'string') given.push({ option, filter: betweenOf(attribute, text, { option, now }) })
  }
  if (flags.primary === true) given.push({ option: '--primary', filter: equal({ isPrimary: true }) })
  if (flags['not-primary'] === true) given.push({ option: '--not-primary', filter: equal({ isPrimary: false }) })
  if (given.length > FILTERS_MAX) {
    const options = given.map(({ option }) => option).join(', ')
    throw wrong(
      `The API takes at most two filters in one search, and these are ${given.length}: ${options}. Leave some out.`,
    )
  }
  const sort = sortOf(flags)
  if (given.length === 0 && sort === undefined) return undefined
  return { ...(given.length > 0 && { filters: given.map(({ filter }) => filter) }), ...(sort && { sort }) }
}

const equal = (value: Readonly<Record<string, string | boolean>>): SearchFilter => ({
  operator: 'EQUAL',
  values: [value as unknown as SearchByAttributeValue],
})

function betweenOf(
  attribute: (typeof DATES)[keyof typeof DATES],
  text: string,
  at: { option: string; now: Date },
): SearchFilter {
  const range = parseDateRange(text, at)
  if (attribute === 'DICOMStudyDateAndTime') {
    const values = studyBounds(range, at.option)
    return { operator: 'BETWEEN', values: values.map((value) => ({ DICOMStudyDateAndTime: value })) }
  }
  const [from, to] = [
    range.from ? instantOf(range.from) : EARLIEST.instant,
    range.to ? instantOf(range.to) : LATEST.instant,
  ]
  if (from > to) throw endsFirst(at.option)
  const values = [from, to].map((instant) => ({ [attribute]: instant }) as unknown as SearchByAttributeValue)
  return { operator: 'BETWEEN', values }
}

/** On the wall clock, as the image sets have it: DICOM's study date and time know no time zone. */
function studyBounds({ from, to }: DateRange, option: string) {
  if (from?.zone || to?.zone) {
    throw wrong(`${option} takes no time zone: study dates have none. Leave out the Z or the offset.`)
  }
  const text = (moment: Moment) => `${moment.date}${moment.time}`
  if (from && to && text(from) > text(to)) throw endsFirst(option)
  const bound = (moment: Moment | undefined, open: string) => ({
    DICOMStudyDate: (moment?.date ?? open).replaceAll('-', ''),
    ...(moment !== undefined && { DICOMStudyTime: moment.time.replaceAll(':', '') }),
  })
  return [bound(from, EARLIEST.date), bound(to, LATEST.date)]
}

/** Image sets carry whole milliseconds. Without a zone JavaScript reads the wall clock. */
const instantOf = ({ date, time, zone }: Moment): Date => new Date(`${date}T${time.slice(0, 12)}${zone}`)

function sortOf(flags: Flags): Sort | undefined {
  const name = flags.sort
  if (name === undefined && flags.asc !== true && flags.desc !== true) return undefined
  const sortField = name === undefined ? 'updatedAt' : sortFieldOf(String(name))
  if (sortField === undefined) {
    const meant = nearest(String(name), Object.keys(SORT_FIELDS))
    const instead =
      meant === undefined ? `It takes ${Object.keys(SORT_FIELDS).join(', ')}.` : `Did you mean '${meant}'?`
    throw wrong(`--sort does not know '${name}'. ${instead}`)
  }
  return { sortField, sortOrder: flags.asc === true ? 'ASC' : 'DESC' }
}

const sortFieldOf = (name: string) => (Object.hasOwn(SORT_FIELDS, name) ? SORT_FIELDS[name] : undefined)

function refuseBoth(flags: Flags, one: string, other: string): void {
  if (flags[one] === true && flags[other] === true) throw wrong(`--${one} and --${other} contradict each other.`)
}

const endsFirst = (option: string) =>
  wrong(`The range of ${option} ends before it begins. Write the earlier end first.`)

const wrong = (message: string) => new OperatorError(message, { exitCode: 2 })
