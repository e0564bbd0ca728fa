/** Baseline JPEG with MozJPEG, for images that are shown. Chroma is kept for every pixel: text in ultrasound images is coloured. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { CodecError } from '../wasm/codec-module.ts'

interface Raster {
  readonly rows: number
  readonly columns: number
  readonly samplesPerPixel: 1 | 3
  /** A byte a sample, by pixel: grey or RGB. */
  readonly samples: Uint8Array
}

export interface JPEGEncoder {
  /** @param quality 1 to 100 */
  encode(raster: Raster, quality: number): Promise<Uint8Array<ArrayBuffer>>
}

/** Spelled as in the package, whose own declarations need those of a browser. */
interface Package {
  init(module: object, options: { print: () => void; printErr: () => void }): Promise<void>
  default(image: { data: Uint8Array; width: number; height: number }, options: object): Promise<ArrayBuffer | null>
}

const PACKAGE: string = '@jsquash/jpeg/encode.js'
const CODEC = '@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm'
const GREYSCALE = 1
const YCBCR = 3

const OPTIONS = {
  ...{ baseline: true, progressive: false, arithmetic: false },
  // Optimal Huffman tables take as long as all the rest, and save nothing that counts.
  optimize_coding: false,
  // The tables of ITU-T T.81 annex K, so that a quality means what it does in other programs.
  quant_table: 0,
  ...{ auto_subsample: false, chroma_subsample: 1 },
}

export async function openJPEGEncoder(): Promise<JPEGEncoder> {
  const { init, default: encodeRGBA } = (await import(PACKAGE)) as Package
  const { WebAssembly } = globalThis as unknown as { WebAssembly: { compile(bytes: Uint8Array): Promise<object> } }
  const module = await WebAssembly.compile(await readFile(fileURLToPath(import.meta.resolve(CODEC))))
  await init(module, { print: () => {}, printErr: () => {} })
  return {
    async encode({ rows, columns, samplesPerPixel, samples }, quality) {
      const image = { data: withAlpha(samples, samplesPerPixel), width: columns, height: rows }
      const color_space = samplesPerPixel === 1 ? GREYSCALE : YCBCR
      const bytes = await encodeRGBA(image, { ...OPTIONS, color_space, quality })
      if (bytes === null) throw new CodecError('MozJPEG could not write the image')
      return new Uint8Array(bytes)
    },
  }
}

/** The encoder takes four samples a pixel. */
function withAlpha(samples: Uint8Array, samplesPerPixel: 1 | 3): Uint8Array {
  const pixels = samples.length / samplesPerPixel
  const four = new Uint8Array(pixels * 4)
  const [green, blue] = samplesPerPixel === 1 ? [0, 0] : [1, 2]
  for (let from = 0, to = 0; to < four.length; from += samplesPerPixel, to += 4) {
    four[to] = samples[from]!
    four[to + 1] = samples[from + green]!
    four[to + 2] = samples[from + blue]!
    four[to + 3] = 255
  }
  return four
}
