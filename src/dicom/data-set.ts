/**
 * A parsed data set: elements by tag, values decoded on access (PS3.5 6.2 for value representations, 6.1 for text). Keeps a reference to
 * the bytes it was parsed from and copies only the values it returns.
 */
import { type CharacterSet, characterSetOf, DEFAULT_CHARACTER_SET } from './character-sets.ts'
import { PrefixTooShortError } from './dicom-error.ts'
import { entryOfNumber, formatTag, isPrivateTag } from './dictionary.ts'
import { swapUnits, unitBytes } from './encode-values.ts'
import type { Element } from './read-elements.ts'
import { undecodableText } from './undecodable-text.ts'

interface DataSetSource {
  bytes: Uint8Array
  elements: readonly Element[]
  littleEndian: boolean
  /** The data set whose sequence contains this item. The item inherits from it what it does not specify. */
  parent?: DataSet
}

const SPECIFIC_CHARACTER_SET = 0x00080005
const PIXEL_REPRESENTATION = 0x00280103

/** The VRs whose text is in the Specific Character Set; all other text is ASCII (PS3.5 6.1.2.2). */
const CHARACTER_SET_VRS = new Set(['SH', 'LO', 'ST', 'LT', 'UC', 'UT', 'PN'])
const ASCII_VRS = new Set(['AE', 'AS', 'CS', 'DA', 'DS', 'DT', 'IS', 'TM', 'UI', 'UR'])
/** Text VRs with a single value: a backslash is part of it, as are leading spaces (PS3.5 6.2). */
const SINGLE_TEXT_VRS = new Set(['ST', 'LT', 'UT'])

/** The characters at which code extensions reset, by VR (PS3.5 6.1.2.5.3); controls reset them in every VR. */
const DELIMITERS: Readonly<Record<string, string>> = { PN: '\\^=', ST: '', LT: '', UT: '' }

const NUMBER_SIZES_BYTES: Readonly<Record<string, number>> = { US: 2, SS: 2, UL: 4, SL: 4, FL: 4, FD: 8, UV: 8, SV: 8 }

export class DataSet {
  readonly #bytes: Uint8Array
  readonly #elements: readonly Element[]
  readonly #littleEndian: boolean
  readonly #parent: DataSet | undefined
  #byTag: Map<number, Element> | undefined
  #characterSet: CharacterSet | undefined

  constructor({ bytes, elements, littleEndian, parent }: DataSetSource) {
    this.#bytes = bytes
    this.#elements = elements
    this.#littleEndian = littleEndian
    this.#parent = parent
  }

  has(tag: string): boolean {
    return this.#find(tag) !== undefined
  }

  /** The value representation: as written or, in implicit VR and for UN of a known tag, from the dictionary. */
  vr(tag: string): string | undefined {
    const element = this.#find(tag)
    return element && this.#vrOf(element)
  }

  /**
   * The value as text without padding, multiple values separated by backslashes. Numbers are decimal, AT is `GGGGEEEE`.
   * @returns undefined where absent; null where empty or not text (sequences, bytes)
   */
  string(tag: string): string | null | undefined {
    const text = this.#text(tag, trimEnd)
    return text === '' ? null : text
  }

  /** Like `string`, but IS and DS keep their trailing padding, as in AWS's metadata documents. A blank value is still null. */
  rawString(tag: string): string | null | undefined {
    const text = this.#text(tag, keepNumberPad)
    return typeof text === 'string' && trim(text) === '' ? null : text
  }

  /** The individual values without padding; an empty one among several is ''. The list is empty where absent, empty or not text. */
  strings(tag: string): string[] {
    return this.#split(tag, trimEnd)
  }

  /** Like `strings`, but IS and DS keep their trailing padding. */
  rawStrings(tag: string): string[] {
    return this.#split(tag, keepNumberPad)
  }

  /** The first value of a numeric VR (US SS UL SL UV SV FL FD) or of IS and DS; undefined where it is not a number. */
  number(tag: string): number | undefined {
    const first = this.numbers(tag)[0]
    return Number.isNaN(first) ? undefined : first
  }

  /** All numbers; NaN for a value of IS or DS that is empty or not a number. 64-bit integers beyond 2^53 lose precision. */
  numbers(tag: string): number[] {
    const element = this.#find(tag)
    if (element === undefined) return []
    const vr = this.#vrOf(element)
    if (vr === 'IS' || vr === 'DS') return this.strings(tag).map((text) => (text === '' ? Number.NaN : Number(text)))
    return NUMBER_SIZES_BYTES[vr] === undefined ? [] : this.#binaryNumbers(element, vr)
  }

