/** Describes a parsed file and its frames: the instance, its metadata and its warnings, which are recorded with its bytes. */
import type { ImportApp } from '../app.ts'
import type { DicomFile } from '../dicom/parse.ts'
import { toleratedFaults } from '../imaging/import-warnings.ts'
import { type Instance, readInstance } from '../imaging/instances/instance.ts'
import { describeInstance, type FileToDescribe, type MetadataBytes } from './describe-instance.ts'
import type { StorableFrames } from './encode-file-frames.ts'
import type { FramesOfFile } from './file-frames.ts'
import type { ImportContext } from './import-context.ts'

export interface DescribedFile {
  /** With the warnings about its frames. */
  readonly instance: Instance
  readonly metadata: MetadataBytes
  readonly frames: StorableFrames | undefined
}

/** The file with its attributes overridden by the JSON metadata of the job, and the instance that results. @throws DicomError */
export async function readMetadata(
  { metadata }: Pick<ImportContext, 'metadata'>,
  original: DicomFile,
): Promise<{ file: DicomFile; instance: Instance }> {
  const { file, warnings } = await metadata.override(original)
  const instance = readInstance(file)
  return { file, instance: { ...instance, warnings: [...warnings, ...instance.warnings] } }
}

interface FileWithFrames extends Pick<FileToDescribe, 'trailing'> {
  readonly file: DicomFile
  readonly instance: Instance
  readonly framed: FramesOfFile
}

/** @throws DicomError; a blob that its frames were written to is removed first */
export async function describeFile(
  { app }: { readonly app: Pick<ImportApp, 'blobs' | 'limits'> },
  { instance, framed, ...described }: FileWithFrames,
): Promise<DescribedFile> {
  const { grouping, sopInstanceUID } = instance
  const { frames } = framed
  try {
    const uids = { seriesInstanceUID: grouping.SeriesInstanceUID, sopInstanceUID }
    const metadata = describeInstance(app, { ...described, ...uids, frames: framed.described })
    // An unknown transfer syntax has a warning for the file already.
    const isKnown = described.file.transferSyntax !== undefined
    const frameWarnings = framed.warnings.filter(({ type }) => isKnown || type !== 'UnsupportedTransferSyntax')
    const warnings = [...instance.warnings, ...toleratedFaults(described.file.tolerated), ...frameWarnings]
    return { instance: { ...instance, warnings }, metadata, frames }
  } catch (error) {
    if (frames?.kind === 'written') await app.blobs.remove([frames.place.blobKey])
    throw error
  }
}
