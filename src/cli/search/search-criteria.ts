/**
 * Turns the options of `hilum search` into the SearchCriteria of the API. What the API would refuse, such as more than two filters, and
 * options that contradict each other are refused here, naming the options.
 */
import type { SearchByAttributeValue, SearchCriteria, SearchFilter, Sort } from '@aws-sdk/client-medical-imaging'
import { attributesOfKind, flagOf, type SortField, TEXT_SEARCH_ATTRIBUTES } from '../../contract/search-attributes.ts'
import type { Flags } from '../../server/config.ts'
import { nearest } from '../../server/nearest.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { type DateRange, type Moment, parseDateRange } from './search-dates.ts'

const DATE_ATTRIBUTES = attributesOfKind('studyTimestamp', 'timestamp')
const TEXTS = TEXT_SEARCH_ATTRIBUTES.map((each) => ({ flag: flagOf(each), attribute: each.name }))
const DATES = DATE_ATTRIBUTES.map((each) => ({ flag: flagOf(each), attribute: each.name }))
/** By what --sort takes. */
const SORT_FIELDS: Readonly<Record<string, Sort['sortField']>> = Object.fromEntries(
  DATE_ATTRIBUTES.map(({ id, name }) => [id, name]),
)
const FILTERS_MAX = 2

/** The bounds of open ends: BETWEEN always takes two. */
const EARLIEST = { date: '0001-01-01', instant: new Date(0) }
const LATEST = { date: '9999-12-31', instant: new Date('9999-12-31T00:00:00Z') }

/** Every option that --criteria replaces. */
export const CRITERIA_FLAGS = [
  ...[...TEXTS, ...DATES].map(({ flag }) => flag),
  'primary',
  'not-primary',
  'sort',
  'asc',
  'desc',
]

/** Undefined without any option: all image sets, last updated first. Throws OperatorError with exit code 2. */
export function criteriaOf(flags: Flags, { now }: { now: Date }): SearchCriteria | undefined {
  refuseBoth(flags, 'primary', 'not-primary')
  refuseBoth(flags, 'asc', 'desc')
  const given: { option: string; filter: SearchFilter }[] = []
  for (const { flag, attribute } of TEXTS) {
    const text = flags[flag]
    if (typeof text === 'string') given.push({ option: `--${flag}`, filter: equal({ [attribute]: text }) })
  }
  for (const { flag, attribute } of DATES) {
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

function betweenOf(attribute: SortField, text: string, at: { option: string; now: Date }): SearchFilter {
  const range = parseDateRange(text, at)
  if (attribute === 'DICOMStudyDateAndTime') {
    const values = studyBounds(range, at.option)
    return { operator: 'BETWEEN', values: values.map((value) => ({ DICOMStudyDateAndTime: value })) }
  }
  const [from, to] = [
    range.from ? instantOf(range.from) : EARLIEST.instant,
    range.to ? instantOf(range.to) : LATEST.instant,
  ]
  if (from > to) throw reversed(at.option)
  const values = [from, to].map((instant) => ({ [attribute]: instant }) as unknown as SearchByAttributeValue)
  return { operator: 'BETWEEN', values }
}

/** In local time, as in image sets: study date and time of DICOM have no time zone. */
function studyBounds({ from, to }: DateRange, option: string) {
  if (from?.zone || to?.zone) {
    throw wrong(`${option} takes no time zone: study dates have none. Leave out the Z or the offset.`)
  }
  const text = (moment: Moment) => `${moment.date}${moment.time}`
  if (from && to && text(from) > text(to)) throw reversed(option)
  const bound = (moment: Moment | undefined, open: string) => ({
    DICOMStudyDate: (moment?.date ?? open).replaceAll('-', ''),
    ...(moment !== undefined && { DICOMStudyTime: moment.time.replaceAll(':', '') }),
  })
  return [bound(from, EARLIEST.date), bound(to, LATEST.date)]
}

/** In whole milliseconds, as in image sets. Without a zone JavaScript assumes local time. */
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

const reversed = (option: string) => wrong(`The range of ${option} ends before it begins. Write the earlier end first.`)

const wrong = (message: string) => new OperatorError(message, { exitCode: 2 })
