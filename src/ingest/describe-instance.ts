/** The metadata of one imported file as bytes to keep: its entry in a document, and the levels as it has them. */
import { createHash } from 'node:crypto'
import type { ImportApp } from '../app.ts'
import type { DataSet } from '../dicom/data-set.ts'
import type { DicomFile } from '../dicom/parse.ts'
import { instanceMetadata, type StoredFrames } from '../imaging/documents/metadata.ts'

export interface MetadataBytes {
  readonly entry: Uint8Array
  readonly levels: Uint8Array
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
  const { entry, levels } = instanceMetadata({
    file,
    trailing,
    SeriesInstanceUID: seriesInstanceUID,
    SOPInstanceUID: sopInstanceUID,
    frames,
    nameLargeBinary: (bytes) => `bulkdata/${createHash('md5').update(bytes).digest('hex')}`,
    charactersMax: app.limits.importMetadataCharacters,
  })
  return { entry: Buffer.from(entry), levels: Buffer.from(levels) }
}
