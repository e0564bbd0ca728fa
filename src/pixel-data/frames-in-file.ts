/**
 * The way back of frame-plan.ts: what a P10 file says and holds of frames that come from a data store. Frames that were kept go into it
 * as they are; lossless ones are unpacked into explicit little endian, or stay compressed as the store has them.
 */

import { DicomError } from '../dicom/dicom-error.ts'
import type { Attributes } from '../dicom/encode.ts'
import {
  ExplicitVRLittleEndian,
  HTJ2KLossless,
  HTJ2KLosslessRPCL,
  isVideoSyntax,
  JPEGExtended,
  STORED_AS,
} from '../dicom/transfer-syntaxes.ts'
import { type ImagePixel, withFullChroma } from './element/image-pixel.ts'
import { type Codestream, parseCodestream } from './jpeg2000/codestream.ts'
import { colourOfFile, findCodestream } from './jpeg2000/jp2-boxes.ts'

export interface StoredPixels {
  /** Null where the store does not say: then it is the store's own lossless one. */
  readonly storedTransferSyntaxUID: string | null
  /** Of the file that was imported. */
  readonly originalTransferSyntaxUID: string
  readonly pixel: ImagePixel
  readonly frameCount: number
  readonly isFloat: boolean
}

export interface PixelsInFile {
  readonly transferSyntaxUID: string
  /**
   * What a frame of the store becomes: `cells` it is already, with `bits` eight pixels a byte; `unpacked` means decoded; a `codestream`
   * comes without the file around it; `kept` is as it came to the store, and `video` all frames in one.
   */
  readonly form: 'cells' | 'bits' | 'unpacked' | 'codestream' | 'kept' | 'video'
  /** In which syntax an unpacked frame is decoded. */
  readonly codestreamSyntaxUID: string
  readonly tag: '7FE00010' | '7FE00008' | '7FE00009'
  readonly vr: 'OB' | 'OW' | 'OF' | 'OD'
  /** What the file has to say in place of what the one that was imported said. */
  readonly attributes: Attributes
}

const LOSSLESS = new Set([...Object.values(STORED_AS), HTJ2KLossless])

/** Whether frames are in a lossless codestream of the store's own making: the first of them says how. */
export const isLosslessInStore = (storedTransferSyntaxUID: string | null): boolean =>
  storedTransferSyntaxUID === null || LOSSLESS.has(storedTransferSyntaxUID)

/**
 * @param firstFrame of frames that are lossless in the store; no other is looked at
 * @throws DicomError where the frames are not what the attributes say
 */
export function planFile(
  stored: StoredPixels,
  { firstFrame, compressed }: { readonly firstFrame?: Uint8Array | undefined; readonly compressed: boolean },
): PixelsInFile {
  const { storedTransferSyntaxUID: uid, pixel, frameCount } = stored
  const isVideo = uid !== null && isVideoSyntax(uid)
  if (frameCount !== (isVideo ? 1 : pixel.numberOfFrames)) {
    throw new DicomError({ reason: `NumberOfFrames is ${pixel.numberOfFrames}, and the store has ${frameCount}` })
  }
  if (uid === null || LOSSLESS.has(uid)) return planLossless(stored, { firstFrame: firstFrame!, compressed })
  if (uid !== ExplicitVRLittleEndian) {
    const form = isVideo ? 'video' : 'kept'
    return { ...ENCAPSULATED, transferSyntaxUID: uid, form, codestreamSyntaxUID: uid, attributes: {} }
  }
  const form = pixel.bitsAllocated === 1 ? 'bits' : 'cells'
  // Single bits are kept as they came.
  const attributes = form === 'bits' ? {} : colourAttributes(pixel, decodedColour(stored, undefined))
  return { ...nativeElement(stored), form, codestreamSyntaxUID: uid, attributes }
}

/** Of kept frames that are decoded, whose photometric interpretation only decoding tells. */
export const planDecoded = (stored: StoredPixels, photometricInterpretation: string): PixelsInFile => ({
  ...nativeElement(stored),
  form: 'unpacked',
  codestreamSyntaxUID: stored.storedTransferSyntaxUID ?? STORED_AS.HTJ2K,
  attributes: colourAttributes(stored.pixel, photometricInterpretation),
})

const ENCAPSULATED = { tag: '7FE00010', vr: 'OB' } as const

function planLossless(
  stored: StoredPixels,
  { firstFrame, compressed }: { readonly firstFrame: Uint8Array; readonly compressed: boolean },
): PixelsInFile {
  const { pixel } = stored
  const header = parseCodestream(firstFrame.subarray(findCodestream(firstFrame).start))
  const own = header.isHighThroughput ? HTJ2KLosslessRPCL : STORED_AS.JPEG_2000_LOSSLESS
  const codestreamSyntaxUID = stored.storedTransferSyntaxUID ?? own
  const colour = decodedColour(stored, colourOfFile(firstFrame))
  if (!compressed || !saysTheSame(header, pixel)) {
    const attributes = colourAttributes(pixel, colour)
    return { ...nativeElement(stored), form: 'unpacked', codestreamSyntaxUID, attributes }
  }
  // PS3.5 8.2.4: the reversible transform of RGB is part of the codestream, and the file has to say so.
  const PhotometricInterpretation = colour === 'RGB' && header.hasColourTransform ? 'YBR_RCT' : colour
  const attributes = colourAttributes(pixel, PhotometricInterpretation)
  return {
    ...ENCAPSULATED,
    transferSyntaxUID: codestreamSyntaxUID,
    form: 'codestream',
    codestreamSyntaxUID,
    attributes,
  }
}

/** A store may keep single bits and signed bytes in codestreams that say otherwise, which a file cannot. */
const saysTheSame = ({ components }: Codestream, pixel: ImagePixel): boolean =>
  components.every(({ isSigned }) => isSigned === pixel.isSigned) && pixel.bitsAllocated > 1

function nativeElement({ pixel, isFloat }: StoredPixels) {
  const transferSyntaxUID = ExplicitVRLittleEndian
  if (!isFloat) return { transferSyntaxUID, tag: '7FE00010', vr: pixel.bitsAllocated > 8 ? 'OW' : 'OB' } as const
  return pixel.bitsAllocated === 32
    ? ({ transferSyntaxUID, tag: '7FE00008', vr: 'OF' } as const)
    : ({ transferSyntaxUID, tag: '7FE00009', vr: 'OD' } as const)
}

/** Cells lie by pixel, and so do the samples of JPEG 2000 as far as anybody can tell. */
function colourAttributes(pixel: ImagePixel, PhotometricInterpretation: string): Attributes {
  if (pixel.samplesPerPixel === 1) return {}
  return { PhotometricInterpretation, PlanarConfiguration: 0 }
}

/**
 * What decoded cells are. Documents that Hilum writes say so. Of others, the file around a codestream does; without one it follows from
 * what became of them at import: lossy JPEG and the transforms of JPEG 2000 end as RGB, and 4:2:2 got its chroma for every pixel.
 */
function decodedColour(
  { pixel, originalTransferSyntaxUID }: StoredPixels,
  colour: ReturnType<typeof colourOfFile>,
): string {
  const { photometricInterpretation: said } = pixel
  if (!said.startsWith('YBR')) return said
  const hasTransform = /^YBR_(RCT|ICT)$/.test(said)
  const isDecodedToRGB = colour === undefined ? originalTransferSyntaxUID === JPEGExtended : colour === 'sRGB'
  return isDecodedToRGB || hasTransform ? 'RGB' : withFullChroma(said)
}
