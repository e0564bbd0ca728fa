/** JPEG 2000 with OpenJPEG: decodes both transfer syntaxes, and encodes losslessly for data stores that keep frames in this format. */

import {
  callCodec,
  type DecodedPicture,
  type DecoderModule,
  decodeWith,
  type EncoderModule,
  openModule,
  type PictureToEncode,
  RPCL,
} from '../wasm/codec-module.ts'
import { halvingsOf } from './halvings.ts'

export interface JPEG2000Codec {
  encode(picture: PictureToEncode): Uint8Array<ArrayBuffer>
  decode(codestream: Uint8Array): DecodedPicture
}

interface OpenJPEG {
  J2KEncoder: new () => EncoderModule
  J2KDecoder: new () => DecoderModule
}

export async function openJPEG2000Codec(): Promise<JPEG2000Codec> {
  // The package's main entry is ten times slower, because it does not use WebAssembly.
  const openjpeg = await openModule<OpenJPEG>('@cornerstonejs/codec-openjpeg/wasmjs')
  return {
    encode(picture) {
      const encoder = new openjpeg.J2KEncoder()
      try {
        return callCodec('OpenJPEG', () => {
          encoder
            .getDecodedBuffer({
              width: picture.columns,
              height: picture.rows,
              // The encoder cannot write samples of a single bit.
              bitsPerSample: Math.max(2, picture.bitsPerSample),
              componentCount: picture.samplesPerPixel,
              isSigned: picture.isSigned,
            })
            .set(picture.cells)
          encoder.setQuality(true, 0)
          encoder.setProgressionOrder(RPCL)
          encoder.setDecompositions(halvingsOf(picture))
          encoder.encode()
          return new Uint8Array(encoder.getEncodedBuffer())
        })
      } finally {
        encoder.delete()
      }
    },
    decode(codestream) {
      const decoder = new openjpeg.J2KDecoder()
      try {
        return decodeWith('OpenJPEG', decoder, codestream)
      } finally {
        decoder.delete()
      }
    },
  }
}
