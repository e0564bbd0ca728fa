/**
 * Writes the metadata of a parsed DICOM file: its instance metadata, and its patient, study and series attributes. Bounded by
 * `importMetadataCharacters`.
 */
import type { ImportApp } from '../app.ts'
import type { DataSet } from '../dicom/data-set.ts'
import type { DicomFile } from '../dicom/parse.ts'
import { referenceTo } from '../imaging/documents/large-binary.ts'
import { type StoredFrames, writeMetadata } from '../imaging/documents/metadata.ts'
import { largeBinaryName } from './large-binary-name.ts'

export interface MetadataBytes {
  readonly instanceMetadata: Uint8Array
  readonly imageSetAttributes: Uint8Array
}

export interface FileToDescribe {
  readonly file: DicomFile
  /** The elements after the pixel data, if only the header of the file was parsed. */
  readonly trailing?: DataSet
  readonly seriesInstanceUID: string
  readonly sopInstanceUID: string
  readonly frames: StoredFrames
}

/** @throws DicomError if the metadata exceeds the limit */
export function describeInstance(app: Pick<ImportApp, 'limits'>, described: FileToDescribe): MetadataBytes {
  const { file, trailing, seriesInstanceUID, sopInstanceUID, frames } = described
  const { instanceMetadata, imageSetAttributes } = writeMetadata({
    file,
    trailing,
    SeriesInstanceUID: seriesInstanceUID,
    SOPInstanceUID: sopInstanceUID,
    frames,
    nameLargeBinary: (bytes) => referenceTo(largeBinaryName(bytes)),
    charactersMax: app.limits.importMetadataCharacters,
  })
  return { instanceMetadata: Buffer.from(instanceMetadata), imageSetAttributes: Buffer.from(imageSetAttributes) }
}
