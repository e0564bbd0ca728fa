/**
 * Lossless HTJ2K in the form in which frames are stored (PS3.5 A.4.4, transfer syntax .202): RPCL order, one tile-part per resolution, and
 * a TLM marker with their lengths. Encoded and decoded with OpenJPH.
 */

import { type Codestream, parseCodestream } from '../jpeg2000/codestream.ts'
import { halvingsOf } from '../jpeg2000/halvings.ts'
import {
  CodecError,
  callCodec,
  type DecodedPicture,
  type DecoderModule,
  decodeWith,
  type EncoderModule,
  openModule,
  type PictureToEncode,
  RPCL,
} from '../wasm/codec-module.ts'
import { linesByPixel } from './component-lines.ts'
import { mergeComponents } from './merge-components.ts'
import { isCutByResolution } from './smaller-picture.ts'

export interface HTJ2KCodec {
  encode(picture: PictureToEncode): Uint8Array<ArrayBuffer>
  /** As `encode`, without a copy. @param use its codestream may lie in the memory of the codec, which the next call overwrites */
  encodeFor<Result>(picture: PictureToEncode, use: (codestream: Uint8Array) => Result): Result
  decode(codestream: Uint8Array): DecodedPicture
}

interface OpenJPH {
  HTJ2KEncoder: new () => EncoderModule & {
    setTLMMarker(set: boolean): void
    setTilePartDivisionsAtResolutions(set: boolean): void
  }
  HTJ2KDecoder: new () => DecoderModule & { getLastErrorMessage(): string }
}

/** Without a guard bit OpenJPH loses the least value that a sample can have. */
const decompositionsOf = (picture: PictureToEncode): number => Math.max(1, halvingsOf(picture))

/** Whether an imported codestream can be stored unchanged. */
export const isStoredForm = (codestream: Codestream): boolean =>
  codestream.isHighThroughput && codestream.isReversible && isCutByResolution(codestream)

export async function openHTJ2KCodec(): Promise<HTJ2KCodec> {
  const openjph = await openModule<OpenJPH>('@cornerstonejs/codec-openjph')

  function encodeOne<Result>(picture: PictureToEncode, use: (codestream: Uint8Array) => Result): Result {
    const encoder = new openjph.HTJ2KEncoder()
    try {
      return callCodec('OpenJPH', () => {
        encoder
          .getDecodedBuffer({
            width: picture.columns,
            height: picture.rows,
            bitsPerSample: picture.bitsPerSample,
            componentCount: picture.samplesPerPixel,
            isSigned: picture.isSigned,
            isUsingColorTransform: picture.colourTransform,
          })
          .set(picture.cells)
        encoder.setQuality(true, 0)
        encoder.setProgressionOrder(RPCL)
        encoder.setDecompositions(decompositionsOf(picture))
        encoder.setTLMMarker(true)
        encoder.setTilePartDivisionsAtResolutions(true)
        encoder.encode()
        return use(encoder.getEncodedBuffer())
      })
    } finally {
      encoder.delete()
    }
  }

  function encodeFor<Result>(picture: PictureToEncode, use: (codestream: Uint8Array) => Result): Result {
    const { samplesPerPixel, colourTransform } = picture
    if (samplesPerPixel === 1 || colourTransform) return encodeOne(picture, use)
    // Without the transform OpenJPH expects planes, and the build passes pixels; a single component is not affected.
    const planes = Array.from({ length: samplesPerPixel }, (_, sample) => {
      const plane = { ...picture, samplesPerPixel: 1, colourTransform: false, cells: planeOf(picture, sample) }
      return encodeOne(plane, copyOf)
    })
    return use(mergeComponents(planes))
  }
  return {
    encode: (picture) => encodeFor(picture, copyOf),
    encodeFor,
    decode(codestream) {
      const decoder = new openjph.HTJ2KDecoder()
      try {
        const picture = decodeWith('OpenJPH', decoder, codestream)
        // OpenJPH does not throw on invalid data: it continues and records the error.
        if (decoder.getLastErrorMessage() !== '') throw new CodecError('OpenJPH found the codestream broken')
        const isInPlanes = picture.samplesPerPixel > 1 && !parseCodestream(codestream).hasColourTransform
        return isInPlanes ? { ...picture, cells: linesByPixel(picture) } : picture
      } finally {
        decoder.delete()
      }
    },
  }
}

const copyOf = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes)

function planeOf({ cells, samplesPerPixel, bitsPerSample }: PictureToEncode, sample: number): Uint8Array {
  const size = bitsPerSample > 8 ? 2 : 1
  const plane = new Uint8Array(cells.length / samplesPerPixel)
  for (let to = 0, from = sample * size; to < plane.length; to += size, from += samplesPerPixel * size) {
    plane[to] = cells[from]!
    if (size === 2) plane[to + 1] = cells[from + 1]!
  }
  return plane
}
