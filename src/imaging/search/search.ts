/**
 * What SearchImageSets means, as data and as a pure predicate. Property tests compare the catalog's searches with `matches` and
 * `comparePositions`. Source: AWS "Searching image sets"; where AWS is silent, docs/decisions/0004-search-semantics.md.
 */
import { ContractError } from '../../contract/errors.ts'
import type { SearchCriteria, SearchFilter, Sort } from '../../contract/image-sets.ts'
import { isSortField, type SortField, type TextAttribute } from '../../contract/search-attributes.ts'
import type { TypeOf } from '../../contract/shapes.ts'
import { studyTimestamp } from './study-timestamp.ts'
import { type Described, matchesTerms, type Term } from './terms.ts'

export type SortOrder = TypeOf<typeof Sort>['sortOrder']

/** `from` and `to` are inclusive: milliseconds for createdAt and updatedAt, a study timestamp for DICOMStudyDateAndTime. */
export type Filter =
  | { readonly attribute: TextAttribute; readonly equals: string }
  | { readonly attribute: 'isPrimary'; readonly equals: boolean }
  | { readonly attribute: SortField; readonly from: number; readonly to: number }

export interface Search {
  readonly filters: readonly Filter[]
  readonly sort: { readonly sortField: SortField; readonly sortOrder: SortOrder }
  /** Words that have to match too: an extension of the API. Left out where there are none. */
  readonly terms?: readonly Term[]
}

/** The values of an image set that a search compares: those of its latest version. */
export type SearchableImageSet = { readonly [A in TextAttribute]: string | null } & {
  /** Row number. It rises with every image set of the catalog, as imageSetId does: the tie-breaker. */
  readonly rowId: number
  readonly isPrimary: boolean
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly updatedAt: number
  /** A study timestamp (study-timestamp.ts); null where StudyDate is absent or not a date. */
  readonly DICOMStudyDateAndTime: number | null
  /** What terms compare. */
  readonly described?: Described
}

/** A position in a sorted result: later pages hold every image set after it. */
export interface Position {
  readonly key: number | null
  readonly rowId: number
}

type Criteria = TypeOf<typeof SearchCriteria>
type Value = TypeOf<typeof SearchFilter>['values'][number]

const NEWEST_FIRST: Search['sort'] = { sortField: 'updatedAt', sortOrder: 'DESC' }

/** Turns criteria that passed the contract's limits into a Search. Throws a ValidationException that says what to write instead. */
export function toSearch(criteria: Criteria | undefined, terms: readonly Term[] = []): Search {
  // Members in a fixed order: page tokens are bound to the JSON of the search.
  const { sortField, sortOrder } = criteria?.sort ?? NEWEST_FIRST
  return {
    filters: (criteria?.filters ?? []).map((filter, index) => toFilter(filter, `/filters/${index}`)),
    sort: { sortField, sortOrder },
    ...(terms.length === 0 ? {} : { terms }),
  }
}

function toFilter(filter: TypeOf<typeof SearchFilter>, path: string): Filter {
  const attribute = attributeOf(filter.values[0]!)
  if (filter.values.some((value) => attributeOf(value) !== attribute)) {
    throw invalid(`${path}/values`, 'Both values of a BETWEEN filter must name the same attribute')
  }
  return isSortField(attribute) ? rangeFilter(attribute, filter, path) : equalFilter(attribute, filter, path)
}

function rangeFilter(attribute: SortField, filter: TypeOf<typeof SearchFilter>, path: string): Filter {
  if (filter.operator !== 'BETWEEN') {
    throw invalid(`${path}/operator`, `${attribute} is searched by range: use BETWEEN with a lower and an upper bound`)
  }
  const [lower, upper] = filter.values
  if (lower === undefined || upper === undefined) {
    throw invalid(`${path}/values`, 'BETWEEN takes exactly two values: the lower bound, then the upper bound')
  }
  const from = boundOf(lower, { round: Math.ceil, path: `${path}/values/0` })
  const to = boundOf(upper, { round: Math.floor, path: `${path}/values/1` })
  // Before rounding: a range within one millisecond is valid, and matches nothing.
  if (exactBound(lower) > exactBound(upper)) {
    throw invalid(`${path}/values`, 'The first value of BETWEEN is the lower bound and must not be after the second')
  }
  return { attribute, from, to }
}

