/** The VR of each element of a metadata document. A document keeps VRs only of the elements that have their tag as key. */
import { entryOf, tagOf } from '../../dicom/dictionary.ts'
import type { JsonObject, JsonValue } from './read-document.ts'
import { canEncode, fallbackVR } from './vr-values.ts'

/** What the surrounding elements determine about the VR, where the dictionary allows several. */
export interface Surroundings {
  readonly isSigned: boolean
  readonly bitsAllocated: number
}

export const NO_SURROUNDINGS: Surroundings = { isSigned: false, bitsAllocated: 16 }

export function surroundingsIn({ PixelRepresentation, BitsAllocated }: JsonObject, around: Surroundings): Surroundings {
  return {
    isSigned: PixelRepresentation === undefined ? around.isSigned : PixelRepresentation === 1,
    bitsAllocated: typeof BitsAllocated === 'number' ? BitsAllocated : around.bitsAllocated,
  }
}

/** The tag of a key of a document, which is a keyword or a tag; undefined for a keyword that is not in our edition of PS3.6. */
export const tagNamed = (key: string): string | undefined => (/^[0-9A-F]{8}$/.test(key) ? key : tagOf(key))

export const valuesOf = (json: JsonValue): readonly JsonValue[] =>
  Array.isArray(json) ? json : json === null ? [] : [json]

interface ElementOfDocument {
  readonly key: string
  readonly tag: string
  readonly values: readonly JsonValue[]
}

export function vrOf(
  { key, tag, values }: ElementOfDocument,
  vrs: Readonly<Record<string, string>>,
  around: Surroundings,
): string {
  const expected = key === tag ? vrs[tag] : undefined
  const likely = expected ?? dictionaryVR(tag, values, around)
  // Some files have elements with a wrong VR.
  return canEncode(likely, values) ? likely : fallbackVR(values)
}

/** Where PS3.6 allows several VRs the value decides and, where both fit, the pixel attributes (PS3.5 A.2). */
function dictionaryVR(tag: string, values: readonly JsonValue[], { isSigned, bitsAllocated }: Surroundings): string {
  const entry = entryOf(tag)
  if (entry === undefined) return 'UN'
  const { vrs } = entry
  if (vrs === undefined) return entry.vr
  if (vrs.includes('OW') && (values.length === 0 || typeof values[0] === 'string')) {
    return vrs.includes('OB') && bitsAllocated <= 8 ? 'OB' : 'OW'
  }
  if (!vrs.includes('SS')) return 'US'
  if (values.some((value) => Number(value) < 0)) return 'SS'
  return isSigned && values.every((value) => Number(value) <= 0x7fff) ? 'SS' : 'US'
}
