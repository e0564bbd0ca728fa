/** The state of the search form. What is typed becomes part of the search when the form is submitted. */
import { isDate, isUid, type Property, type Search, searchError } from './search.ts'
import { textError, type ValueError, whiteSpaceWarning } from './search-value.ts'
import { isWordAttribute, type Refusal, withoutWord, withWord } from './words.ts'

type PropertyChoice = Property | Refusal['word']['attribute'] | undefined

type Filter = Pick<Search, 'property' | 'value'>
const NO_FILTER: Filter = { property: undefined, value: '' }

export interface Draft extends Omit<Search, 'property' | 'sort'> {
  /** A date property is that of the date range. */
  readonly property: PropertyChoice
  /** The filter of the search that stays while a word is entered. */
  readonly filter: Filter
}

/** A word that the server refused is in the field again, to be corrected. */
export function draftOf(search: Search, refusal: Refusal | undefined): Draft {
  const { sort: _, property, value, ...rest } = search
  const filter = { property, value }
  if (refusal !== undefined) {
    const { attribute, text } = refusal.word
    return { ...rest, words: withoutWord(rest.words, refusal.word), property: attribute, value: text, filter }
  }
  if (property !== undefined) return { ...rest, ...filter, filter: NO_FILTER }
  const other = rest.words.at(-1)?.attribute ?? (rest.range && rest.rangeProperty)
  return { ...rest, property: other, value: '', filter: NO_FILTER }
}

/** @param search the current one, whose filter stays when a word attribute is chosen */
export function withProperty(draft: Draft, property: PropertyChoice, search: Search): Draft {
  const value = draft.property === 'primary' ? '' : draft.value
  if (isDate(property)) return { ...draft, property, rangeProperty: property, value: '' }
  if (!isWordAttribute(property)) {
    return { ...draft, property, value: property === 'primary' ? 'true' : value, filter: NO_FILTER }
  }
  if (isWordAttribute(draft.property) || isDate(draft.property)) return { ...draft, property, value }
  const isSearched = draft.property === search.property && draft.value === search.value
  const { property: filtered, value: filteredValue } = search
  return { ...draft, property, value: isSearched ? '' : value, filter: { property: filtered, value: filteredValue } }
}

export function searchOfDraft({ property, filter, ...draft }: Draft, { sort }: Search): Search {
  if (property === undefined) return { ...draft, ...NO_FILTER, sort }
  if (isDate(property)) return { ...draft, ...filter, sort }
  if (!isWordAttribute(property)) return { ...draft, property, sort }
  const text = draft.value.trim()
  const words = text === '' ? draft.words : withWord(draft.words, { attribute: property, text })
  return { ...draft, ...filter, words, sort }
}

/** Why the form can't be submitted. */
export function draftError(draft: Draft, search: Search): ValueError | undefined {
  const { property, value, words, filter } = draft
  if (!isWordAttribute(property)) return searchError(searchOfDraft(draft, search))
  const isComplete = value.trim() === '' && (words.length > 0 || filter.property !== undefined)
  return isComplete ? undefined : textError(value)
}

export const draftWarning = ({ property, value }: Draft): ValueError | undefined =>
  property === undefined || isUid(property) || isWordAttribute(property) ? undefined : whiteSpaceWarning(value)
