/**
 * A DICOM file (PS3.10) that is made from the attributes of a version and the stored frames, as the frames are stored or decoded to explicit
 * VR little endian.
 */
import { createHash } from 'node:crypto'
import type { App } from '../../app.ts'
import type { RetrievedFile, Segment, WantedSyntax } from '../../contract/dicomweb.ts'
import { ContractError } from '../../contract/errors.ts'
import { DicomError } from '../../dicom/dicom-error.ts'
import { type Attributes, encodeP10Around } from '../../dicom/encode.ts'
import { ExplicitVRLittleEndian, transferSyntaxOf } from '../../dicom/transfer-syntaxes.ts'
import { rebuildDataSet } from '../../imaging/documents/document-data-set.ts'
import { namesIn } from '../../imaging/documents/large-binary.ts'
import { imagePixelOf } from '../../pixel-data/element/image-pixel.ts'
import {
  isLosslessInStore,
  type PixelsInFile,
  planDecoded,
  planFile,
  type StoredPixels,
} from '../../pixel-data/frames-in-file.ts'
import type { PlacedInstance } from '../../stores/catalog/image-set-records.ts'
import { readImportedPixels } from '../../versions/imported-pixels.ts'
import { readImportedValues } from '../../versions/imported-values.ts'
import { type InstanceOfVersion, mergedAttributes, type VersionReader } from '../../versions/read-instance.ts'
import { bytesOfRanges } from '../blob-ranges.ts'
import { type StoredFrame, storedFrames } from '../stored-frames.ts'
import { isDecodable, notAcceptable } from './frame-types.ts'
import { decodeStored, readStored, STORED_AHEAD } from './open-frame.ts'
import { isFloat, isImage } from './pixel-element.ts'
import { pixelSegments } from './pixels-of-file.ts'

interface FileToMake {
  readonly version: Pick<VersionReader, 'shared'>
  readonly placed: PlacedInstance
  readonly instance: InstanceOfVersion
  readonly wanted: readonly WantedSyntax[]
}

interface MadeFile extends RetrievedFile {
  /** Those of the data set without its pixels. */
  readonly attributes: Attributes
}

/** In the first of the wanted syntaxes in which it can be made. @throws ContractError NotAcceptableException */
export async function makeFile(app: App, { version, placed, instance, wanted }: FileToMake): Promise<MadeFile> {
  const DICOM = mergedAttributes(version, instance)
  try {
    const values = await readImportedValues(app, placed, new Set(namesIn(DICOM)))
    const data = rebuildDataSet({ DICOM, DICOMVRs: instance.vrs }, (name) => values.get(name))
    const toWrite = { ...data, placed, instance, originalSyntax: String(DICOM.TransferSyntaxUID) }
    const file =
      placed.frames === undefined
        ? await fileWithoutFrames(app, toWrite, wanted)
        : await fileOfFrames(app, toWrite, wanted).catch((error) => {
            // The frames do not fit the attributes, or not into a file.
            if (!(error instanceof DicomError)) throw error
            return fileWithoutFrames(app, toWrite, wanted)
          })
    return { ...file, attributes: data.attributes }
  } catch (error) {
    if (!(error instanceof DicomError)) throw error
    const message = `No file can be made of this instance: ${error.message}. GetDICOMInstanceMetadata has its attributes`
    throw new ContractError('NotAcceptableException', message, { cause: error })
  }
}

interface FileToWrite {
  readonly placed: PlacedInstance
  readonly instance: InstanceOfVersion
  readonly meta: Attributes
  readonly attributes: Attributes
  readonly originalSyntax: string
}

const PIXEL_DATA = '7FE00010'

/** Pixel data that could not be split into frames, or cannot be made of them, are copied from the imported file. */
async function fileWithoutFrames(
  app: App,
  { placed, instance, meta, attributes }: FileToWrite,
  wanted: readonly WantedSyntax[],
): Promise<RetrievedFile> {
  const pixels = isImage(instance) ? await importedPixels(app, placed) : undefined
  const transferSyntaxUID = pixels?.transferSyntaxUID ?? ExplicitVRLittleEndian
  const choice = choiceOf(wanted, transferSyntaxUID)
  const { before, after } = encodeP10Around(pixels?.tag ?? PIXEL_DATA, {
    ...{ transferSyntaxUID, meta },
    attributes: { ...attributes, ...pixels?.attributes, ...pixels?.colour },
  })
  const own: readonly Segment[] =
    pixels === undefined ? [] : [{ sizeBytes: undefined, open: async () => pixels.bytes() }]
  return {
    ...{ choice, transferSyntaxUID, ahead: 0 },
    entityTag: entityTagOf(placed, transferSyntaxUID),
    sizeBytes: pixels === undefined ? before.length + after.length : undefined,
    segments: () => [before, ...own, after],
  }
}

