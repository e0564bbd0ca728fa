/** The metadata of one imported file as bytes to keep: its part of a metadata document, and the attributes of its patient, study and series. */
import { createHash } from 'node:crypto'
import type { ImportApp } from '../app.ts'
import type { DataSet } from '../dicom/data-set.ts'
import type { DicomFile } from '../dicom/parse.ts'
import { type StoredFrames, writeMetadata } from '../imaging/documents/metadata.ts'

export interface MetadataBytes {
  readonly instanceMetadata: Uint8Array
  readonly imageSetAttributes: Uint8Array
}

export interface FileToDescribe {
  readonly file: DicomFile
  /** What stands behind the pixel data, where the file was read only up to them. */
  readonly trailing?: DataSet
  readonly seriesInstanceUID: string
  readonly sopInstanceUID: string
  readonly frames: StoredFrames
}

/** @throws DicomError where the file has more metadata than it may. */
export function describeInstance(app: Pick<ImportApp, 'limits'>, described: FileToDescribe): MetadataBytes {
  const { file, trailing, seriesInstanceUID, sopInstanceUID, frames } = described
  const { instanceMetadata, imageSetAttributes } = writeMetadata({
    file,
    trailing,
    SeriesInstanceUID: seriesInstanceUID,
    SOPInstanceUID: sopInstanceUID,
    frames,
    nameLargeBinary: (bytes) => `bulkdata/${createHash('md5').update(bytes).digest('hex')}`,
    charactersMax: app.limits.importMetadataCharacters,
  })
  return { instanceMetadata: Buffer.from(instanceMetadata), imageSetAttributes: Buffer.from(imageSetAttributes) }
}
