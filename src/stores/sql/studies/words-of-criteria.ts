/**
 * The words that a study has if it matches: searches by words find its image sets. They may find others too, which are compared afterwards.
 */
import type { Criterion } from '../../../imaging/dicomweb-search/criteria.ts'
import type { Term } from '../../../imaging/search/terms.ts'
import { fold, WORD_CHARACTERS_MAX, WORDS_PER_TEXT_MAX, wordsOf } from '../../../imaging/search/words.ts'

export const BY_WORDS = ['PatientName', 'StudyDescription', 'ReferringPhysicianName'] as const

/** A text of this length has so few words that all are indexed. */
const TEXT_CHARACTERS_MAX = 2 * WORDS_PER_TEXT_MAX - 1

/** Letters and digits, and the character before them, unless they begin the pattern. */
const PARTS = /([^\p{L}\p{N}\p{M}])?([\p{L}\p{N}\p{M}]+)/gu

/** Whether a search by words may miss the value, since not all its words are indexed as they are. */
export const isCut = (text: string): boolean =>
  [...text].length > TEXT_CHARACTERS_MAX || [...wordsOf(text)].some((word) => [...word].length >= WORD_CHARACTERS_MAX)

export const termsOf = (criteria: readonly Criterion[]): readonly Term[] =>
  criteria.flatMap(({ keyword, match }): readonly Term[] => {
    const attribute = BY_WORDS.find((each) => each === keyword)
    if (attribute === undefined) return []
    if (match.kind === 'words') return match.prefixes.map((prefix) => prefixTerm(attribute, prefix))
    if (match.kind !== 'pattern') return []
    return partsOf(match.pattern).map(({ text, isStart }) =>
      isStart ? prefixTerm(attribute, text) : { attribute, comparison: 'pattern', spellings: [`*${text}*`] },
    )
  })

const prefixTerm = (attribute: Term['attribute'], text: string): Term => ({
  attribute,
  comparison: 'prefix',
  spellings: [text],
})

/** What a pattern says of words: `Mül*^A*` has a word that begins with `mul`, and one that begins with `a`. */
function partsOf(pattern: string): readonly { readonly text: string; readonly isStart: boolean }[] {
  const folded = fold(pattern)
  return [...folded.matchAll(PARTS)].map((part) => {
    const [, before, text = ''] = part
    return { text: [...text].slice(0, WORD_CHARACTERS_MAX).join(''), isStart: before !== '*' && before !== '?' }
  })
}
