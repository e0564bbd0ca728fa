/**
 * Large binary values. A document names those of private and unknown elements in AWS's form, which DICOMweb completes to a URI below that of the
 * instance; it contains the others, which DICOMweb names in the same way.
 */
import { valuesOf } from './document-vrs.ts'
import { LARGE_BINARY_BYTES } from './metadata-values.ts'
import type { JsonObject, JsonValue } from './read-document.ts'

/** A value is named by a digest of its bytes. */
export type NameOfValue = (littleEndianBytes: Uint8Array) => string

export const referenceTo = (name: string): string => `bulkdata/${name}`

/** Undefined for a reference of another form, which another server wrote. */
export const nameInReference = (reference: string): string | undefined =>
  /^bulkdata\/([0-9a-f]{32})$/.exec(reference)?.[1]

/** The URI of a value that the document does not contain. */
export function referenceIn(json: JsonValue): string | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined
  const { BulkDataURI } = json as JsonObject
  return typeof BulkDataURI === 'string' ? BulkDataURI : undefined
}

/** The names of all values that the document does not contain, of any item. */
export function* namesIn(object: JsonObject): Generator<string> {
  for (const json of Object.values(object)) {
    const reference = referenceIn(json)
    const name = reference === undefined ? undefined : nameInReference(reference)
    if (name !== undefined) yield name
    else if (typeof json === 'object') for (const value of valuesOf(json)) if (isItem(value)) yield* namesIn(value)
  }
}

const isItem = (value: JsonValue): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const isLargeBase64 = (base64: string): boolean => base64.length > Math.ceil(LARGE_BINARY_BYTES / 3) * 4

interface WantedValue {
  readonly name: string
  readonly nameOf: NameOfValue
}

/** The value of the document with this name, in any item; undefined if only the imported file has it. */
export function largeValueNamed(object: JsonObject, wanted: WantedValue): Uint8Array | undefined {
  for (const json of Object.values(object)) {
    for (const value of valuesOf(json)) {
      const found = largeValueIn(value, wanted)
      if (found !== undefined) return found
    }
  }
  return undefined
}

function largeValueIn(value: JsonValue, wanted: WantedValue): Uint8Array | undefined {
  if (isItem(value)) return largeValueNamed(value, wanted)
  if (typeof value !== 'string' || !isLargeBase64(value)) return undefined
  const bytes = Buffer.from(value, 'base64')
  return wanted.nameOf(bytes) === wanted.name ? bytes : undefined
}
