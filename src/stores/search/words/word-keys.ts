/**
 * The keys of the dictionary: what searches compare of an image set, as texts. A key is an attribute, whether it is a whole word or a
 * prefix of words, and its characters. Every word has its key, and every prefix of up to three characters. A longer prefix has a key only
 * while many words share it; otherwise a search reads its words. A text of the nine attributes of AWS has a key only while it is
 * high-frequency; otherwise its index is read.
 */
import { TEXT_ATTRIBUTES, type TextAttribute } from '../../../contract/search-attributes.ts'
import { WORD_ATTRIBUTES, type WordAttribute } from '../../../contract/word-attributes.ts'
import { type DeclaredName, isDeclaredName, numberOfDeclared } from '../../../imaging/search/declared.ts'
import { type Described, spellingsOf, type Term } from '../../../imaging/search/terms.ts'
import type { Text } from '../../sql/rows/search-columns.ts'

/** The format of keys and postings. A change of it, of folding or of separating words raises the number. */
export const WORD_FORMAT = `words 3: ${WORD_ATTRIBUTES.map(({ keyword, comparison }) => `${keyword} ${comparison}`).join(', ')}`

const SHORT_PREFIX_MAX = 3
const WORD = '.'
const PREFIX = '-'
/** Of a text, and of a declared attribute that is compared as a whole. */
const TEXT = '='
/** After every character of a word. */
const LAST = '\u{10ffff}'
const ATTRIBUTE_CODE_FROM = 97
const TEXT_CODE_FROM = 65
/** Codes of declared attributes: one UTF-16 unit, below the surrogates. */
const DECLARED_CODE_FROM = 0x100
/** The last number that a declaration can have. */
export const DECLARATIONS_MAX = 0xd7ff - DECLARED_CODE_FROM

type Attribute = WordAttribute | DeclaredName

const codeOf = (attribute: Attribute): string =>
  String.fromCharCode(
    isDeclaredName(attribute)
      ? DECLARED_CODE_FROM + numberOfDeclared(attribute)
      : ATTRIBUTE_CODE_FROM + WORD_ATTRIBUTES.findIndex(({ keyword }) => keyword === attribute),
  )

const keyOfWord = (attribute: Attribute, word: string): string =>
  codeOf(attribute) + (attribute.startsWith('whole ') ? TEXT : WORD) + word

const keyOfPrefix = (attribute: Attribute, prefix: string): string => codeOf(attribute) + PREFIX + prefix

/** The key of a text. It is compared as it is. */
export const keyOfText = ({ attribute, equals }: Text): string =>
  String.fromCharCode(TEXT_CODE_FROM + TEXT_ATTRIBUTES.indexOf(attribute)) + TEXT + equals

/** The text of a key; undefined where it is not one of a text. */
export function textOfKey(key: string): Text | undefined {
  const attribute: TextAttribute | undefined = TEXT_ATTRIBUTES[key.charCodeAt(0) - TEXT_CODE_FROM]
  return attribute === undefined || key[1] !== TEXT ? undefined : { attribute, equals: charactersOf(key) }
}

/** The keys of all texts: from the first up to the second, which is not one. */
export const TEXT_KEYS: readonly [from: string, before: string] = [
  String.fromCharCode(TEXT_CODE_FROM),
  String.fromCharCode(TEXT_CODE_FROM + TEXT_ATTRIBUTES.length),
]

export const isWord = (key: string): boolean => key[1] === WORD

/** The word or prefix itself. */
export const charactersOf = (key: string): string => key.slice(2)

/** The keys that every image set with these values has. */
export const keysOf = (described: Described): ReadonlySet<string> =>
  new Set(
    [...WORD_ATTRIBUTES.map(({ keyword }) => keyword), ...Object.keys(described).filter(isDeclaredName)].flatMap(
      (attribute) => keysOfValue(attribute, described[attribute]),
    ),
  )

/** The keys of one value, each once. Other attributes have other keys. */
export function keysOfValue(attribute: Attribute, value: Described[Attribute]): readonly string[] {
  const keys = new Set<string>()
  for (const word of spellingsOf(attribute, value)) {
    const key = keyOfWord(attribute, word)
    keys.add(key)
    if (isWord(key) && hasPrefixes(key)) for (const prefix of prefixesOf(key, 'short')) keys.add(prefix)
  }
  return [...keys]
}

/** The keys of the longer prefixes of a word; none where whole values are compared. */
export const longPrefixesOf = (key: string): readonly string[] =>
  isWord(key) && hasPrefixes(key) ? prefixesOf(key, 'long') : []

/** The words of a declared attribute have. */
const hasPrefixes = (key: string): boolean => {
  const code = key.charCodeAt(0)
  return code >= DECLARED_CODE_FROM || WORD_ATTRIBUTES[code - ATTRIBUTE_CODE_FROM]!.comparison === 'words'
}

/** A loop, since it runs for every word that is written. */
function prefixesOf(key: string, length: 'short' | 'long'): readonly string[] {
  const word = charactersOf(key)
  const prefixes: string[] = []
  let [characters, end] = [0, 0]
  for (const character of word) {
    end += character.length
    if (++characters <= SHORT_PREFIX_MAX === (length === 'short')) prefixes.push(key[0] + PREFIX + word.slice(0, end))
  }
  return prefixes
}

/** The words that begin with a prefix: keys from the first up to the second, which is not one. */
export function wordsFrom(prefixKey: string): readonly [from: string, before: string] {
  const from = prefixKey[0] + WORD + charactersOf(prefixKey)
  return [from, from + LAST]
}

/** The pattern of the keys of the words that match a pattern. @param prefixKey of the characters before its first wildcard */
export const patternOfKeys = (prefixKey: string, pattern: string): string => prefixKey[0] + WORD + pattern

/** What a search reads for one spelling of a term. */
export type Wanted =
  | { readonly kind: 'key'; readonly key: string }
  /** The key of the prefix if there is one, otherwise all its words. */
  | { readonly kind: 'prefix'; readonly key: string }
  /** The words that match the pattern, among those that begin with its characters before the first wildcard. */
  | { readonly kind: 'pattern'; readonly pattern: string; readonly key: string }

export const wantedOf = ({ attribute, comparison, spellings }: Term): readonly Wanted[] =>
  spellings.map((spelling) => {
    if (comparison === 'whole') return { kind: 'key', key: keyOfWord(attribute, spelling) }
    if (comparison === 'pattern') {
      const start = spelling.slice(0, spelling.search(/[*?]/))
      return { kind: 'pattern', pattern: spelling, key: keyOfPrefix(attribute, start) }
    }
    const key = keyOfPrefix(attribute, spelling)
    return [...spelling].length <= SHORT_PREFIX_MAX ? { kind: 'key', key } : { kind: 'prefix', key }
  })
