/**
 * The search of the search form, converted to the SearchCriteria of a request, and to and from the fragment of the URL. It is in the
 * fragment because a value may identify a patient, and browsers don't send the fragment to any server.
 */
import type { SearchByAttributeValue, SearchCriteria, SearchFilter, Sort } from '@aws-sdk/client-medical-imaging'
import {
  attributesOfKind,
  SEARCH_ATTRIBUTES,
  type SearchAttributeId,
  SORT_FIELDS,
} from '../../../src/contract/search-attributes.ts'
import { boundsOf, parseRange, type Range, rangeText } from './date-range.ts'
import { textError, uidError, type ValueError } from './search-value.ts'
import { isWordAttribute, type Word, withWord, wordParameters } from './words.ts'

export type DateProperty = SearchAttributeId<'timestamp' | 'studyTimestamp'>
export type Property = SearchAttributeId

export interface Search {
  /** Undefined for all image sets, or all of the date range. */
  readonly property: Exclude<Property, DateProperty> | undefined
  /** 'true' or 'false' for `primary`. */
  readonly value: string
  readonly rangeProperty: DateProperty
  readonly range: Range | undefined
  /** All of them have to match, beside the property and the range. */
  readonly words: readonly Word[]
  readonly sort: Sort
}

/** In the order of the property menu. */
export const PROPERTIES: readonly { readonly id: Property; readonly label: string }[] = [
  ...attributesOfKind('uid').toReversed(),
  ...attributesOfKind('text', 'boolean', 'studyTimestamp', 'timestamp'),
]

const attributeOf = (property: Property) => SEARCH_ATTRIBUTES.find(({ id }) => id === property)!

/** The default order of the service. */
export const NEWEST_FIRST: Sort = { sortField: 'updatedAt', sortOrder: 'DESC' }
export const ALL_IMAGE_SETS: Search = {
  property: undefined,
  value: '',
  rangeProperty: 'updated',
  range: undefined,
  words: [],
  sort: NEWEST_FIRST,
}

export const isDate = (property: string | undefined): property is DateProperty =>
  attributesOfKind('timestamp', 'studyTimestamp').some(({ id }) => id === property)

export const isUid = (property: string | undefined): boolean =>
  attributesOfKind('uid').some(({ id }) => id === property)

/** Why the search can't be sent. */
export function searchError({ property, value }: Search): ValueError | undefined {
  if (property === undefined || property === 'primary') return undefined
  return isUid(property) ? uidError(value) : textError(value)
}

/** @param now the end of relative ranges */
export function criteriaOf(search: Search, now: Date): SearchCriteria {
  const { property, value, rangeProperty, range, sort } = search
  const filters: SearchFilter[] = []
  if (property !== undefined) {
    const attribute = property === 'primary' ? value === 'true' : value
    filters.push({ operator: 'EQUAL', values: [attributeValue(property, attribute)] })
  }
  if (range !== undefined) {
    const values = boundsOf(range, { now, isStudyDate: rangeProperty === 'studyDate' }).map((bound) =>
      attributeValue(rangeProperty, bound),
    )
    filters.push({ operator: 'BETWEEN', values })
  }
  return { ...(filters.length > 0 && { filters }), sort }
}

const attributeValue = (property: Property, value: unknown): SearchByAttributeValue =>
  ({ [attributeOf(property).name]: value }) as unknown as SearchByAttributeValue

/** For example `series=1.2.3&Modality=CT&updated=-7d&sort=createdAt.asc`. Empty for all image sets in the default order. */
export function fragmentOf({ property, value, rangeProperty, range, words, sort }: Search): string {
  const parameters = new URLSearchParams()
  if (property !== undefined) parameters.set(property, value)
  for (const [name, text] of wordParameters(words)) parameters.append(name, text)
  if (range !== undefined) parameters.set(rangeProperty, rangeText(range))
  if (sort.sortField !== NEWEST_FIRST.sortField || sort.sortOrder !== NEWEST_FIRST.sortOrder) {
    parameters.set('sort', `${sort.sortField}.${sort.sortOrder!.toLowerCase()}`)
  }
  return parameters.toString()
}

interface ParsedSearch {
  readonly search: Search
  /** The names of parameters that are unknown, repeated or have an invalid value. */
  readonly invalidParameters: readonly string[]
}

export function searchOf(fragment: string): ParsedSearch {
  let search = ALL_IMAGE_SETS
  const invalidParameters: string[] = []
  for (const [name, value] of new URLSearchParams(fragment)) {
    const next = withParameter(search, name, value)
    if (next === undefined) invalidParameters.push(name)
    else search = next
  }
  return { search, invalidParameters }
}

function withParameter(search: Search, name: string, value: string): Search | undefined {
  if (name === 'sort') {
    const [field, order] = value.split('.')
    const sortField = SORT_FIELDS.find((one) => one === field)
    if (sortField === undefined || (order !== 'asc' && order !== 'desc')) return undefined
    return { ...search, sort: { sortField, sortOrder: order === 'asc' ? 'ASC' : 'DESC' } }
  }
  if (isWordAttribute(name)) {
    return value === '' ? undefined : { ...search, words: withWord(search.words, { attribute: name, text: value }) }
  }
  const property = PROPERTIES.find(({ id }) => id === name)?.id
  if (property === undefined) return undefined
  if (isDate(property)) {
    const range = parseRange(value)
    return range === undefined || search.range !== undefined ? undefined : { ...search, rangeProperty: property, range }
  }
  if (search.property !== undefined) return undefined
  if (property === 'primary' && value !== 'true' && value !== 'false') return undefined
  return { ...search, property, value }
}

/** Whether a search without criteria has the same result. */
export const isDefault = ({ filters, sort }: SearchCriteria): boolean =>
  filters === undefined && sort?.sortField === NEWEST_FIRST.sortField && sort?.sortOrder === NEWEST_FIRST.sortOrder
