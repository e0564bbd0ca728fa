/** Exports one instance of a metadata document as a P10 file, or returns the reason why it cannot. */
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MedicalImagingServiceException } from '@aws-sdk/client-medical-imaging'
import { DEFAULT_LIMITS } from '../../default-limits.ts'
import { DicomError } from '../../dicom/dicom-error.ts'
import { type Attributes, ExplicitVRLittleEndian, encodeP10Around } from '../../dicom/encode.ts'
import { type NotWritten, rebuildDataSet } from '../../imaging/documents/document-data-set.ts'
import type { ImageFrame } from '../../imaging/documents/metadata.ts'
import type { DocumentInstance } from '../../imaging/documents/read-document.ts'
import { type ImagePixel, imagePixelOf } from '../../pixel-data/element/image-pixel.ts'
import { isLosslessInStore, type PixelsInFile, planFile } from '../../pixel-data/frames-in-file.ts'
import type { FrameThreads } from '../../pixel-data/threads/frame-threads.ts'
import { readImportedPixels } from '../../versions/imported-pixels.ts'
import { type DraftFile, writeWhole } from './draft-file.ts'
import {
  emptyExtendedTables,
  type FramesToWrite,
  fetchedBytesMax,
  NotExported,
  needsExtendedTables,
  writeEncapsulated,
  writeNative,
} from './export-pixels.ts'
import { bytesOf, type ExportSource, ReplyTooLarge } from './export-source.ts'
import { isExportedAlready } from './exported-already.ts'

export interface InstanceExport {
  readonly imageSetId: string
  readonly versionId: string | undefined
  readonly source: Pick<ExportSource, 'frame' | 'importedFile'>
  readonly threads: Pick<FrameThreads, 'transcode'>
  readonly folder: string
  /** Keeps lossless frames compressed as stored. */
  readonly compressed: boolean
  readonly overwrite: boolean
  /** Paths that this export has used. */
  readonly taken: Set<string>
}

export type Exported =
  | {
      readonly kind: 'written'
      readonly path: string
      readonly sizeBytes: number
      readonly notWritten: readonly NotWritten[]
    }
  /** An identical file exists. */
  | { readonly kind: 'skipped' }
  | { readonly kind: 'not-exported'; readonly reason: string }

/** @throws errors of the source and the disk */
export async function exportInstance(instance: DocumentInstance, to: InstanceExport): Promise<Exported> {
  const path = pathOf(instance, to)
  try {
    const { meta, attributes, notWritten } = rebuildDataSet(instance)
    if (!to.overwrite && (await exists(path))) {
      const { compressed, threads } = to
      const isThere = await isExportedAlready(path, { instance, meta, attributes, compressed, threads })
      return isThere ? { kind: 'skipped' } : isDifferent(path)
    }
    let sizeBytes = 0
    const write = async (draft: DraftFile) => {
      await writeFile(draft, { instance, meta, attributes, to })
      sizeBytes = draft.sizeBytes
    }
    if (await writeWhole(path, { overwrite: to.overwrite, write }))
      return { kind: 'written', path, sizeBytes, notWritten }
    return isDifferent(path)
  } catch (error) {
    if (isAboutTheInstance(error)) return notExported(error.message)
    throw error
  }
}

/** Any other error, such as an unavailable server or a full disk, concerns all instances. */
const isAboutTheInstance = (error: unknown): error is Error =>
  error instanceof NotExported ||
  error instanceof DicomError ||
  error instanceof ReplyTooLarge ||
  (error instanceof MedicalImagingServiceException &&
    ['ResourceNotFoundException', 'NotAcceptableException'].includes(error.name))

const notExported = (reason: string): Exported => ({ kind: 'not-exported', reason })

const isDifferent = (path: string): Exported =>
  notExported(`${path} exists and is a different file: --overwrite replaces it`)

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/**
 * Study, series and instance; the image set too, if another image set of this export has the same instance. Data stores hold invalid UIDs,
 * which are hashed so that a path cannot leave the folder.
 */
function pathOf(instance: DocumentInstance, { folder, imageSetId, taken }: InstanceExport): string {
  const [study, series, name] = [instance.StudyInstanceUID, instance.SeriesInstanceUID, instance.SOPInstanceUID].map(
    (uid) => (/^\d[\d.]{0,63}$/.test(uid) ? uid : `not-a-uid-${digestOf(uid)}`),
  ) as [string, string, string]
  const usual = join(folder, study, series, `${name}.dcm`)
  const suffix = /^[0-9a-z]{1,64}$/.test(imageSetId) ? imageSetId : digestOf(imageSetId)
  const path = taken.has(usual) ? join(folder, study, series, `${name}.${suffix}.dcm`) : usual
  taken.add(path)
  return path
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32)

