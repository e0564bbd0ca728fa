/** Lossless HTJ2K frames in RPCL order (PS3.5 A.4.4, transfer syntax .202), encoded and decoded by OpenJPH. */

import { createRequire } from 'node:module'

export interface HTJ2KFrameShape {
  rows: number
  columns: number
  samplesPerPixel: number
  bitsStored: number
}

export interface HTJ2KCodec {
  /** @param pixels little endian, unsigned, colour by pixel; 16 bits a sample above 8 bits stored */
  encode(pixels: Uint8Array, shape: HTJ2KFrameShape): Uint8Array
  decode(codestream: Uint8Array): Uint8Array
}

interface FrameInfo {
  width: number
  height: number
  bitsPerSample: number
  componentCount: number
  isSigned: boolean
  isUsingColorTransform: boolean
}

/** The part of the package that is used; it brings no types. */
interface OpenJPH {
  HTJ2KEncoder: new () => {
    getDecodedBuffer(frame: FrameInfo): Uint8Array
    getEncodedBuffer(): Uint8Array
    encode(): void
    setQuality(reversible: boolean, quantizationStep: number): void
    setProgressionOrder(order: number): void
    setDecompositions(levels: number): void
    delete(): void
  }
  HTJ2KDecoder: new () => {
    getEncodedBuffer(sizeBytes: number): Uint8Array
    getDecodedBuffer(): Uint8Array
    decode(): void
    getLastErrorMessage(): string
    delete(): void
  }
}

const RPCL = 2
const DECOMPOSITIONS = 4

export async function openHTJ2KCodec(): Promise<HTJ2KCodec> {
  const open: (options: { print: () => void; printErr: () => void }) => Promise<OpenJPH> = createRequire(
    import.meta.url,
  )('@cornerstonejs/codec-openjph')
  // What it would print about a bad frame, decode() throws.
  const openjph = await open({ print: () => {}, printErr: () => {} })
  return {
    encode(pixels, shape) {
      const encoder = new openjph.HTJ2KEncoder()
      const input = encoder.getDecodedBuffer({
        width: shape.columns,
        height: shape.rows,
        bitsPerSample: shape.bitsStored,
        componentCount: shape.samplesPerPixel,
        isSigned: false,
        isUsingColorTransform: shape.samplesPerPixel === 3,
      })
      input.set(pixels)
      encoder.setQuality(true, 0)
      encoder.setProgressionOrder(RPCL)
      encoder.setDecompositions(DECOMPOSITIONS)
      encoder.encode()
      // The codestream lies in the module's memory, which the next frame reuses.
      const codestream = encoder.getEncodedBuffer().slice()
      encoder.delete()
      return codestream
    },
    decode(codestream) {
      const decoder = new openjph.HTJ2KDecoder()
      decoder.getEncodedBuffer(codestream.length).set(codestream)
      decoder.decode()
      const failure = decoder.getLastErrorMessage()
      const pixels = decoder.getDecodedBuffer().slice()
      decoder.delete()
      if (failure !== '') throw new Error(`OpenJPH could not decode the frame: ${failure}`)
      return pixels
    },
  }
}
