/** The decoders of the Cornerstone project, WebAssembly each: fetched when the first frame needs them. They bring no types. */
import openjpegWASM from '@cornerstonejs/codec-openjpeg/decodewasm?url'
import openjphWASM from '@cornerstonejs/codec-openjph/wasm?url'

export interface DecodedSamples {
  readonly rows: number
  readonly columns: number
  readonly bitsPerSample: number
  readonly isSigned: boolean
  /** By pixel, a byte a sample up to 8 bits, else two, little endian. */
  readonly cells: Uint8Array
}

export interface SampleDecoder {
  /** @throws whatever it likes where the codestream is broken */
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

/** What they would print of a bad frame is thrown. */
const silent = (wasm: string) => ({ locateFile: () => wasm, print: () => {}, printErr: () => {} })

const decoderOf = (open: () => Decoder): SampleDecoder => ({
  decode(codestream, skippedResolutions) {
    const decoder = open()
    try {
      decoder.getEncodedBuffer(codestream.length).set(codestream)
      if (skippedResolutions === 0) decoder.decode()
      else decoder.decodeSubResolution(skippedResolutions)
      // OpenJPH does not throw on bad data: it goes on, and remembers.
      const failure = decoder.getLastErrorMessage?.() ?? ''
      if (failure !== '') throw new Error(failure)
      const { width, height, bitsPerSample, componentCount, isSigned } = decoder.getFrameInfo()
      // The pixels lie in the module's memory, which the next frame reuses.
      const cells = new Uint8Array(decoder.getDecodedBuffer())
      const halved = (size: number) => Math.ceil(size / 2 ** skippedResolutions)
      const [columns, rows] = [halved(width), halved(height)]
      if (bitsPerSample > 16 || cells.length !== rows * columns * componentCount * (bitsPerSample > 8 ? 2 : 1)) {
        throw new Error('other pixels than the header promises')
      }
      return { rows, columns, bitsPerSample, isSigned, cells }
    } finally {
      decoder.delete()
    }
  },
})
