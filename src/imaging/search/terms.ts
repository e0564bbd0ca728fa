/**
 * A search by words, as data and as a pure predicate: every term matches. A word without wildcards begins a word of the value. A word with
 * `*` (any characters) or `?` (one character) matches a whole word; a single `*` at its end is left out, since that is a beginning again.
 * Words of a request may be in any order.
 */
import { ContractError } from '../../contract/errors.ts'
import { WORD_ATTRIBUTES, type WordAttribute } from '../../contract/word-attributes.ts'
import { type DeclaredAttribute, type DeclaredName, declaredNameOf, isDeclaredName, numberText } from './declared.ts'
import { matchesPattern, requestedWords, wholeOf, wordsOf } from './words.ts'

const TERMS_MAX = 8
const TERM_TEXT_CHARACTERS_MAX = 256

export interface Term {
  readonly attribute: WordAttribute | DeclaredName
  readonly comparison: 'prefix' | 'whole' | 'pattern'
  /** Spellings of one word: one of them has to match. */
  readonly spellings: readonly string[]
}

/** The values of an image set that terms compare. Undefined and null: it has none. */
export type Described = { readonly [A in WordAttribute]?: string | number | null | undefined } & {
  readonly [name: DeclaredName]: readonly string[] | undefined
}

/** What terms compare of one attribute: the spellings of its words, or the whole value. */
export function spellingsOf(
  attribute: WordAttribute | DeclaredName,
  value: string | number | readonly string[] | null | undefined,
): ReadonlySet<string> {
  if (value === null || value === undefined) return new Set()
  const texts = typeof value === 'object' ? value : [String(value)]
  if (comparesWords(attribute)) return new Set(texts.flatMap((text) => [...wordsOf(text)]))
  return new Set(texts.flatMap((text) => wholeOf(text) ?? []))
}

const comparesWords = (attribute: WordAttribute | DeclaredName): boolean =>
  isDeclaredName(attribute)
    ? attribute.startsWith('words')
    : WORD_ATTRIBUTES.find(({ keyword }) => keyword === attribute)!.comparison === 'words'

export const matchesTerms = (terms: readonly Term[], values: Described): boolean =>
  matchesSpelled(terms, (attribute) => spellingsOf(attribute, values[attribute]))

/** For values that are compared often. @param spellings of the value of an attribute, as spellingsOf returns them */
export const matchesSpelled = (
  terms: readonly Term[],
  spellings: (attribute: Term['attribute']) => ReadonlySet<string>,
): boolean =>
  terms.every((term) => {
    const found = [...spellings(term.attribute)]
    return term.spellings.some((spelling) => found.some((word) => isMatch(term.comparison, spelling, word)))
  })

function isMatch(comparison: Term['comparison'], spelling: string, word: string): boolean {
  if (comparison === 'prefix') return word.startsWith(spelling)
  return comparison === 'whole' ? word === spelling : matchesPattern(spelling, word)
}

/**
 * @param declared the further attributes that can be searched by in the data store
 * @throws ContractError (ValidationException) that says what to write instead, without the value
 */
export function toTerms(
  pairs: readonly (readonly [keyword: string, text: string])[],
  declared: readonly DeclaredAttribute[] = [],
): readonly Term[] {
  const terms = pairs.flatMap(([keyword, text]) => termsOf(keyword, text, declared))
  if (terms.length > TERMS_MAX) {
    throw invalid('all', `A search has at most ${TERMS_MAX} words and values; this one has ${terms.length}`)
  }
  return terms
}

export const isWordAttribute = (keyword: string): keyword is WordAttribute =>
  WORD_ATTRIBUTES.some((each) => each.keyword === keyword)

function termsOf(keyword: string, text: string, declared: readonly DeclaredAttribute[]): readonly Term[] {
  const row = WORD_ATTRIBUTES.find((each) => each.keyword === keyword)
  const declaration = declared.find((each) => each.keyword === keyword)
  if (row === undefined && declaration === undefined) {
    const known = [...WORD_ATTRIBUTES, ...declared].map((each) => each.keyword).join(', ')
    throw invalid(
      'names',
      `Each name must be one of ${known}. Further attributes can be declared searchable for a data store: hilum index add`,
    )
  }
  const attribute = row?.keyword ?? declaredNameOf(declaration!)
  if (text.length > TERM_TEXT_CHARACTERS_MAX) {
    throw invalid(keyword, `A value has at most ${TERM_TEXT_CHARACTERS_MAX} characters; this one has ${text.length}`)
  }
  switch (row?.comparison ?? declaration!.comparison) {
    case 'words': {
      const words = requestedWords(text)
      if (words.length === 0) throw invalid(keyword, 'The value must have a letter or a digit')
      return words.map((spellings) => wordTerm({ attribute, keyword }, spellings))
    }
    case 'whole': {
      const whole = wholeOf(text)
      if (whole === undefined) throw invalid(keyword, 'The value must have a letter or a digit')
      return [{ attribute, comparison: 'whole', spellings: [whole] }]
    }
    case 'number':
      return [
        { attribute, comparison: 'whole', spellings: [numberOf(text, { keyword, isInteger: row !== undefined })] },
      ]
  }
}

/** Summaries have integers only. */
function numberOf(text: string, { keyword, isInteger }: { readonly keyword: string; readonly isInteger: boolean }) {
  if (isInteger && !/^\s*[+-]?\d{1,10}\s*$/.test(text)) throw invalid(keyword, 'The value must be an integer')
  const number = numberText(text)
  if (number === undefined) throw invalid(keyword, 'The value must be a number')
  return number
}

function wordTerm(
  { attribute, keyword }: Pick<Term, 'attribute'> & { readonly keyword: string },
  spellings: readonly string[],
): Term {
  const trimmed = spellings.map((spelling) => spelling.replace(/\*+/g, '*').replace(/^([^*?]+)\*$/, '$1'))
  if (trimmed.some((spelling) => !/[^*?]/.test(spelling))) {
    throw invalid(keyword, 'A word must have a letter or a digit beside its wildcards')
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
