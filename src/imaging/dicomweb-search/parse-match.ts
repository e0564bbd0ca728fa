/** The text of one parameter of a search as a condition, by the VR of its attribute (PS3.4 C.2.2.2, PS3.18 8.3.4.1). */
import { ContractError } from '../../contract/errors.ts'
import { requestedWords } from '../search/words.ts'
import type { SearchedAttribute } from './attributes.ts'
import type { Match } from './criteria.ts'
import { comparedText } from './match.ts'

const CHARACTERS_MAX = 1_024
const WORDS_MAX = 32

/** Lists of values: their VRs have neither separator in a value. */
const LISTED = new Set(['UI', 'CS'])
const WILDCARD = /[*?]/
const ONLY_STARS = /^\**$/
const FUZZY = new Set(['PatientName', 'ReferringPhysicianName'])

/** @returns undefined where every value matches, and where there is none. @throws ContractError ValidationException */
export function parseMatch(
  attribute: SearchedAttribute,
  texts: readonly string[],
  { isFuzzy }: { readonly isFuzzy: boolean },
): Match | undefined {
  const { keyword, vr } = attribute
  if (texts.some((text) => text.length > CHARACTERS_MAX))
    throw invalid(`A value of ${keyword} has more than ${CHARACTERS_MAX} characters`)
  const values = texts.flatMap((text) => valuesIn(text.trimEnd(), vr))
  const matches = values.map((text) => matchOf(attribute, text, isFuzzy))
  if (matches.includes(undefined)) return undefined
  const [first] = matches
  if (matches.length === 1) return first
  const equal = matches.flatMap((match) => (match!.kind === 'equal' ? match!.values : []))
  if (equal.length === matches.length) return { kind: 'equal', values: [...new Set(equal)] }
  throw invalid(`${keyword} can have several values only if each is exact, without wildcards, ranges and fuzzymatching`)
}

function valuesIn(text: string, vr: string): readonly string[] {
  if (!LISTED.has(vr)) return [text]
  const values = text.split(/[,\\]/).map((value) => value.trim())
  const present = values.filter((value) => value !== '')
  return present.length === 0 ? [''] : present
}

function matchOf(attribute: SearchedAttribute, text: string, isFuzzy: boolean): Match | undefined {
  const { keyword, vr } = attribute
  // An instance without a warning has no reason, so that `*` asks for those with one.
  if (keyword === 'WarningReason') return text === '' ? undefined : reasonOf(text)
  if (ONLY_STARS.test(text)) return undefined
  if (vr === 'DA') return { kind: 'range', ...boundsOf(text, { keyword, parse: dateOf, form: 'YYYYMMDD' }) }
  if (vr === 'TM') return { kind: 'range', ...boundsOf(text, { keyword, parse: timeOf, form: 'HHMMSS.FFFFFF' }) }
  if (vr === 'IS') {
    const value = comparedText('IS', text)
    if (value === '') throw invalid(`${keyword} is searched by an integer`)
    return { kind: 'equal', values: [value] }
  }
  if (isFuzzy && FUZZY.has(keyword)) {
    const fuzzy = wordsIn(text)
    if (fuzzy !== undefined) return fuzzy.prefixes.length === 0 ? undefined : fuzzy
  }
  if (comparedText(vr, text) === '') return undefined
  return WILDCARD.test(text) ? { kind: 'pattern', pattern: text } : { kind: 'equal', values: [text] }
}

/** Undefined where wildcards are elsewhere than at the ends of words. */
function wordsIn(text: string): (Match & { readonly kind: 'words' }) | undefined {
  const words = requestedWords(text).map(([word]) => word!.replace(/\*+$/, ''))
  if (words.some((word) => WILDCARD.test(word))) return undefined
  return { kind: 'words', prefixes: [...new Set(words)].filter((word) => word !== '').slice(0, WORDS_MAX) }
}

/** A code of US: decimal, or hexadecimal as in the tables of the standard. */
function reasonOf(text: string): Match {
  if (WILDCARD.test(text)) return { kind: 'pattern', pattern: text }
  const hexadecimal = /^(?:0[xX])?([0-9A-Fa-f]{4})H?$/.exec(text)?.[1]
  if (/^\d{1,5}$/.test(text) && Number(text) <= 0xffff && hexadecimal !== text)
    return { kind: 'equal', values: [String(Number(text))] }
  if (hexadecimal === undefined)
    throw invalid('WarningReason is searched by a code, such as 45056 or B000, or by wildcards')
  return { kind: 'equal', values: [String(Number.parseInt(hexadecimal, 16))] }
}

/** What a date or time covers. */
interface Span {
  readonly from: string
  readonly to: string
}

interface Ranged {
  readonly keyword: string
  readonly parse: (text: string) => Span | undefined
  readonly form: string
}

function boundsOf(
  text: string,
  { keyword, parse, form }: Ranged,
): { from: string | undefined; to: string | undefined } {
  const [first = '', second, ...others] = text.split('-').map((part) => part.trim())
  const spanOf = (part: string) => (part === '' ? undefined : (parse(part) ?? refuse()))
  const refuse = () => {
    throw invalid(`${keyword} is searched by ${form}, or by a range: ${form}-${form}, ${form}- or -${form}`)
  }
  if (others.length > 0 || (first === '' && (second ?? '') === '')) return refuse()
  const [from, to] = [spanOf(first), second === undefined ? spanOf(first) : spanOf(second)]
  return { from: from?.from, to: to?.to }
}

/** A year and a month cover all their days. */
function dateOf(text: string): Span | undefined {
  const [, year, month, day] = /^(\d{4})(?:(\d{2})(?:(\d{2}))?)?$/.exec(text) ?? []
  if (year === undefined || !isWithin(month, 1, 12) || !isWithin(day, 1, 31)) return undefined
  return { from: `${year}${month ?? '01'}${day ?? '01'}`, to: `${year}${month ?? '12'}${day ?? '31'}` }
}

/** 60 is a leap second (PS3.5 6.2, TM). */
function timeOf(text: string): Span | undefined {
  const [, hours, minutes, seconds, fraction] = /^(\d{2})(?:(\d{2})(?:(\d{2})(?:\.(\d{1,6}))?)?)?$/.exec(text) ?? []
  if (hours === undefined || !isWithin(hours, 0, 23) || !isWithin(minutes, 0, 59) || !isWithin(seconds, 0, 60))
    return undefined
  return {
    from: `${hours}${minutes ?? '00'}${seconds ?? '00'}.${(fraction ?? '').padEnd(6, '0')}`,
    to: `${hours}${minutes ?? '59'}${seconds ?? '60'}.${(fraction ?? '').padEnd(6, '9')}`,
  }
}

const isWithin = (text: string | undefined, min: number, max: number): boolean =>
  text === undefined || (Number(text) >= min && Number(text) <= max)

const invalid = (message: string) => new ContractError('ValidationException', message)