  /**
   * A view of the value's bytes, in the byte order of the file. For encapsulated pixel data, the items with their headers.
   * @throws PrefixTooShortError for pixel data that lies beyond the given bytes
   */
  bytes(tag: string): Uint8Array | undefined {
    const element = this.#find(tag)
    return element && this.#valueOf(element)
  }

  /** Like `bytes`, but little endian regardless of the file's byte order, so that equal values have equal bytes (PS3.5 7.3). */
  littleEndianBytes(tag: string): Uint8Array | undefined {
    const element = this.#find(tag)
    if (element === undefined) return undefined
    const value = this.#valueOf(element)
    return this.#littleEndian ? value : swapUnits(value, unitBytes(this.#vrOf(element)))
  }

  /** All values of UV or SV with full precision; empty for other VRs. */
  integers(tag: string): bigint[] {
    const element = this.#find(tag)
    const vr = element && this.#vrOf(element)
    if (element === undefined || (vr !== 'UV' && vr !== 'SV')) return []
    const view = viewOf(this.#valueOf(element))
    const integers: bigint[] = []
    for (let at = 0; at + 8 <= view.byteLength; at += 8) {
      integers.push(vr === 'UV' ? view.getBigUint64(at, this.#littleEndian) : view.getBigInt64(at, this.#littleEndian))
    }
    return integers
  }

  /** The items of a sequence, in order; empty where absent, empty or not a sequence. */
  items(tag: string): DataSet[] {
    const items = this.#find(tag)?.items ?? []
    return items.map(
      ({ elements, encoding }) =>
        new DataSet({ bytes: this.#bytes, elements, littleEndian: encoding.littleEndian, parent: this }),
    )
  }

  /** All tags, `GGGGEEEE`, in ascending order, regardless of their order in the file. */
  *tags(): Iterable<string> {
    for (const tag of [...this.#index().keys()].sort((a, b) => a - b)) yield formatTag(tag)
  }

  /** The unknown terms of Specific Character Set. If there are any, text of this data set was read as windows-1252. */
  unknownCharacterSets(): readonly string[] {
    return this.#characters().unknownTerms
  }

  /** The tags, `GGGGEEEE`, of text with bytes that are invalid in its character set, items included. */
  undecodableText(): readonly string[] {
    const delimitersOf = (vr: string) => (CHARACTER_SET_VRS.has(vr) ? (DELIMITERS[vr] ?? '\\') : undefined)
    const tags = undecodableText(this.#elements, this.#characters(), { bytes: this.#bytes, delimitersOf })
    return [...tags].map(formatTag)
  }

  #find(tag: string): Element | undefined {
    return this.#index().get(Number.parseInt(tag, 16))
  }

  /** PS3.5 7.1 allows each tag once. The first occurrence counts, as in dcmtk. */
  #index(): Map<number, Element> {
    if (this.#byTag === undefined) {
      this.#byTag = new Map()
      for (const element of this.#elements) if (!this.#byTag.has(element.tag)) this.#byTag.set(element.tag, element)
    }
    return this.#byTag
  }

  #vrOf({ tag, vr, items }: Element): string {
    if (vr !== '' && vr !== 'UN') return vr
    if (items !== undefined) return 'SQ'
    const entry = entryOfNumber(tag)
    if (entry?.vrs?.includes('SS') && entry.vr === 'US') return this.#isSigned() ? 'SS' : 'US'
    // A known sequence without items is a UN whose bytes were not a valid sequence.
    if (entry !== undefined) return entry.vr === 'SQ' ? 'UN' : entry.vr
    const element = tag & 0xffff
    if (element === 0) return 'UL'
    return isPrivateTag(tag) && element >= 0x10 && element <= 0xff ? 'LO' : 'UN'
  }

  #isSigned(): boolean {
    const element = this.#index().get(PIXEL_REPRESENTATION)
    if (element !== undefined) return this.#binaryNumbers(element, 'US')[0] === 1
    return this.#parent === undefined ? false : this.#parent.#isSigned()
  }

  #characters(): CharacterSet {
    if (this.#characterSet === undefined) {
      const element = this.#index().get(SPECIFIC_CHARACTER_SET)
      const inherited = this.#parent === undefined ? DEFAULT_CHARACTER_SET : this.#parent.#characters()
      this.#characterSet = element === undefined ? inherited : characterSetOf(this.strings('00080005'))
    }
    return this.#characterSet
  }

  #valueOf({ tag, offsetBytes, lengthBytes, undefinedLength }: Element): Uint8Array {
    const end = undefinedLength && lengthBytes === 0xffffffff ? Number.POSITIVE_INFINITY : offsetBytes + lengthBytes
    if (end <= this.#bytes.length) return this.#bytes.subarray(offsetBytes, end)
    throw new PrefixTooShortError({
      reason: 'the value lies beyond the given beginning of the file',
      tag: formatTag(tag),
      offsetBytes,
      minimumSizeBytes: end,
    })
  }

  #text(tag: string, pad: (text: string, vr: string) => string): string | null | undefined {
    const element = this.#find(tag)
    if (element === undefined) return undefined
    const vr = this.#vrOf(element)
    const text = this.#decode(element, vr)
    if (text === undefined) return null
    const padless = pad(text, vr)
    return SINGLE_TEXT_VRS.has(vr) || vr === 'UC' ? padless : trimStart(padless)
  }

  #decode(element: Element, vr: string): string | undefined {
    if (CHARACTER_SET_VRS.has(vr)) return this.#characters().decode(this.#valueOf(element), DELIMITERS[vr] ?? '\\')
    if (ASCII_VRS.has(vr)) return DEFAULT_CHARACTER_SET.decode(this.#valueOf(element))
    if (NUMBER_SIZES_BYTES[vr] !== undefined) return this.#binaryNumbers(element, vr).join('\\')
    return vr === 'AT' ? this.#tagsIn(element).join('\\') : undefined
  }

  #split(tag: string, pad: (text: string, vr: string) => string): string[] {
    const element = this.#find(tag)
    if (element === undefined) return []
    const vr = this.#vrOf(element)
    const text = this.#decode(element, vr)
    if (text === undefined || trim(text) === '') return []
    if (SINGLE_TEXT_VRS.has(vr) || vr === 'UR') return [pad(text, vr)]
    return text.split('\\').map((value) => (vr === 'UC' ? pad(value, vr) : trimStart(pad(value, vr))))
  }

  #binaryNumbers(element: Element, vr: string): number[] {
    const view = viewOf(this.#valueOf(element))
    const sizeBytes = NUMBER_SIZES_BYTES[vr]!
    const numbers: number[] = []
    for (let at = 0; at + sizeBytes <= view.byteLength; at += sizeBytes) {
      numbers.push(readNumber(view, at, { vr, littleEndian: this.#littleEndian }))
    }
    return numbers
  }

  #tagsIn(element: Element): string[] {
    const view = viewOf(this.#valueOf(element))
    const tags: string[] = []
    for (let at = 0; at + 4 <= view.byteLength; at += 4) {
      tags.push(
        formatTag(view.getUint16(at, this.#littleEndian) * 0x10000 + view.getUint16(at + 2, this.#littleEndian)),
      )
    }
    return tags
  }
}

const viewOf = (value: Uint8Array): DataView => new DataView(value.buffer, value.byteOffset, value.byteLength)

function readNumber(view: DataView, at: number, { vr, littleEndian }: { vr: string; littleEndian: boolean }): number {
  switch (vr) {
    case 'US':
      return view.getUint16(at, littleEndian)
    case 'SS':
      return view.getInt16(at, littleEndian)
    case 'UL':
      return view.getUint32(at, littleEndian)
    case 'SL':
      return view.getInt32(at, littleEndian)
    case 'FL':
      return view.getFloat32(at, littleEndian)
    case 'FD':
      return view.getFloat64(at, littleEndian)
    case 'UV':
      return Number(view.getBigUint64(at, littleEndian))
    default:
      return Number(view.getBigInt64(at, littleEndian))
  }
}

/** Like Java's trim: every character up to U+0020 counts as padding, including NUL and stray controls. */
export function trimEnd(text: string): string {
  let end = text.length
  while (end > 0 && text.charCodeAt(end - 1) <= 0x20) end -= 1
  return text.slice(0, end)
}

export function trimStart(text: string): string {
  let start = 0
  while (start < text.length && text.charCodeAt(start) <= 0x20) start += 1
  return text.slice(start)
}

function trim(text: string): string {
  return trimStart(trimEnd(text))
}

function keepNumberPad(text: string, vr: string): string {
  return vr === 'IS' || vr === 'DS' ? text : trimEnd(text)
}
