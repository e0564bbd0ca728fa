/**
 * Converts values of a metadata document to what the encoder takes for each VR (PS3.5 6.2), and finds a VR for values that do not fit the
 * usual one.
 */
import type { ElementValue } from '../../dicom/encode.ts'
import type { JsonValue } from './read-document.ts'

const BINARY = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN'])
const FLOATS = new Set(['FL', 'FD'])
const ASCII_TEXT = new Set(['AE', 'AS', 'CS', 'DA', 'DS', 'DT', 'IS', 'TM', 'UI', 'UR'])
const TEXT = new Set([...ASCII_TEXT, 'SH', 'LO', 'ST', 'LT', 'UC', 'UT', 'PN'])
/** VRs with a single value, backslashes included. */
const SINGLE_TEXT = new Set(['ST', 'LT', 'UT', 'UR'])

const INTEGERS: ReadonlyMap<string, readonly [min: bigint, max: bigint]> = new Map([
  ['US', [0n, 0xffffn]],
  ['SS', [-0x8000n, 0x7fffn]],
  ['UL', [0n, 0xffff_ffffn]],
  ['SL', [-0x8000_0000n, 0x7fff_ffffn]],
  ['UV', [0n, 2n ** 64n - 1n]],
  ['SV', [-(2n ** 63n), 2n ** 63n - 1n]],
])

/** NaN and infinity in the DICOM JSON model (PS3.18 F.2.3). */
const NO_NUMBERS: ReadonlyMap<JsonValue, number> = new Map([
  ['NaN', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
])

/** Ignores the lengths and characters of PS3.5: a file that was imported with violations can be exported again. */
export function canEncode(vr: string, values: readonly JsonValue[]): boolean {
  if (vr === 'SQ') return values.every(isObject)
  if (BINARY.has(vr)) return values.length === 0 || (values.length === 1 && isBase64(values[0]!))
  if (FLOATS.has(vr)) return values.every(isFloat)
  if (vr === 'AT') return values.every((value) => typeof value === 'string' && /^[0-9A-F]{8}$/.test(value))
  const range = INTEGERS.get(vr)
  if (range !== undefined) return values.every((value) => isInteger(value) && isWithin(value, range))
  const isNumberText = vr === 'IS' || vr === 'DS'
  const isWord = (value: JsonValue) =>
    value === null || typeof value === 'string' || (isNumberText && typeof value === 'number')
  if (!TEXT.has(vr) || !values.every(isWord) || (values.length > 1 && SINGLE_TEXT.has(vr))) return false
  return !ASCII_TEXT.has(vr) || values.every((value) => isASCII(String(value)) || isWindows1252(String(value)))
}

/** A VR that fits the values and yields the same document. */
export function fallbackVR(values: readonly JsonValue[]): string {
  const candidates = ['SQ', 'UL', 'SL', 'UV', 'SV', 'FD', values.length > 1 ? 'UC' : 'UT']
  return candidates.find((vr) => canEncode(vr, values)) ?? 'UC'
}

/** @param values that the VR can encode; the VR is not SQ */
export function encodableValue(
  vr: string,
  values: readonly JsonValue[],
): { readonly value: ElementValue; readonly isASCII: boolean } {
  if (values.length === 0) return { value: null, isASCII: true }
  if (BINARY.has(vr)) return { value: Buffer.from(values[0] as string, 'base64'), isASCII: true }
  if (vr === 'UV' || vr === 'SV') return { value: longIntegers(values), isASCII: true }
  if (FLOATS.has(vr)) {
    return {
      value: values.map((value) => NO_NUMBERS.get(value) ?? Number(value)),
      isASCII: true,
    }
  }
  if (vr === 'AT') return { value: values as string[], isASCII: true }
  if (INTEGERS.has(vr)) return { value: values.map(Number), isASCII: true }
  const text = values.map((value) => wordOf(vr, value)).join('\\')
  const hasOnlyASCII = isASCII(text)
  // Other characters violate the VR; they were read as windows-1252, and are written as such.
  if (!hasOnlyASCII && ASCII_TEXT.has(vr)) return { value: windows1252Bytes(text)!, isASCII: true }
  return { value: text, isASCII: hasOnlyASCII }
}

/** The document keeps the padding of IS and DS, which the encoder adds. */
function wordOf(vr: string, value: JsonValue): string {
  if (value === null || isObject(value)) return ''
  return vr === 'IS' || vr === 'DS' ? String(value).replace(/ +$/, '') : String(value)
}

const isObject = (value: JsonValue): boolean => typeof value === 'object' && value !== null

const isFloat = (value: JsonValue): boolean =>
  typeof value === 'number' || typeof value === 'bigint' || NO_NUMBERS.has(value)

const isInteger = (value: JsonValue): value is number | bigint => typeof value === 'bigint' || Number.isInteger(value)

const isWithin = (value: number | bigint, [min, max]: readonly [bigint, bigint]): boolean =>
  BigInt(value) >= min && BigInt(value) <= max

const isBase64 = (value: JsonValue): boolean =>
  typeof value === 'string' && value.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(value)

function longIntegers(values: readonly JsonValue[]): Uint8Array {
  const bytes = new Uint8Array(8 * values.length)
  const view = new DataView(bytes.buffer)
  // For UV and SV alike: the bits are those of the number modulo 2^64.
  values.forEach((value, index) => {
    view.setBigUint64(8 * index, BigInt.asUintN(64, BigInt(value as number | bigint)), true)
  })
  return bytes
}

const isASCII = (text: string): boolean => /^[\x00-\x7f]*$/.test(text)

const isWindows1252 = (text: string): boolean => windows1252Bytes(text) !== undefined

let byCharacter: ReadonlyMap<string, number> | undefined

/** Undefined where a character is not in windows-1252. */
function windows1252Bytes(text: string): Uint8Array | undefined {
  byCharacter ??= new Map(
    Array.from({ length: 256 }, (_, byte) => [new TextDecoder('windows-1252').decode(Uint8Array.of(byte)), byte]),
  )
  const bytes = [...text].map((character) => byCharacter!.get(character))
  return bytes.includes(undefined) ? undefined : Uint8Array.from(bytes as number[])
}
