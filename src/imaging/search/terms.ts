/**
 * A search by words, as data and as a pure predicate: every term matches. A word without wildcards begins a word of the value. A word with
 * `*` (any characters) or `?` (one character) matches a whole word; a single `*` at its end is left out, since that is a beginning again.
 * Words of a request may be in any order.
 */
import { ContractError } from '../../contract/errors.ts'
import { WORD_ATTRIBUTES, type WordAttribute } from '../../contract/word-attributes.ts'
import { matchesPattern, requestedWords, wholeOf, wordsOf } from './words.ts'

const TERMS_MAX = 8
const TERM_TEXT_CHARACTERS_MAX = 256

export interface Term {
  readonly attribute: WordAttribute
  readonly comparison: 'prefix' | 'whole' | 'pattern'
  /** Spellings of one word: one of them has to match. */
  readonly spellings: readonly string[]
}

/** The values of an image set that terms compare. Undefined and null: it has none. */
export type Described = { readonly [A in WordAttribute]?: string | number | null | undefined }

/** What terms compare of one attribute: the spellings of its words, or the whole value. */
export function spellingsOf(attribute: WordAttribute, value: string | number | null | undefined): ReadonlySet<string> {
  if (value === null || value === undefined) return new Set()
  const text = String(value)
  if (comparisonOf(attribute) === 'words') return wordsOf(text)
  const whole = wholeOf(text)
  return new Set(whole === undefined ? [] : [whole])
}

const comparisonOf = (attribute: WordAttribute) =>
  WORD_ATTRIBUTES.find(({ keyword }) => keyword === attribute)!.comparison

export const matchesTerms = (terms: readonly Term[], values: Described): boolean =>
  matchesSpelled(terms, (attribute) => spellingsOf(attribute, values[attribute]))

/** For values that are compared often. @param spellings of the value of an attribute, as spellingsOf returns them */
export const matchesSpelled = (
  terms: readonly Term[],
  spellings: (attribute: WordAttribute) => ReadonlySet<string>,
): boolean =>
  terms.every((term) => {
    const found = [...spellings(term.attribute)]
    return term.spellings.some((spelling) => found.some((word) => isMatch(term.comparison, spelling, word)))
  })

function isMatch(comparison: Term['comparison'], spelling: string, word: string): boolean {
  if (comparison === 'prefix') return word.startsWith(spelling)
  return comparison === 'whole' ? word === spelling : matchesPattern(spelling, word)
}

/** @throws ContractError (ValidationException) that says what to write instead, without the value */
export function toTerms(pairs: readonly (readonly [keyword: string, text: string])[]): readonly Term[] {
  const terms = pairs.flatMap(([keyword, text]) => termsOf(keyword, text))
  if (terms.length > TERMS_MAX) {
    throw invalid('all', `A search has at most ${TERMS_MAX} words and values; this one has ${terms.length}`)
  }
  return terms
}

function termsOf(keyword: string, text: string): readonly Term[] {
  const row = WORD_ATTRIBUTES.find((each) => each.keyword === keyword)
  if (row === undefined) {
    const known = WORD_ATTRIBUTES.map((each) => each.keyword).join(', ')
    throw invalid('names', `Each name must be one of ${known}`)
  }
  const attribute = row.keyword
  if (text.length > TERM_TEXT_CHARACTERS_MAX) {
    throw invalid(attribute, `A value has at most ${TERM_TEXT_CHARACTERS_MAX} characters; this one has ${text.length}`)
  }
  switch (row.comparison) {
    case 'words': {
      const words = requestedWords(text)
      if (words.length === 0) throw invalid(attribute, 'The value must have a letter or a digit')
      return words.map((spellings) => wordTerm(attribute, spellings))
    }
    case 'whole': {
      const whole = wholeOf(text)
      if (whole === undefined) throw invalid(attribute, 'The value must have a letter or a digit')
      return [{ attribute, comparison: 'whole', spellings: [whole] }]
    }
    case 'number': {
      if (!/^\s*[+-]?\d{1,10}\s*$/.test(text)) throw invalid(attribute, 'The value must be an integer')
      return [{ attribute, comparison: 'whole', spellings: [String(Number(text))] }]
    }
  }
}

function wordTerm(attribute: WordAttribute, spellings: readonly string[]): Term {
  const trimmed = spellings.map((spelling) => spelling.replace(/\*+/g, '*').replace(/^([^*?]+)\*$/, '$1'))
  if (trimmed.some((spelling) => !/[^*?]/.test(spelling))) {
    throw invalid(attribute, 'A word must have a letter or a digit beside its wildcards')
  }
  return { attribute, comparison: /[*?]/.test(trimmed[0]!) ? 'pattern' : 'prefix', spellings: trimmed }
}

const invalid = (place: string, message: string) => {
  const path = `/x-hilum-match/${place}`
  return new ContractError(
    'ValidationException',
    `1 validation error detected. Value at '${path}' failed to satisfy constraint: ${message}`,
    { fields: [{ path, message }] },
  )
}