interface FileToWrite {
  readonly instance: DocumentInstance
  readonly meta: Attributes
  readonly attributes: Attributes
  readonly to: InstanceExport
}

async function writeFile(draft: DraftFile, { instance, meta, attributes, to }: FileToWrite): Promise<void> {
  const { ImageFrames: frames } = instance
  if (frames.length === 0) return writeWithoutFrames(draft, { instance, meta, attributes, to })
  const pixel = imagePixelOf(attributes)
  const planned = await plan(instance, { pixel, to })
  const writing: FramesToWrite = {
    ...{ frames, pixel, plan: planned.pixels, threads: to.threads },
    async *open(frame) {
      const taken = planned.take(frame)
      if (taken === undefined) yield* to.source.frame(to.imageSetId, frame.ID)
      else yield taken
    },
  }
  const { transferSyntaxUID, tag, form } = planned.pixels
  const isNative = form === 'cells' || form === 'bits' || form === 'unpacked'
  const isExtended = !isNative && needsExtendedTables(writing)
  const { before, after } = encodeP10Around(tag, {
    ...{ transferSyntaxUID, meta },
    attributes: {
      ...{ ...attributes, ...planned.pixels.attributes },
      ...(isExtended && emptyExtendedTables(frames.length)),
    },
  })
  await draft.append(before)
  if (isNative) await writeNative(draft, writing)
  else await writeEncapsulated(draft, writing, { isExtended })
  await draft.append(after)
}

/** An image without frames has no pixel data, or pixel data that could not be split into frames and is exported unchanged. */
async function writeWithoutFrames(draft: DraftFile, { instance, meta, attributes, to }: FileToWrite): Promise<void> {
  const isImage = ['Rows', 'Columns', 'BitsAllocated'].every((keyword) => instance.DICOM[keyword] !== undefined)
  const pixels = isImage ? await importedPixelsOf(instance, to) : undefined
  const { tag, transferSyntaxUID } = pixels ?? { tag: PIXEL_DATA, transferSyntaxUID: ExplicitVRLittleEndian }
  const { before, after } = encodeP10Around(tag, {
    ...{ transferSyntaxUID, meta },
    attributes: { ...attributes, ...pixels?.attributes },
  })
  await draft.append(before)
  for await (const chunk of pixels?.bytes() ?? []) await draft.append(chunk)
  await draft.append(after)
}

async function importedPixelsOf(instance: DocumentInstance, { source, imageSetId, versionId }: InstanceExport) {
  const file = await source.importedFile({ imageSetId, versionId, sopInstanceUID: instance.SOPInstanceUID })
  if (file !== undefined) return readImportedPixels(file, DEFAULT_LIMITS)
  throw new NotExported('it is an image without frames, and the server does not return the imported file')
}

const PIXEL_DATA = '7FE00010'

interface Planned {
  readonly pixels: PixelsInFile
  /** The bytes of a frame that was fetched for the plan, once; undefined for the others. */
  take(frame: ImageFrame): Uint8Array | undefined
}

async function plan(
  instance: DocumentInstance,
  { pixel, to }: { readonly pixel: ImagePixel; readonly to: InstanceExport },
): Promise<Planned> {
  const { ImageFrames, StoredTransferSyntaxUID, DICOM } = instance
  const first = ImageFrames[0]!
  let firstFrame = isLosslessInStore(StoredTransferSyntaxUID)
    ? await bytesOf(to.source.frame(to.imageSetId, first.ID), fetchedBytesMax(pixel))
    : undefined
  const stored = {
    storedTransferSyntaxUID: StoredTransferSyntaxUID,
    originalTransferSyntaxUID: String(DICOM.TransferSyntaxUID),
    ...{ pixel, frameCount: ImageFrames.length, isFloat: isFloat(instance, pixel) },
  }
  return {
    pixels: planFile(stored, { firstFrame, compressed: to.compressed }),
    take(frame) {
      const taken = frame === first ? firstFrame : undefined
      if (frame === first) firstFrame = undefined
      return taken
    },
  }
}

/** Inferred: floating point pixels have no BitsStored (PS3.3 C.7.6.24), and no minimum and maximum in the document. */
const isFloat = ({ DICOM, ImageFrames }: DocumentInstance, { bitsAllocated }: ImagePixel): boolean =>
  (bitsAllocated === 32 && ImageFrames.every(({ MinPixelValue }) => MinPixelValue === null)) ||
  (bitsAllocated === 64 && DICOM.BitsStored === undefined)
