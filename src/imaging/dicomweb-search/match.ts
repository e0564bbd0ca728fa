/**
 * How a search by DICOMweb compares values (PS3.4 C.2.2.2, PS3.5 6.2): the model that every search in the catalog agrees with. Values are
 * compared in one form for each VR, in which texts compare by code points.
 */
import { trimEnd } from '../../dicom/data-set.ts'
import { fold, matchesPattern, wordsOf } from '../search/words.ts'
import type { Criterion, Match, OrderKey } from './criteria.ts'

const DATE = /^(\d{8})$/
/** The ACR-NEMA forms, which PS3.5 6.2 recommends to accept. */
const OLD_DATE = /^(\d{4})\.(\d{2})\.(\d{2})$/
const TIME = /^(\d{2})(?:(\d{2})(?:(\d{2})(?:\.(\d{1,6}))?)?)?$/
const OLD_TIME = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?$/
const INTEGER = /^\s*[+-]?\d{1,12}\s*$/
/** Delimiters of components and groups that nothing follows (PS3.5 6.2.1). */
const EMPTY_COMPONENTS = /[\s^]+(?==|$)|[\s^=]+$/g

/**
 * The form of a value in which it is compared. Names without case, accents and empty components at the end; dates as YYYYMMDD; times as
 * HHMMSS.FFFFFF, the earliest that they can mean; integers without padding; other texts as they are, without the spaces at their end.
 * @returns an empty text where the value is empty, or is no date, time or integer: it counts as absent
 */
export function comparedText(vr: string, text: string): string {
  const value = trimEnd(text)
  if (vr === 'PN') return fold(value.replace(EMPTY_COMPONENTS, '')).trim()
  if (vr === 'DA') return (DATE.exec(value) ?? OLD_DATE.exec(value))?.slice(1).join('') ?? ''
  if (vr === 'TM') return comparedTime(value)
  if (vr === 'IS') return INTEGER.test(value) ? String(Number(value)) : ''
  return value
}

function comparedTime(value: string): string {
  const parts = TIME.exec(value) ?? OLD_TIME.exec(value)
  if (parts === null) return ''
  const [, hours, minutes = '00', seconds = '00', fraction = ''] = parts
  return `${hours}${minutes}${seconds}.${fraction.padEnd(6, '0')}`
}

/** @param values of one attribute; an attribute without a value matches nothing */
export function matchesCriterion(match: Match, vr: string, values: readonly string[]): boolean {
  const compared = values.map((text) => comparedText(vr, text)).filter((text) => text !== '')
  switch (match.kind) {
    case 'equal': {
      const wanted = new Set(match.values.map((text) => comparedText(vr, text)))
      return compared.some((text) => wanted.has(text))
    }
    case 'pattern': {
      const pattern = comparedText(vr, match.pattern)
      return compared.some((text) => matchesPattern(pattern, text))
    }
    case 'words':
      return values.some((text) => beginWords(match.prefixes, text))
    case 'range':
      return compared.some(
        (text) => (match.from === undefined || text >= match.from) && (match.to === undefined || text <= match.to),
      )
  }
}

function beginWords(prefixes: readonly string[], text: string): boolean {
  const words = [...wordsOf(text)]
  return prefixes.every((prefix) => words.some((word) => word.startsWith(prefix)))
}

/** The values of an attribute; empty where it has none. */
export type ValuesOf = (keyword: string) => readonly string[]

/** Whether all criteria match. */
export const matches = (
  criteria: readonly Criterion[],
  { valuesOf, vrOf }: { readonly valuesOf: ValuesOf; readonly vrOf: (keyword: string) => string },
): boolean => criteria.every(({ keyword, match }) => matchesCriterion(match, vrOf(keyword), valuesOf(keyword)))

/** What an order compares: all values as one text; undefined where the attribute has none. */
export function orderedText(vr: string, values: readonly string[]): string | undefined {
  const compared = values.map((text) => comparedText(vr, text)).filter((text) => text !== '')
  return compared.length === 0 ? undefined : compared.join('\\')
}

/** Negative where `a` comes first. Without a value: last, in both directions. */
export function compareInOrder(
  { descending }: Pick<OrderKey, 'descending'>,
  vr: string,
  [a, b]: readonly [string | undefined, string | undefined],
): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
  const order = vr === 'IS' ? Number(a) - Number(b) : compareCodePoints(a, b)
  return descending ? -order : order
}

/** As UTF-8 bytes compare, and so databases: not as JavaScript compares, by UTF-16 units. */
export function compareCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
