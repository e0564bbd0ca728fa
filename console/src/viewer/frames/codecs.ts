/** The WebAssembly decoders of the Cornerstone project, loaded when the first frame needs them. */
import openjpegWASM from '@cornerstonejs/codec-openjpeg/decodewasm?url'
import openjphWASM from '@cornerstonejs/codec-openjph/wasm?url'

interface DecodedSamples {
  readonly rows: number
  readonly columns: number
  readonly bitsPerSample: number
  readonly isSigned: boolean
  /** Interleaved samples: one byte each up to 8 bits, otherwise two, little endian. */
  readonly bytes: Uint8Array
}

export interface SampleDecoder {
  /** @throws any value if the codestream is invalid */
  decode(codestream: Uint8Array, skippedResolutions: number): DecodedSamples
}

interface Decoder {
  getEncodedBuffer(sizeBytes: number): Uint8Array
  getDecodedBuffer(): Uint8Array
  decode(): void
  decodeSubResolution(skipped: number): void
  getFrameInfo(): { width: number; height: number; bitsPerSample: number; componentCount: number; isSigned: boolean }
  calculateSizeAtDecompositionLevel(skipped: number): { width: number; height: number }
  getLastErrorMessage?(): string
  delete(): void
}

let htj2k: Promise<SampleDecoder> | undefined
let jpeg2000: Promise<SampleDecoder> | undefined

export const openHTJ2K = (): Promise<SampleDecoder> =>
  (htj2k ??= (async () => {
    const { default: open } = await import('@cornerstonejs/codec-openjph/wasmjs')
    const { HTJ2KDecoder } = await open(silent(openjphWASM))
    return decoderOf(() => new HTJ2KDecoder() as Decoder)
  })())

export const openJPEG2000 = (): Promise<SampleDecoder> =>
  (jpeg2000 ??= (async () => {
    const { default: open } = await import('@cornerstonejs/codec-openjpeg/decodewasmjs')
    const { J2KDecoder } = await open(silent(openjpegWASM))
    return decoderOf(() => new J2KDecoder() as Decoder)
  })())

/** Suppresses console output: errors are thrown. */
const silent = (wasm: string) => ({ locateFile: () => wasm, print: () => {}, printErr: () => {} })

const decoderOf = (open: () => Decoder): SampleDecoder => ({
  decode(codestream, skippedResolutions) {
    const decoder = open()
    try {
      decoder.getEncodedBuffer(codestream.length).set(codestream)
      if (skippedResolutions === 0) decoder.decode()
      else decoder.decodeSubResolution(skippedResolutions)
      // OpenJPH doesn't throw on invalid data. It continues, and keeps the message.
      const errorMessage = decoder.getLastErrorMessage?.() ?? ''
      if (errorMessage !== '') throw new Error(errorMessage)
      const { width, height, bitsPerSample, componentCount, isSigned } = decoder.getFrameInfo()
      // Copied, because the next frame reuses the memory of the module.
      const bytes = new Uint8Array(decoder.getDecodedBuffer())
      const reduced = (size: number) => Math.ceil(size / 2 ** skippedResolutions)
      const [columns, rows] = [reduced(width), reduced(height)]
      if (bitsPerSample > 16 || bytes.length !== rows * columns * componentCount * (bitsPerSample > 8 ? 2 : 1)) {
        throw new Error('the decoded size differs from the header')
      }
      return { rows, columns, bitsPerSample, isSigned, bytes }
    } finally {
      decoder.delete()
    }
  },
})
