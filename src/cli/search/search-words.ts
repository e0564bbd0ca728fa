/** Turns the options of `hilum search` for words into the header `x-hilum-match`. The server checks the words. */
import { WORD_ATTRIBUTES } from '../../contract/word-attributes.ts'
import type { Flags } from '../../server/config.ts'

/** Undefined without any option. */
export function matchHeaderOf(flags: Flags): string | undefined {
  const pairs = WORD_ATTRIBUTES.flatMap(({ keyword, flag }) => {
    const text = flags[flag]
    return typeof text === 'string' ? [`${keyword}=${encodeURIComponent(text)}`] : []
  })
  return pairs.length === 0 ? undefined : pairs.join('&')
}

/** The options for words that were given. */
export const wordFlagsIn = (flags: Flags): readonly string[] =>
  WORD_ATTRIBUTES.filter(({ flag }) => flags[flag] !== undefined).map(({ flag }) => flag)
