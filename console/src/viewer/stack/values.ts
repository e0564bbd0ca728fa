/** Reads values of the metadata document as numbers, texts, items and bytes. */
import type { Attributes } from '../../metadata/document.ts'

/** All values of an attribute, of which the document has one or a list. */
const valuesOf = (value: unknown): readonly unknown[] =>
  value === undefined || value === null ? [] : Array.isArray(value) ? value : [value]

/** IS and DS are padded strings, US and FL are numbers. Other values are left out. */
export function numbersOf(value: unknown): readonly number[] {
  return valuesOf(value)
    .map((one) =>
      typeof one === 'string' && one.trim() !== '' ? Number(one) : typeof one === 'number' ? one : Number.NaN,
    )
    .filter(Number.isFinite)
}

export const numberOf = (value: unknown): number | undefined => numbersOf(value)[0]

export const textsOf = (value: unknown): readonly string[] =>
  valuesOf(value).map((one) => (typeof one === 'string' ? one.trim() : typeof one === 'number' ? String(one) : ''))

export const textOf = (value: unknown): string => textsOf(value)[0] ?? ''

/** The items of a sequence. */
export const itemsOf = (value: unknown): readonly Attributes[] =>
  valuesOf(value).filter((item): item is Attributes => typeof item === 'object' && item !== null)

/** Decodes base64. Undefined for other values. */
export function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/]+=*$/.test(value)) return undefined
  return Uint8Array.from(atob(value), (character) => character.charCodeAt(0))
}

/** The 16-bit words of a lookup table: US is a list of numbers, OW is base64 of little-endian words. */
export function wordsOf(value: unknown): readonly number[] {
  const bytes = bytesOf(value)
  if (bytes === undefined) return numbersOf(value).map((number) => number & 0xffff)
  return Array.from({ length: bytes.length >> 1 }, (_, at) => bytes[2 * at]! | (bytes[2 * at + 1]! << 8))
}