async function importedPixels(app: App, { blobKey, offsetBytes: start, sizeBytes: length }: PlacedInstance) {
  const bytes = await bytesOfRanges({ ...app, replyBuffers: NO_BUFFERS }, [{ blobKey, start, length }], undefined)
  if (bytes instanceof Uint8Array || !('sizeBytes' in bytes)) throw new Error('the imported file is not streamed')
  return readImportedPixels({ sizeBytes: length, bytes: bytes.bytes }, app.limits)
}

/** So that files of every size are streamed. */
const NO_BUFFERS: App['replyBuffers'] = {
  sizeBytes: -1,
  lend: () => new Uint8Array(0),
  giveBack: () => {},
  overwrite: () => {},
}

/** As stored, or explicit VR little endian where that is what it is. @throws ContractError NotAcceptableException */
function choiceOf(wanted: readonly WantedSyntax[], storedUID: string): number {
  const choice = wanted.findIndex(({ transferSyntax }) => ['stored', 'default', storedUID].includes(transferSyntax))
  if (choice >= 0) return choice
  throw notAcceptable('This instance is', storedUID)
}

async function fileOfFrames(app: App, file: FileToWrite, wanted: readonly WantedSyntax[]): Promise<RetrievedFile> {
  const { placed, attributes, meta } = file
  const frames = await storedFrames(app, { frames: placed.frames!, file: placed })
  const { choice, plan, stored } = await planned(app, { file, frames, wanted })
  const pixels = pixelSegments(app, { frames, pixel: stored.pixel, plan })
  const { transferSyntaxUID } = plan
  const { before, after } = encodeP10Around(plan.tag, {
    ...{ transferSyntaxUID, meta },
    attributes: { ...attributes, ...plan.attributes, ...pixels.attributes },
  })
  return {
    ...{ choice, transferSyntaxUID },
    ahead: plan.form === 'unpacked' ? app.frameDecoder.framesAhead(stored.pixel) : STORED_AHEAD,
    entityTag: entityTagOf(placed, transferSyntaxUID),
    sizeBytes: before.length + pixels.sizeBytes + after.length,
    *segments() {
      yield before
      yield* pixels.segments()
      yield after
    },
  }
}

interface Planning {
  readonly file: FileToWrite
  readonly frames: readonly StoredFrame[]
  readonly wanted: readonly WantedSyntax[]
}

interface Planned {
  readonly choice: number
  readonly plan: PixelsInFile
  readonly stored: StoredPixels
}

/** The first of the wanted syntaxes in which the file can be made. @throws ContractError NotAcceptableException */
async function planned(app: App, { file, frames, wanted }: Planning): Promise<Planned> {
  const { placed, attributes, instance, originalSyntax } = file
  const stored: StoredPixels = {
    ...{ storedTransferSyntaxUID: placed.frames!.storedTransferSyntaxUID, originalTransferSyntaxUID: originalSyntax },
    ...{ pixel: imagePixelOf(attributes), frameCount: frames.length, isFloat: isFloat(instance) },
  }
  const storedUID = placed.frames!.storedTransferSyntaxUID
  const firstFrame = isLosslessInStore(storedUID) ? await readStored(app, frames[0]!) : undefined
  const asStored = planFile(stored, { firstFrame, compressed: true })
  for (const [choice, { transferSyntax }] of wanted.entries()) {
    if (transferSyntax === 'stored' || transferSyntax === asStored.transferSyntaxUID) {
      return { choice, plan: asStored, stored }
    }
    if (transferSyntax !== ExplicitVRLittleEndian && transferSyntax !== 'default') continue
    const plan = await planExplicit(app, { stored, frames, firstFrame })
    if (plan !== undefined) return { choice, plan, stored }
    if (transferSyntax === 'default') return { choice, plan: asStored, stored }
  }
  throw notAcceptable('This instance is', storedUID)
}

/** Undefined where the frames cannot be decoded. */
async function planExplicit(
  app: App,
  {
    stored,
    frames,
    firstFrame,
  }: Pick<Planning, 'frames'> & { stored: StoredPixels; firstFrame: Uint8Array | undefined },
): Promise<PixelsInFile | undefined> {
  const plan = planFile(stored, { firstFrame, compressed: false })
  if (plan.form !== 'kept' && plan.form !== 'video') return plan
  if (!isDecodable(plan.transferSyntaxUID)) return undefined
  try {
    const form = { transferSyntaxUID: plan.transferSyntaxUID, pixel: stored.pixel }
    const { photometricInterpretation, giveBack } = await decodeStored(app, frames[0]!, form)
    giveBack()
    return planDecoded(stored, photometricInterpretation)
  } catch (error) {
    if (error instanceof ContractError && error.name === 'NotAcceptableException') return undefined
    throw error
  }
}

function entityTagOf({ imageSetId, version, sopInstanceUID }: PlacedInstance, transferSyntaxUID: string): string {
  const text = [imageSetId, version, sopInstanceUID, transferSyntaxOf(transferSyntaxUID)?.uid ?? ''].join(' ')
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
