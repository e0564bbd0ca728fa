/** Turns the options of `hilum search` for words into the header `x-hilum-match`. The server checks the words. */
import { WORD_ATTRIBUTES } from '../../contract/word-attributes.ts'
import type { Flags } from '../../server/config.ts'
import { OperatorError } from '../../server/operator-error.ts'

/** Undefined without any option. @throws OperatorError with exit code 2 */
export function matchHeaderOf(flags: Flags): string | undefined {
  const pairs = WORD_ATTRIBUTES.flatMap(({ keyword, flag }) => {
    const text = flags[flag]
    return typeof text === 'string' ? [pairOf(keyword, text)] : []
  })
  const further = listOf(flags).map((pair) => {
    const at = pair.indexOf('=')
    if (at < 1) {
      // Without the text, which may be that of a patient.
      throw new OperatorError('--match takes a keyword and words, as in --match ProtocolName=thorax.', { exitCode: 2 })
    }
    return pairOf(pair.slice(0, at), pair.slice(at + 1))
  })
  const all = [...pairs, ...further]
  return all.length === 0 ? undefined : all.join('&')
}

const pairOf = (keyword: string, text: string): string => `${encodeURIComponent(keyword)}=${encodeURIComponent(text)}`

const listOf = ({ match }: Flags): readonly string[] => (Array.isArray(match) ? match : [])

/** The options for words that were given. */
export const wordFlagsIn = (flags: Flags): readonly string[] =>
  [...WORD_ATTRIBUTES.map(({ flag }) => flag), 'match'].filter((flag) => flags[flag] !== undefined)
