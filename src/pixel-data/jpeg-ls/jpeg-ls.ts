/** Decodes JPEG-LS, lossless and near-lossless, with CharLS. */
import { byPixel } from '../native/native-pixels.ts'
import { type DecodedPicture, type DecoderModule, decodeWith, openModule } from '../wasm/codec-module.ts'

export interface JPEGLSCodec {
  decode(stream: Uint8Array): DecodedPicture
}

interface CharLS {
  JpegLSDecoder: new () => DecoderModule & { getInterleaveMode(): number }
}

export async function openJPEGLSCodec(): Promise<JPEGLSCodec> {
  const charls = await openModule<CharLS>('@cornerstonejs/codec-charls/decodewasmjs')
  return {
    decode(stream) {
      const decoder = new charls.JpegLSDecoder()
      try {
        const picture = decodeWith('CharLS', decoder, stream)
        if (!isPlanar(picture, decoder.getInterleaveMode())) return picture
        const bitsAllocated = picture.bitsPerSample > 8 ? 16 : 8
        return { ...picture, cells: byPixel(picture.cells, { ...picture, bitsAllocated }) }
      } finally {
        decoder.delete()
      }
    },
  }
}

/** A stream with one scan per component is decoded plane by plane. */
const isPlanar = ({ samplesPerPixel }: DecodedPicture, interleaveMode: number) =>
  interleaveMode === 0 && samplesPerPixel > 1
