/** Encodes an image into its file: native, or with compressed frames (PS3.5 8.2, A.4). */

import { encodeP10, HTJ2KLosslessRPCL, RLELossless } from '../../dicom/encode.ts'
import type { HTJ2KCodec } from '../../pixel-data/htj2k/htj2k.ts'
import { encodeRLEFrame } from '../../pixel-data/rle/rle.ts'
import type { Image } from './image.ts'

interface ImageEncoding {
  transferSyntaxUID: string
  htj2k: HTJ2KCodec
}

export function encodeImage(image: Image, { transferSyntaxUID, htj2k }: ImageEncoding): Uint8Array {
  const { attributes, bitsStored } = image
  const [rows, columns] = [Number(attributes.Rows), Number(attributes.Columns)]
  const samplesPerPixel = Number(attributes.SamplesPerPixel)
  if (transferSyntaxUID === RLELossless) {
    const shape = { rows, columns, samplesPerPixel, bitsAllocated: Number(attributes.BitsAllocated) }
    const frames = image.frames.map((frame) => encodeRLEFrame(frame, shape))
    return encodeP10({ transferSyntaxUID, attributes, pixelData: { frames } })
  }
  if (transferSyntaxUID === HTJ2KLosslessRPCL) {
    const shape = { rows, columns, samplesPerPixel, bitsPerSample: bitsStored, isSigned: false }
    const colourTransform = samplesPerPixel === 3
    const frames = image.frames.map((cells) => htj2k.encode({ ...shape, cells, colourTransform }))
    // The codestream carries its own reversible colour transform (PS3.5 8.2.4).
    const PhotometricInterpretation = samplesPerPixel === 3 ? 'YBR_RCT' : attributes.PhotometricInterpretation
    return encodeP10({
      transferSyntaxUID,
      attributes: { ...attributes, PhotometricInterpretation },
      pixelData: { frames },
    })
  }
  return encodeP10({ transferSyntaxUID, attributes, pixelData: { frames: image.frames } })
}
