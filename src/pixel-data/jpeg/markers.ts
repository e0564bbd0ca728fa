/**
 * Parses the marker segments of a JPEG stream (ITU-T T.81 annex B): frame, tables and scans. Sequential Huffman and lossless processes
 * only.
 */
import { DicomError } from '../../dicom/dicom-error.ts'
import { type HuffmanTable, huffmanTable } from './huffman.ts'

interface JPEGComponent {
  readonly id: number
  readonly horizontal: number
  readonly vertical: number
  readonly quantization: number
}

export interface JPEGFrame {
  readonly isLossless: boolean
  readonly precision: number
  readonly rows: number
  readonly columns: number
  readonly components: readonly JPEGComponent[]
}

export interface JPEGScan {
  readonly components: readonly {
    readonly index: number
    readonly dc: HuffmanTable
    readonly ac: HuffmanTable | undefined
  }[]
  /** Of lossless JPEG: the predictor, 1 to 7. */
  readonly predictor: number
  readonly pointTransform: number
  /** MCUs between restarts; 0 for none. */
  readonly restartInterval: number
  /** Start of the entropy-coded bytes. */
  readonly offsetBytes: number
}

export interface JPEGTables {
  /** By destination 0 to 3, in zigzag order. */
  readonly quantization: (Uint16Array | undefined)[]
  readonly dc: (HuffmanTable | undefined)[]
  readonly ac: (HuffmanTable | undefined)[]
  restartInterval: number
  /** The transform of an Adobe marker: 0 none, 1 YCbCr. */
  adobeTransform: number | undefined
}

interface JPEGDecoding {
  readonly tables: JPEGTables
  begin(frame: JPEGFrame): void
  /** @returns the end of the scan's entropy-coded bytes */
  scan(scan: JPEGScan): number
}

const SOF_BASELINE = 0xc0
const SOF_EXTENDED = 0xc1
const SOF_LOSSLESS = 0xc3
const DHT = 0xc4
const EOI = 0xd9
const SOS = 0xda
const DQT = 0xdb
const DRI = 0xdd
const APP14 = 0xee

export const newJPEGTables = (): JPEGTables => ({
  quantization: [],
  dc: [],
  ac: [],
  restartInterval: 0,
  adobeTransform: undefined,
})

export const jpegFault = (reason: string): DicomError => new DicomError({ reason: `the JPEG stream ${reason}` })

/**
 * Reads the stream and passes its frame and its scans, in order.
 * @throws DicomError for an unsupported process or an invalid stream
 */
export function walkJPEG(stream: Uint8Array, decoding: JPEGDecoding): void {
  const { tables } = decoding
  if (stream[0] !== 0xff || stream[1] !== 0xd8) throw jpegFault('does not begin with SOI')
  let frame: JPEGFrame | undefined
  let at = 2
  while (at + 2 <= stream.length) {
    if (stream[at] !== 0xff) {
      at += 1
      continue
    }
    const marker = stream[at + 1]!
    if (marker === 0xff) {
      at += 1
      continue
    }
    if (marker === EOI) return
    if (marker === 0x00 || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2
      continue
    }
    const length = at + 4 <= stream.length ? (stream[at + 2]! << 8) | stream[at + 3]! : 0
    if (length < 2 || at + 2 + length > stream.length) throw jpegFault('ends inside a marker segment')
    const segment = stream.subarray(at + 4, at + 2 + length)
    at += 2 + length
    if (marker === SOF_BASELINE || marker === SOF_EXTENDED || marker === SOF_LOSSLESS) {
      if (frame !== undefined) throw jpegFault('has more than one frame')
      frame = readFrame(segment, marker === SOF_LOSSLESS)
      decoding.begin(frame)
    } else if (marker === SOS) {
      if (frame === undefined) throw jpegFault('has a scan before its frame')
      at = decoding.scan(readScan(segment, { frame, tables, offsetBytes: at }))
    } else if (marker === DHT) readHuffmanTables(segment, tables)
    else if (marker === DQT) readQuantizationTables(segment, tables)
    else if (marker === DRI) tables.restartInterval = segment.length >= 2 ? (segment[0]! << 8) | segment[1]! : 0
    else if (marker === APP14 && String.fromCharCode(...segment.subarray(0, 5)) === 'Adobe') {
      tables.adobeTransform = segment[11]
    } else if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc8 && marker !== 0xcc) {
      throw jpegFault('has a process that is not sequential Huffman or lossless')
    }
  }
}

