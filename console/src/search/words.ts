/**
 * The words of a search: what they are in the header `x-hilum-match` and in the fragment of the URL, and which of them the server refused.
 * The server checks them (docs/extensions.md).
 */
import { WORD_ATTRIBUTES, type WordAttribute } from '../../../src/contract/word-attributes.ts'
import { asSentence } from '../format/text.ts'

export interface Word {
  readonly attribute: WordAttribute
  /** One word or several. */
  readonly text: string
}

/** In the order of the property menu, below the attributes of AWS. */
export const WORD_PROPERTIES: readonly { readonly id: WordAttribute; readonly label: string }[] = WORD_ATTRIBUTES.map(
  ({ keyword, label }) => ({ id: keyword, label }),
)

const attributeOf = (keyword: WordAttribute) => WORD_ATTRIBUTES.find((each) => each.keyword === keyword)!

export const isWordAttribute = (name: string | undefined): name is WordAttribute =>
  WORD_ATTRIBUTES.some(({ keyword }) => keyword === name)

export const labelOf = ({ attribute, text }: Word): string => `${attributeOf(attribute).label}: ${text}`

const HELP = {
  words:
    'Each word is the beginning of a word in the value, in any order. Uppercase, lowercase and accents don’t matter. * stands for any characters and ? for one.',
  whole: 'The whole value. Uppercase, lowercase and accents don’t matter.',
  number: 'A whole number.',
} as const

/** How words of an attribute match. */
export const helpOf = (attribute: WordAttribute): string => {
  const { comparison, keyword } = attributeOf(attribute)
  return keyword === 'PatientBirthDate' ? 'The whole date, as YYYYMMDD.' : HELP[comparison]
}

/** The value of the header. Undefined without words. */
export const matchHeaderOf = (words: readonly Word[]): string | undefined =>
  words.length === 0 ? undefined : wordParameters(words).toString()

export const wordParameters = (words: readonly Word[]): URLSearchParams =>
  new URLSearchParams(words.map(({ attribute, text }) => [attribute, text]))

export const withWord = (words: readonly Word[], added: Word): readonly Word[] =>
  words.some((word) => isSame(word, added)) ? words : [...words, added]

export const withoutWord = (words: readonly Word[], removed: Word): readonly Word[] =>
  words.filter((word) => !isSame(word, removed))

const isSame = (one: Word, other: Word): boolean => one.attribute === other.attribute && one.text === other.text

export interface Refusal {
  /** The word to correct. */
  readonly word: Word
  readonly message: string
}

/** Undefined if the error is about something else than the words. */
export function refusalOf(error: Error | null, words: readonly Word[]): Refusal | undefined {
  if (error?.name !== 'ValidationException' || !error.message.includes('x-hilum-match')) return undefined
  const [, place, constraint] = /'\/x-hilum-match\/(\w+)' failed to satisfy constraint: (.*)/s.exec(error.message) ?? []
  const isCause = ({ attribute, text }: Word) => attribute === place || (place === undefined && /[*?]/.test(text))
  const word = words.findLast(isCause) ?? words.at(-1)
  if (word === undefined) return undefined
  return { word, message: asSentence(constraint ?? error.message.replace(' of x-hilum-match', '')) }
}
