/** The start of a DICOM file (PS3.10 7.1): preamble and file meta information. Also used by the console, so it imports no Node module. */
import { concatenate, encodeAttributes, type Spelling } from './encode-elements.ts'
import type { Attributes } from './encode-values.ts'

/** Identifies Hilum as the writer of a file (PS3.10 7.1, Implementation Class UID). */
export const ImplementationClassUID = '2.25.55147520210738694632850378522939328531'

export const EXPLICIT_LITTLE_ENDIAN: Spelling = { littleEndian: true, explicitVR: true, sequenceLength: 'defined' }

export function preamble(): Uint8Array {
  const bytes = new Uint8Array(132)
  bytes.set([0x44, 0x49, 0x43, 0x4d], 128)
  return bytes
}

interface FileToStart {
  readonly transferSyntaxUID: string
  readonly attributes: Attributes
}

/** Always explicit VR little endian; the first element is the length of the rest (PS3.10 7.1). */
export function encodeMeta(file: FileToStart, overrides: Attributes): Uint8Array {
  const meta: Attributes = {
    FileMetaInformationVersion: Uint8Array.of(0, 1),
    MediaStorageSOPClassUID: file.attributes.SOPClassUID,
    MediaStorageSOPInstanceUID: file.attributes.SOPInstanceUID,
    TransferSyntaxUID: file.transferSyntaxUID,
    ImplementationClassUID,
    ImplementationVersionName: 'HILUM',
    ...overrides,
  }
  if ('FileMetaInformationGroupLength' in overrides) return encodeAttributes(meta, EXPLICIT_LITTLE_ENDIAN)
  const rest = encodeAttributes(meta, EXPLICIT_LITTLE_ENDIAN)
  const length = encodeAttributes({ FileMetaInformationGroupLength: rest.length }, EXPLICIT_LITTLE_ENDIAN)
  return concatenate([length, rest])
}
