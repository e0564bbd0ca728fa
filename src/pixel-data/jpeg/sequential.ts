/** Decodes scans of sequential JPEG with Huffman codes, 8 and 12 bits (ITU-T T.81 annex F): blocks of 8 x 8 to planes of samples. */
import { BitReader } from './huffman.ts'
import { inverseDCT } from './inverse-dct.ts'
import { type JPEGFrame, type JPEGScan, type JPEGTables, jpegFault } from './markers.ts'

/** The samples of one component at its own resolution, padded to whole blocks. */
export interface JPEGPlane {
  readonly samples: Uint16Array
  readonly strideSamples: number
  /** Without padding. */
  readonly columns: number
  readonly rows: number
}

interface SequentialFrame {
  readonly frame: JPEGFrame
  readonly planes: readonly JPEGPlane[]
  readonly tables: JPEGTables
}

const ZIGZAG = Uint8Array.from(
  (
    '0 1 8 16 9 2 3 10 17 24 32 25 18 11 4 5 12 19 26 33 40 48 41 34 27 20 13 6 7 14 21 28 ' +
    '35 42 49 56 57 50 43 36 29 22 15 23 30 37 44 51 58 59 52 45 38 31 39 46 53 60 61 54 47 55 62 63'
  )
    .split(' ')
    .map(Number),
)

export const largestFactors = (frame: JPEGFrame) => ({
  horizontal: Math.max(...frame.components.map(({ horizontal }) => horizontal)),
  vertical: Math.max(...frame.components.map(({ vertical }) => vertical)),
})

export function newPlanes(frame: JPEGFrame): JPEGPlane[] {
  const largest = largestFactors(frame)
  const mcusAcross = Math.ceil(frame.columns / (8 * largest.horizontal))
  const mcusDown = Math.ceil(frame.rows / (8 * largest.vertical))
  return frame.components.map(({ horizontal, vertical }) => {
    const strideSamples = mcusAcross * horizontal * 8
    return {
      samples: new Uint16Array(strideSamples * mcusDown * vertical * 8),
      strideSamples,
      columns: Math.ceil((frame.columns * horizontal) / largest.horizontal),
      rows: Math.ceil((frame.rows * vertical) / largest.vertical),
    }
  })
}

/** @returns the end of the scan's entropy-coded bytes */
export function decodeSequentialScan(
  stream: Uint8Array,
  { scan, frame, planes, tables }: SequentialFrame & { scan: JPEGScan },
): number {
  const bits = new BitReader(stream, scan.offsetBytes)
  const largest = largestFactors(frame)
  const blocks = scan.components.map((component) => {
    const { horizontal, vertical, quantization } = frame.components[component.index]!
    const table = tables.quantization[quantization]
    if (table === undefined || component.ac === undefined) throw jpegFault('has a scan that names what is not there')
    return { ...component, ac: component.ac, horizontal, vertical, table, plane: planes[component.index]!, previous: 0 }
  })
  // A scan of one component has no padding blocks: its MCU is one block of the image (A.2.2).
  const alone = blocks.length === 1 ? blocks[0]! : undefined
  const across = alone ? Math.ceil(alone.plane.columns / 8) : Math.ceil(frame.columns / (8 * largest.horizontal))
  const down = alone ? Math.ceil(alone.plane.rows / 8) : Math.ceil(frame.rows / (8 * largest.vertical))
  const coefficients = new Int32Array(64)
  for (let mcu = 0; mcu < across * down; mcu++) {
    if (scan.restartInterval > 0 && mcu > 0 && mcu % scan.restartInterval === 0) {
      bits.restart()
      for (const block of blocks) block.previous = 0
    }
    const [x, y] = [mcu % across, Math.floor(mcu / across)]
    for (const block of blocks) {
      const [wide, high] = alone ? [1, 1] : [block.horizontal, block.vertical]
      for (let part = 0; part < wide * high; part++) {
        coefficients.fill(0)
        const size = bits.decode(block.dc)
        if (size > 16) throw jpegFault('has a difference of more than 16 bits')
        block.previous += bits.difference(size)
        coefficients[0] = block.previous * block.table[0]!
        readAC(bits, coefficients, block)
        const column = (x * wide + (part % wide)) * 8
        const row = (y * high + Math.floor(part / wide)) * 8
        const { samples, strideSamples } = block.plane
        inverseDCT(coefficients, {
          precision: frame.precision,
          samples,
          offset: row * strideSamples + column,
          strideSamples,
        })
      }
    }
  }
  return bits.end()
}

function readAC(
  bits: BitReader,
  coefficients: Int32Array,
  { ac, table }: { ac: Uint16Array; table: Uint16Array },
): void {
  for (let index = 1; index < 64; index++) {
    const symbol = bits.decode(ac)
    const size = symbol & 15
    const run = symbol >> 4
    if (size === 0) {
      if (run < 15) return
      index += 15
      continue
    }
    index += run
    if (index > 63) throw jpegFault('has a block with too many coefficients')
    coefficients[ZIGZAG[index]!] = bits.difference(size) * table[index]!
  }
}
