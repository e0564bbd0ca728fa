/**
 * The codecs of the Cornerstone project: C++ libraries built as WebAssembly, without type declarations. This file declares what is used.
 */
import { createRequire } from 'node:module'

/** A decoded frame as a codec returns it: by pixel, one byte per sample up to 8 bits, else two, little endian. */
export interface DecodedPicture {
  readonly rows: number
  readonly columns: number
  readonly samplesPerPixel: number
  readonly bitsPerSample: number
  readonly isSigned: boolean
  readonly cells: Uint8Array
}

export interface PictureToEncode extends DecodedPicture {
  /** Reversible, from RGB. */
  readonly colourTransform: boolean
}

/** Spelled as in the modules. */
interface FrameInfo {
  width: number
  height: number
  bitsPerSample: number
  componentCount: number
  isSigned: boolean
  isUsingColorTransform?: boolean
}

export interface DecoderModule {
  getEncodedBuffer(sizeBytes: number): Uint8Array
  getDecodedBuffer(): Uint8Array
  decode(): void
  getFrameInfo(): FrameInfo
  delete(): void
}

export interface EncoderModule {
  getDecodedBuffer(frame: FrameInfo): Uint8Array
  getEncodedBuffer(): Uint8Array
  encode(): void
  setQuality(reversible: boolean, quantizationStep: number): void
  setProgressionOrder(order: number): void
  setDecompositions(levels: number): void
  delete(): void
}

export const RPCL = 2

type Open<Module> = (options: { print: () => void; printErr: () => void }) => Promise<Module>

/** Opens modules without output: what they would print about an invalid frame is thrown instead, and may contain bytes of it. */
export function openModule<Module>(name: string): Promise<Module> {
  const open: Open<Module> = createRequire(import.meta.url)(name)
  return open({ print: () => {}, printErr: () => {} })
}

/** What a codec threw: C++ exceptions arrive as bare addresses, which mean nothing outside the module. */
export class CodecError extends Error {
  constructor(reason: string, options?: { cause?: unknown }) {
    super(reason, options)
    this.name = 'CodecError'
  }
}

/** Runs a call that may throw an address. Errors of the engine (a trap, out of memory) leave the module unusable and are passed on. */
export function callCodec<Result>(codec: string, run: () => Result): Result {
  try {
    return run()
  } catch (cause) {
    if (cause instanceof Error) throw cause
    throw new CodecError(`${codec} could not read or write the frame`, { cause })
  }
}

export function decodeWith(codec: string, decoder: DecoderModule, encoded: Uint8Array): DecodedPicture {
  const picture = callCodec(codec, () => {
    decoder.getEncodedBuffer(encoded.length).set(encoded)
    decoder.decode()
    const { width, height, bitsPerSample, componentCount, isSigned } = decoder.getFrameInfo()
    // The pixels lie in the module's memory, which the next frame reuses.
    const cells = new Uint8Array(decoder.getDecodedBuffer())
    return {
      rows: height,
      columns: width,
      samplesPerPixel: componentCount,
      bitsPerSample,
      isSigned: isSigned ?? false,
      cells,
    }
  })
  const { rows, columns, samplesPerPixel, bitsPerSample, cells } = picture
  if (bitsPerSample > 16 || cells.length !== rows * columns * samplesPerPixel * (bitsPerSample > 8 ? 2 : 1)) {
    throw new CodecError(`${codec} gave other pixels than the frame's header promises`)
  }
  return picture
}
