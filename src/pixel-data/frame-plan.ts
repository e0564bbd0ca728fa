/** What is to become of an instance's pixel data: which frames it has, where their bytes lie, and how each will be stored. */
import { DicomError } from '../dicom/dicom-error.ts'
import type { DicomFile, PixelDataPlace } from '../dicom/parse.ts'
import { type PixelItems, scanPixelItems } from '../dicom/pixel-items.ts'
import { dispositionOf, ExplicitVRLittleEndian, STORED_AS, type StorageFormat } from '../dicom/transfer-syntaxes.ts'
import {
  extractEncapsulatedFrames,
  extractNativeFrames,
  type FrameExtraction,
  type FrameFault,
  type NotExtracted,
} from './element/frames.ts'
import { frameBytes, type ImagePixel, isYBR422, readImagePixel, withFullChroma } from './element/image-pixel.ts'
import { type FrameFormat, formatFor } from './frame/store-frame.ts'

/** With the name of AWS's "Warning codes". */
export interface FramesWarning {
  readonly type: FrameFault | 'TranscodingException' | 'UnsupportedTransferSyntax' | 'Other'
  readonly message: string
}

export type FramePlan =
  /** The instance has no pixel data, and nothing is amiss. */
  | { readonly kind: 'none' }
  /** Its pixel data stays in its file only. */
  | { readonly kind: 'unavailable'; readonly warning: FramesWarning }
  | FramesToStore

export interface FramesToStore {
  readonly kind: 'frames'
  readonly pixel: ImagePixel
  readonly cut: FrameExtraction
  readonly disposition: 'transcoded' | 'kept' | 'video'
  /** Of transcoded frames. */
  readonly format: FrameFormat
  readonly transferSyntaxUID: string
  readonly storedTransferSyntaxUID: string
  readonly littleEndian: boolean
  /** Where the words of 16 bits begin in which a big endian file has swapped the bytes of its samples; undefined where it has not. */
  readonly wordsFrom: number | undefined
  readonly isFloat: boolean
  /** The frames can be had, but may not be what was meant. */
  readonly warning?: FramesWarning
}

const NATIVE_TAG = '7FE00010'

/** @param items of encapsulated pixel data in a file that is not in memory; else they are looked for there */
export function planFrames(
  file: DicomFile,
  { format, items }: { readonly format: StorageFormat; readonly items?: PixelItems | undefined },
): FramePlan {
  if (file.pixelData === undefined) return { kind: 'none' }
  try {
    return plan(file, { place: file.pixelData, format, items })
  } catch (error) {
    if (!(error instanceof DicomError)) throw error
    return { kind: 'unavailable', warning: { type: 'FramesExtractionFailure', message: error.message } }
  }
}

interface Source {
  readonly place: PixelDataPlace
  readonly format: StorageFormat
  readonly items: PixelItems | undefined
}

function plan(file: DicomFile, { place, format, items }: Source): FramePlan {
  const { transferSyntaxUID, dataSet } = file
  const said = readImagePixel(dataSet)
  const isFloat = place.tag !== NATIVE_TAG
  const disposition = dispositionOf(transferSyntaxUID, { isBinary: said.bitsAllocated === 1 })
  if (disposition === 'unsupported' || file.transferSyntax === undefined) {
    const message = 'Frames of this transfer syntax cannot be told apart; the file is kept as it is'
    return { kind: 'unavailable', warning: { type: 'UnsupportedTransferSyntax', message } }
  }
  if (place.encapsulated !== file.transferSyntax.encapsulated) {
    throw new DicomError({ reason: 'the pixel data is not as its transfer syntax says', tag: place.tag })
  }
  const pixel = place.encapsulated ? said : withTrueChroma(said, place.lengthBytes!)
  const cut: FrameExtraction | NotExtracted = place.encapsulated
    ? extractEncapsulatedFrames({
        numberOfFrames: pixel.numberOfFrames,
        items: items ?? scanPixelItems(file.bytes, place.offsetBytes),
        isVideo: disposition === 'video',
        ...extendedTablesOf(file),
      })
    : extractNativeFrames(pixel, { offsetBytes: place.offsetBytes, lengthBytes: place.lengthBytes! })
  if (cut.count === 0) return { kind: 'unavailable', warning: (cut as NotExtracted).warning }
  const frameFormat = formatFor(pixel, { format, isFloat })
  const transcodedUID = frameFormat === 'native' ? ExplicitVRLittleEndian : STORED_AS[frameFormat]
  const { littleEndian } = file.transferSyntax
  const isSwapped = !littleEndian && pixel.bitsAllocated <= 8 && dataSet.vr(place.tag) === 'OW'
  return {
    ...{
      kind: 'frames',
      pixel,
      cut: cut as FrameExtraction,
      disposition,
      format: frameFormat,
      transferSyntaxUID,
      littleEndian,
      isFloat,
    },
    wordsFrom: isSwapped ? place.offsetBytes : undefined,
    storedTransferSyntaxUID: disposition === 'transcoded' ? transcodedUID : transferSyntaxUID,
    ...(cut.warning === undefined ? {} : { warning: cut.warning }),
  }
}

/** Files are known that say YBR_FULL_422 and have chroma for every pixel: their length tells. */
function withTrueChroma(pixel: ImagePixel, lengthBytes: number): ImagePixel {
  const isFull = isYBR422(pixel) && lengthBytes >= frameBytes(pixel) * pixel.numberOfFrames
  const photometricInterpretation = withFullChroma(pixel.photometricInterpretation)
  return isFull ? { ...pixel, photometricInterpretation } : pixel
}

function extendedTablesOf({ dataSet }: DicomFile) {
  const offsets = dataSet.bytes('7FE00001')
  return offsets === undefined ? {} : { extended: { offsets, lengths: dataSet.bytes('7FE00002') } }
}
