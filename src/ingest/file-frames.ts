/**
 * The frames of one imported file in the storage format of the data store, or none and a warning. Frame errors are warnings; the file is
 * always kept. Bounded by `importFramesPerFile`.
 */
import type { ByteSource } from '../dicom/byte-source.ts'
import type { DicomFile } from '../dicom/parse.ts'
import type { PixelItems } from '../dicom/pixel-items.ts'
import { NO_FRAMES, type StoredFrames } from '../imaging/documents/metadata.ts'
import { type ImportWarning, importWarning } from '../imaging/import-warnings.ts'
import type { FramesWarning } from '../pixel-data/frame-plan.ts'
import { FramesUnavailable } from '../pixel-data/stored-frame.ts'
import { planTrueFrames } from '../pixel-data/true-syntax.ts'
import { FileFrames, type FramesContext, type StorableFrames } from './encode-file-frames.ts'

export interface FramesOfFile {
  /** What the metadata document says of them. */
  readonly described: StoredFrames
  readonly warnings: readonly ImportWarning[]
  /** Undefined if no frame is stored. */
  readonly frames: StorableFrames | undefined
}

interface FileWithFrames {
  readonly file: DicomFile
  /** The bytes of the file. */
  readonly source: ByteSource
  /** The fragments of encapsulated pixel data, if `file` was parsed from its header only. */
  readonly items?: PixelItems | undefined
}

/** @throws the reason of the signal, and errors of the stores */
export async function framesOfFile(
  { file, source, items }: FileWithFrames,
  context: FramesContext,
): Promise<FramesOfFile> {
  const { plan, warnings } = await planTrueFrames(file, { format: context.format, items, source })
  const without = (warning: FramesWarning) => withoutFrames([...warnings, warning])
  if (plan.kind === 'none') return withoutFrames(warnings)
  if (plan.kind === 'unavailable') return without(plan.warning)
  const { importFramesPerFile } = context.app.limits
  if (plan.cut.count > importFramesPerFile) {
    const message = `The file has ${plan.cut.count} frames, more than the ${importFramesPerFile} that can be stored`
    return without({ type: 'FramesExtractionFailure', message })
  }
  const encoded = new FileFrames(plan, { source, context })
  try {
    const frames = await encoded.encode()
    const all = plan.warning === undefined ? warnings : [...warnings, plan.warning]
    return { described: encoded.described(), warnings: all.map(asImportWarning), frames }
  } catch (error) {
    if (!(error instanceof FramesUnavailable)) throw error
    return without(error.warning)
  }
}

const withoutFrames = (warnings: readonly FramesWarning[]): FramesOfFile => ({
  described: NO_FRAMES,
  warnings: warnings.map(asImportWarning),
  frames: undefined,
})

const asImportWarning = ({ type, message }: FramesWarning): ImportWarning => importWarning(type, message)
