/** The document in an instance (PS3.3 C.24.2), as the metadata has it. */
import type { Attributes } from '../metadata/document.ts'
import { numberOf, textOf } from '../viewer/stack/values.ts'

export interface EncapsulatedDocument {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly isPDF: boolean
  readonly fileName: string
  readonly title: string
}

/** By the class of storage. */
const ENDINGS: Readonly<Record<string, string>> = {
  '104.1': 'pdf',
  '104.2': 'xml',
  '104.3': 'stl',
  '104.4': 'obj',
  '104.5': 'mtl',
}

/** Undefined if the metadata has no document, or only names it. */
export function encapsulatedDocumentOf(instance: Attributes, storageClass: string): EncapsulatedDocument | undefined {
  const value = instance.EncapsulatedDocument
  const padded = typeof value === 'string' ? decoded(value) : undefined
  if (padded === undefined) return undefined
  // A value of odd length has a byte more (PS3.5 7.1.1), and newer files tell the length.
  const length = numberOf(instance.EncapsulatedDocumentLength)
  const bytes = length === padded.length - 1 ? padded.subarray(0, length) : padded
  return {
    bytes,
    isPDF: storageClass === '104.1' && beginsAsPDF(bytes),
    // Names on disk don't have the patient.
    fileName: `${textOf(instance.SOPInstanceUID) || 'document'}.${ENDINGS[storageClass] ?? 'bin'}`,
    title: textOf(instance.DocumentTitle),
  }
}

function decoded(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const text = atob(base64)
    const bytes = new Uint8Array(text.length)
    for (let at = 0; at < bytes.length; at++) bytes[at] = text.charCodeAt(at)
    return bytes
  } catch {
    return undefined
  }
}

/** Programs look for the header in the first kilobyte (ISO 32000-1 annex H). */
const HEADER_BYTES = 1024

const beginsAsPDF = (bytes: Uint8Array): boolean =>
  String.fromCharCode(...bytes.subarray(0, HEADER_BYTES)).includes('%PDF-')

/** The characters of base64 of so many bytes. */
export const base64Length = (byteCount: number): number => Math.ceil(byteCount / 3) * 4
