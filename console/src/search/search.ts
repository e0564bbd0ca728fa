/**
 * A search as the person has it on screen, and what becomes of it: the SearchCriteria that are sent, and the fragment of the address
 * that opens the same search again. The fragment, since what is searched for may be a patient's id, and a browser never sends that
 * part of an address to any server.
 */
import type { SearchByAttributeValue, SearchCriteria, SearchFilter, Sort } from '@aws-sdk/client-medical-imaging'
import {
  attributesOfKind,
  isSortField,
  SEARCH_ATTRIBUTES,
  type SearchAttributeId,
  SORT_FIELDS,
} from '../../../src/contract/search-attributes.ts'
import { boundsOf, parseRange, type Range, rangeText } from './date-range.ts'
import { type Fault, faultOfText, faultOfUid } from './uid.ts'

export type DateProperty = SearchAttributeId<'timestamp' | 'studyTimestamp'>
export type Property = SearchAttributeId

export interface Search {
  /** Undefined: all image sets, or all of a range. */
  readonly property: Exclude<Property, DateProperty> | undefined
  /** Of `primary`: 'true' or 'false'. */
  readonly value: string
  readonly rangeOf: DateProperty
  readonly range: Range | undefined
  readonly sort: Sort
}

/** In the order of the menu. */
export const PROPERTIES: readonly { readonly id: Property; readonly label: string }[] = [
  ...attributesOfKind('uid').toReversed(),
  ...attributesOfKind('text', 'boolean', 'studyTimestamp', 'timestamp'),
]

const attributeOf = (property: Property) => SEARCH_ATTRIBUTES.find(({ id }) => id === property)!

/** Newest change first: the service's own order. */
export const NEWEST: Sort = { sortField: 'updatedAt', sortOrder: 'DESC' }
export const EVERYTHING: Search = { property: undefined, value: '', rangeOf: 'updated', range: undefined, sort: NEWEST }

export const isDate = (property: Property | undefined): property is DateProperty =>
  property !== undefined && isSortField(attributeOf(property).name)

export const isUid = (property: Property | undefined): boolean =>
  property !== undefined && attributeOf(property).kind === 'uid'

/** Why it cannot be sent. */
export function faultOf({ property, value }: Search): Fault | undefined {
  if (property === undefined || property === 'primary') return undefined
  return isUid(property) ? faultOfUid(value) : faultOfText(value)
}

/** @param now what relative ranges are counted from. */
export function criteriaOf(search: Search, now: Date): SearchCriteria {
  const { property, value, rangeOf, range, sort } = search
  const filters: SearchFilter[] = []
  if (property !== undefined) {
    const searched = property === 'primary' ? value === 'true' : value
    filters.push({ operator: 'EQUAL', values: [attributeValue(property, searched)] })
  }
  if (range !== undefined) {
    const values = boundsOf(range, { now, isStudyDate: rangeOf === 'studyDate' }).map((bound) =>
      attributeValue(rangeOf, bound),
    )
    filters.push({ operator: 'BETWEEN', values })
  }
  return { ...(filters.length > 0 && { filters }), sort }
}

const attributeValue = (property: Property, value: unknown): SearchByAttributeValue =>
  ({ [attributeOf(property).name]: value }) as unknown as SearchByAttributeValue

/** `series=1.2.3&updated=-7d&sort=createdAt.asc`; empty for everything in the usual order. */
export function fragmentOf({ property, value, rangeOf, range, sort }: Search): string {
  const words = new URLSearchParams()
  if (property !== undefined) words.set(property, value)
  if (range !== undefined) words.set(rangeOf, rangeText(range))
  if (sort.sortField !== NEWEST.sortField || sort.sortOrder !== NEWEST.sortOrder) {
    words.set('sort', `${sort.sortField}.${sort.sortOrder!.toLowerCase()}`)
  }
  return words.toString()
}

/** `strange`: words of the address that say nothing here, so that nobody takes the search for another than it is. */
export function searchOf(fragment: string): { readonly search: Search; readonly strange: readonly string[] } {
  let search = EVERYTHING
  const strange: string[] = []
  for (const [word, value] of new URLSearchParams(fragment)) {
    const next = withWord(search, word, value)
    if (next === undefined) strange.push(word)
    else search = next
  }
  return { search, strange }
}

function withWord(search: Search, word: string, value: string): Search | undefined {
  if (word === 'sort') {
    const [field, order] = value.split('.')
    const sortField = SORT_FIELDS.find((one) => one === field)
    if (sortField === undefined || (order !== 'asc' && order !== 'desc')) return undefined
    return { ...search, sort: { sortField, sortOrder: order === 'asc' ? 'ASC' : 'DESC' } }
  }
  const property = PROPERTIES.find(({ id }) => id === word)?.id
  if (property === undefined) return undefined
  if (isDate(property)) {
    const range = parseRange(value)
    return range === undefined || search.range !== undefined ? undefined : { ...search, rangeOf: property, range }
  }
  if (search.property !== undefined) return undefined
  if (property === 'primary' && value !== 'true' && value !== 'false') return undefined
  return { ...search, property, value }
}

/** Everything in the service's own order: what a search without criteria finds. */
export const isUsual = ({ filters, sort }: SearchCriteria): boolean =>
  filters === undefined && sort?.sortField === NEWEST.sortField && sort?.sortOrder === NEWEST.sortOrder
