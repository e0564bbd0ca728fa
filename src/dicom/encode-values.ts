/** Encodes the value of one element by its VR (PS3.5 6.2): little endian, padded to an even length. */
import { DicomError } from './dicom-error.ts'
import type { TextWriter } from './encode-text.ts'

interface ValueToEncode {
  tag: string
  vr: string
  value: ElementValue
  text: TextWriter
}

type WriteNumber = (view: DataView, offset: number, value: number) => void

const NUMBERS: Readonly<Record<string, { sizeBytes: number; write: WriteNumber }>> = {
  US: { sizeBytes: 2, write: (view, offset, value) => view.setUint16(offset, value, true) },
  SS: { sizeBytes: 2, write: (view, offset, value) => view.setInt16(offset, value, true) },
  OW: { sizeBytes: 2, write: (view, offset, value) => view.setUint16(offset, value, true) },
  UL: { sizeBytes: 4, write: (view, offset, value) => view.setUint32(offset, value, true) },
  OL: { sizeBytes: 4, write: (view, offset, value) => view.setUint32(offset, value, true) },
  SL: { sizeBytes: 4, write: (view, offset, value) => view.setInt32(offset, value, true) },
  FL: { sizeBytes: 4, write: (view, offset, value) => view.setFloat32(offset, value, true) },
  OF: { sizeBytes: 4, write: (view, offset, value) => view.setFloat32(offset, value, true) },
  FD: { sizeBytes: 8, write: (view, offset, value) => view.setFloat64(offset, value, true) },
  OD: { sizeBytes: 8, write: (view, offset, value) => view.setFloat64(offset, value, true) },
  SV: { sizeBytes: 8, write: (view, offset, value) => view.setBigInt64(offset, BigInt(value), true) },
  UV: { sizeBytes: 8, write: (view, offset, value) => view.setBigUint64(offset, BigInt(value), true) },
  OV: { sizeBytes: 8, write: (view, offset, value) => view.setBigUint64(offset, BigInt(value), true) },
}

const CHARSET_DEPENDENT = new Set(['SH', 'LO', 'ST', 'LT', 'UC', 'UT', 'PN'])
const NUL_PADDED = new Set(['UI', 'OB', 'UN'])
const SPACE = 0x20

/** @throws DicomError where the value does not fit the VR or the character set */
export function encodeValue({ tag, vr, value, text }: ValueToEncode): Uint8Array {
  if (value === null) return new Uint8Array(0)
  if (value instanceof Uint8Array) return padded(value, vr)
  if (vr === 'OB' || vr === 'UN') throw new DicomError({ reason: 'the VR takes only bytes', tag })
  const values: readonly (string | number)[] = Array.isArray(value) ? scalars(tag, value) : [value as string | number]
  if (vr === 'AT') return tagValues(values)
  const number = NUMBERS[vr]
  if (number !== undefined) return numberValues(values, { tag, ...number })

  const joined = values.map((one) => (typeof one === 'number' ? numberText(one, vr) : one)).join('\\')
  return padded(CHARSET_DEPENDENT.has(vr) ? text(joined, { tag, vr }) : asciiBytes(joined, tag), vr)
}

/** How many bytes a big endian transfer syntax reverses together (PS3.5 7.3). */
export function unitBytes(vr: string): number {
  return vr === 'AT' ? 2 : (NUMBERS[vr]?.sizeBytes ?? 1)
}

/** The bytes with each unit reversed; the same array where nothing needs reversing. */
export function swapUnits(bytes: Uint8Array, sizeBytes: number): Uint8Array {
  if (sizeBytes === 1) return bytes
  const swapped = new Uint8Array(bytes.length)
  for (let start = 0; start + sizeBytes <= bytes.length; start += sizeBytes) {
    for (let i = 0; i < sizeBytes; i++) swapped[start + i] = bytes[start + sizeBytes - 1 - i]!
  }
  return swapped
}

function numberValues(
  values: readonly (string | number)[],
  { tag, sizeBytes, write }: { tag: string; sizeBytes: number; write: WriteNumber },
): Uint8Array {
  const bytes = new Uint8Array(values.length * sizeBytes)
  const view = new DataView(bytes.buffer)
  values.forEach((value, index) => {
    if (typeof value !== 'number') throw new DicomError({ reason: 'a binary number takes a number', tag })
    write(view, index * sizeBytes, value)
  })
  return bytes
}

/** `GGGGEEEE` as two 16-bit words (PS3.5 6.2, AT). */
function tagValues(values: readonly (string | number)[]): Uint8Array {
  const words = values.flatMap((value) => {
    const tag = String(value)
    return [Number.parseInt(tag.slice(0, 4), 16), Number.parseInt(tag.slice(4), 16)]
  })
  const bytes = new Uint8Array(2 * words.length)
  const view = new DataView(bytes.buffer)
  words.forEach((word, index) => {
    view.setUint16(2 * index, word, true)
  })
  return bytes
}

/** A decimal string has at most 16 characters (PS3.5 6.2, DS). */
function numberText(value: number, vr: string): string {
  const plain = String(value)
  if (vr !== 'DS' || plain.length <= 16) return plain
  for (let digits = 14; digits > 0; digits--) {
    const shorter = String(Number(value.toPrecision(digits)))
    if (shorter.length <= 16) return shorter
  }
  return value.toExponential(8)
}

function asciiBytes(text: string, tag: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) throw new DicomError({ reason: 'the VR takes only ASCII characters', tag })
    bytes[i] = code
  }
  return bytes
}

function padded(bytes: Uint8Array, vr: string): Uint8Array {
  if (bytes.length % 2 === 0) return bytes
  const even = new Uint8Array(bytes.length + 1)
  even.set(bytes)
  even[bytes.length] = NUL_PADDED.has(vr) || vr in NUMBERS ? 0 : SPACE
  return even
}

function scalars(tag: string, list: readonly unknown[]): readonly (string | number)[] {
  if (!list.every((item) => typeof item === 'string' || typeof item === 'number')) {
    throw new DicomError({ reason: 'only a sequence takes a list of items', tag })
  }
  return list as readonly (string | number)[]
}

/** One value or several; bytes are used as they are (little endian); `null` is an empty element. */
export type ElementValue =
  | string
  | number
  | Uint8Array
  | null
  | readonly string[]
  | readonly number[]
  | readonly Attributes[]

/** A value whose VR is in the dictionary, or a value with an explicit VR (private elements, and deliberate errors). */
export type AttributeValue = ElementValue | { vr: string; value: ElementValue; undefinedLength?: boolean }

/** A data set by keyword or `GGGGEEEE`. */
export interface Attributes {
  readonly [keywordOrTag: string]: AttributeValue | undefined
}
