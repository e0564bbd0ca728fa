/**
 * Words as searches compare them: without case and accents. A text has the spellings of its words: German umlauts are written without marks
 * and with an e, so that both `muller` and `mueller` find Müller. The groups and components of a PN (PS3.5 6.2.1) are separate words, and
 * so are the values of a multi-valued attribute.
 */

/** Further words of a text are not compared. No VR of the attributes admits as many, but files exceed their VRs. */
export const WORDS_PER_TEXT_MAX = 32
/** Words are compared by their first characters. */
export const WORD_CHARACTERS_MAX = 32
/** A whole value by more: UIDs that begin alike have up to 64. */
const WHOLE_CHARACTERS_MAX = 64

/** Accents of Latin, Greek and Cyrillic letters, points of Hebrew and Arabic ones. Marks of other scripts are letters of their own. */
const MARKS = /[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]/g
/** Letters that Unicode does not decompose. */
const LETTERS: Readonly<Record<string, string>> = {
  ...{ ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', đ: 'd', ð: 'd', þ: 'th', ł: 'l', ħ: 'h', ı: 'i', ς: 'σ' },
}
const UNDECOMPOSED = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'g')
/** Part of a word, as in O'Neil. */
const APOSTROPHES = /['’ʼ`´]/g
const UMLAUT = /[äöü]/gi
const SEPARATED = /[\p{L}\p{N}\p{M}]+/gu
const SEPARATED_WITH_WILDCARDS = /[\p{L}\p{N}\p{M}*?]+/gu

/** Without case, accents and apostrophes; compatible forms, such as letters of full width, as their usual ones. */
export function fold(text: string): string {
  // Before and after: one is decomposed to a space and a mark, and others are parts of letters.
  const decomposed = text.replace(APOSTROPHES, '').normalize('NFKD').replace(APOSTROPHES, '')
  const unmarked = decomposed.toLowerCase().normalize('NFKD').replace(MARKS, '')
  return unmarked.replace(UNDECOMPOSED, (letter) => LETTERS[letter]!).normalize('NFKC')
}

/** The text with German umlauts as two letters; undefined where it has none. */
function withoutUmlauts(text: string): string | undefined {
  const composed = text.normalize('NFC')
  const spelled = composed.replace(UMLAUT, (letter) => `${fold(letter)}e`)
  return spelled === composed ? undefined : spelled
}

/** The spellings of all words of a text. */
export function wordsOf(text: string): ReadonlySet<string> {
  const spelled = withoutUmlauts(text)
  return new Set([...separate(text, SEPARATED), ...(spelled === undefined ? [] : separate(spelled, SEPARATED))])
}

/** The words of a request in order, each with its spellings. They may have the wildcards `*` and `?`. */
export function requestedWords(text: string): readonly (readonly string[])[] {
  const words = separate(text, SEPARATED_WITH_WILDCARDS)
  const spelled = withoutUmlauts(text)
  const others = spelled === undefined ? words : separate(spelled, SEPARATED_WITH_WILDCARDS)
  return words.map((word, at) => [...new Set([word, others[at]!])])
}

/** A value that is compared as a whole; undefined where nothing is left to compare. */
export function wholeOf(text: string): string | undefined {
  const whole = firstCharacters(fold(text).trim(), WHOLE_CHARACTERS_MAX)
  return whole === '' ? undefined : whole
}

function separate(text: string, words: RegExp): readonly string[] {
  return (fold(text).match(words) ?? [])
    .slice(0, WORDS_PER_TEXT_MAX)
    .map((word) => firstCharacters(word, WORD_CHARACTERS_MAX))
}

const firstCharacters = (text: string, max: number): string =>
  text.length <= max ? text : [...text].slice(0, max).join('')

/** Whether the pattern matches the whole word: `*` any characters, `?` one. Takes at most the product of the lengths. */
export function matchesPattern(pattern: string, word: string): boolean {
  const [wanted, found] = [[...pattern], [...word]]
  let [at, place] = [0, 0]
  /** Where the last `*` was, and the place to which it extends. */
  let [star, extended] = [-1, 0]
  while (place < found.length) {
    if (wanted[at] === '*') {
      star = at++
      extended = place
    } else if (wanted[at] === '?' || wanted[at] === found[place]) {
      at++
      place++
    } else if (star !== -1) {
      at = star + 1
      place = ++extended
    } else return false
  }
  while (wanted[at] === '*') at++
  return at === wanted.length
}