function readFrame(segment: Uint8Array, isLossless: boolean): JPEGFrame {
  const count = segment[5] ?? 0
  if (segment.length < 6 + 3 * count || count < 1 || count > 4) throw jpegFault('has a frame without its components')
  const components = Array.from({ length: count }, (_, index) => {
    const at = 6 + 3 * index
    const component = {
      id: segment[at]!,
      horizontal: segment[at + 1]! >> 4,
      vertical: segment[at + 1]! & 15,
      quantization: segment[at + 2]! & 3,
    }
    const isSound = [component.horizontal, component.vertical].every((factor) => factor >= 1 && factor <= 4)
    if (!isSound) throw jpegFault('has impossible sampling factors')
    return component
  })
  const precision = segment[0]!
  const isPossible = isLossless ? precision >= 2 && precision <= 16 : precision === 8 || precision === 12
  if (!isPossible) throw jpegFault('has an impossible precision')
  const rows = (segment[1]! << 8) | segment[2]!
  const columns = (segment[3]! << 8) | segment[4]!
  if (rows === 0 || columns === 0) throw jpegFault('does not say how large its picture is')
  return { isLossless, precision, rows, columns, components }
}

function readScan(
  segment: Uint8Array,
  { frame, tables, offsetBytes }: { frame: JPEGFrame; tables: JPEGTables; offsetBytes: number },
): JPEGScan {
  const count = segment[0] ?? 0
  if (count < 1 || count > frame.components.length || segment.length < 4 + 2 * count) {
    throw jpegFault('has a scan without its components')
  }
  const components = Array.from({ length: count }, (_, place) => {
    const index = frame.components.findIndex(({ id }) => id === segment[1 + 2 * place])
    const selectors = segment[2 + 2 * place]!
    const dc = tables.dc[selectors >> 4]
    const ac = tables.ac[selectors & 15]
    if (index < 0 || dc === undefined || (ac === undefined && !frame.isLossless)) {
      throw jpegFault('has a scan that names what is not there')
    }
    return { index, dc, ac }
  })
  const rest = segment.subarray(1 + 2 * count)
  return {
    components,
    predictor: rest[0]!,
    pointTransform: rest[2]! & 15,
    restartInterval: tables.restartInterval,
    offsetBytes,
  }
}

function readHuffmanTables(segment: Uint8Array, tables: JPEGTables): void {
  let at = 0
  while (at < segment.length) {
    const kind = segment[at]!
    const counts = segment.subarray(at + 1, at + 17)
    const total = counts.reduce((sum, count) => sum + count, 0)
    const symbols = segment.subarray(at + 17, at + 17 + total)
    if (counts.length < 16 || symbols.length < total || (kind & 15) > 3 || kind >> 4 > 1) {
      throw jpegFault('has a Huffman table that is cut short')
    }
    const destinations = kind >> 4 === 0 ? tables.dc : tables.ac
    destinations[kind & 15] = huffmanTable(counts, symbols)
    at += 17 + total
  }
}

function readQuantizationTables(segment: Uint8Array, tables: JPEGTables): void {
  let at = 0
  while (at < segment.length) {
    const size = segment[at]! >> 4 === 0 ? 1 : 2
    const destination = segment[at]! & 15
    if (at + 1 + 64 * size > segment.length || destination > 3)
      throw jpegFault('has a quantization table that is cut short')
    const table = new Uint16Array(64)
    for (let index = 0; index < 64; index++) {
      const from = at + 1 + size * index
      table[index] = size === 1 ? segment[from]! : (segment[from]! << 8) | segment[from + 1]!
    }
    tables.quantization[destination] = table
    at += 1 + 64 * size
  }
}