function equalFilter(
  attribute: TextAttribute | 'isPrimary',
  filter: TypeOf<typeof SearchFilter>,
  path: string,
): Filter {
  if (filter.operator !== 'EQUAL') {
    throw invalid(`${path}/operator`, `${attribute} is searched by exact value: use EQUAL`)
  }
  if (filter.values.length !== 1) throw invalid(`${path}/values`, 'EQUAL takes exactly one value')
  const value = filter.values[0]!
  if (attribute === 'isPrimary') return { attribute, equals: value.isPrimary! }
  return { attribute, equals: withoutPadding(value[attribute]!) }
}

const attributeOf = (value: Value) =>
  Object.keys(value).find((name) => value[name as keyof Value] !== undefined) as Filter['attribute']

/** Unrounded: clients send up to seven digits of a second, image sets have whole milliseconds. */
function exactBound(value: Value): number {
  if (value.DICOMStudyDateAndTime !== undefined) {
    const { DICOMStudyDate, DICOMStudyTime } = value.DICOMStudyDateAndTime
    return studyTimestamp(DICOMStudyDate, DICOMStudyTime, { strict: true }) ?? Number.NaN
  }
  return (value.createdAt ?? value.updatedAt)!
}

function boundOf(value: Value, options: { round: (ms: number) => number; path: string }): number {
  const bound = exactBound(value)
  if (Number.isNaN(bound)) {
    throw invalid(
      `${options.path}/DICOMStudyDateAndTime`,
      'DICOMStudyDate must be a calendar date as YYYYMMDD and DICOMStudyTime, where given, a time as HHmmss.FFFFFF',
    )
  }
  return value.DICOMStudyDateAndTime === undefined ? options.round(bound) : bound
}

/** Removes trailing spaces and NULs, which are padding in DICOM (PS3.5 6.2). */
export const withoutPadding = (text: string): string => text.replace(/[\0 ]+$/, '')

const invalid = (path: string, message: string) =>
  new ContractError(
    'ValidationException',
    `1 validation error detected. Value at '${path}' failed to satisfy constraint: ${message}`,
    {
      fields: [{ path, message }],
    },
  )

/** Whether all filters and terms match the image set. An empty string matches nothing. */
export const matches = (search: Search, imageSet: SearchableImageSet): boolean =>
  search.filters.every((filter) => {
    const value = imageSet[filter.attribute]
    if ('equals' in filter) return filter.equals !== '' && value === filter.equals
    return value !== null && (value as number) >= filter.from && (value as number) <= filter.to
  }) && matchesTerms(search.terms ?? [], imageSet.described ?? {})

/** Whether the filters admit primary image sets, or the others. */
export const isPrimaryWanted = (isPrimary: boolean, filters: readonly Filter[]): boolean =>
  filters.every((filter) => filter.attribute !== 'isPrimary' || filter.equals === isPrimary)

export const positionOf = (search: Search, imageSet: Pick<SearchableImageSet, 'rowId' | SortField>): Position => ({
  key: imageSet[search.sort.sortField],
  rowId: imageSet.rowId,
})

/** Negative where `a` comes first. Image sets without a key come last in both orders; ties are broken by imageSetId, ascending. */
export function comparePositions(order: SortOrder, a: Position, b: Position): number {
  if (a.key === null || b.key === null) {
    if (a.key === b.key) return a.rowId - b.rowId
    return a.key === null ? 1 : -1
  }
  const byKey = order === 'ASC' ? a.key - b.key : b.key - a.key
  return byKey !== 0 ? byKey : a.rowId - b.rowId
}
