/** All codecs, each opened when the first frame needs it: most stores never see JPEG-LS. */

import { type HTJ2KCodec, openHTJ2KCodec } from '../htj2k/htj2k.ts'
import { type JPEGEncoder, openJPEGEncoder } from '../jpeg/jpeg-encoder.ts'
import { type JPEGLSCodec, openJPEGLSCodec } from '../jpeg-ls/jpeg-ls.ts'
import { type JPEG2000Codec, openJPEG2000Codec } from '../jpeg2000/jpeg2000.ts'

export interface Codecs {
  htj2k(): Promise<HTJ2KCodec>
  jpeg2000(): Promise<JPEG2000Codec>
  jpegLS(): Promise<JPEGLSCodec>
  jpegEncoder(): Promise<JPEGEncoder>
}

export function lazyCodecs(): Codecs {
  let htj2k: Promise<HTJ2KCodec> | undefined
  let jpeg2000: Promise<JPEG2000Codec> | undefined
  let jpegLS: Promise<JPEGLSCodec> | undefined
  let jpegEncoder: Promise<JPEGEncoder> | undefined
  return {
    htj2k: () => (htj2k ??= openHTJ2KCodec()),
    jpeg2000: () => (jpeg2000 ??= openJPEG2000Codec()),
    jpegLS: () => (jpegLS ??= openJPEGLSCodec()),
    jpegEncoder: () => (jpegEncoder ??= openJPEGEncoder()),
  }
}
