/**
 * Parses the main header of a JPEG 2000 codestream (ISO/IEC 15444-1 annex A) as far as stored frames need it: image size, coding style and,
 * from the TLM marker, the lengths of the tile-parts.
 */
import { DicomError } from '../../dicom/dicom-error.ts'

export interface Codestream {
  readonly columns: number
  readonly rows: number
  readonly components: readonly { readonly bitsPerSample: number; readonly isSigned: boolean }[]
  readonly tiles: number
  readonly progression: 'LRCP' | 'RLCP' | 'RPCL' | 'PCRL' | 'CPRL'
  readonly decompositions: number
  readonly isReversible: boolean
  readonly isHighThroughput: boolean
  readonly hasColourTransform: boolean
  /** Bytes of each tile-part in order, from TLM; empty without TLM. */
  readonly tileParts: readonly { readonly tile: number; readonly lengthBytes: number }[]
  /** From the first byte of the codestream to its first tile-part. */
  readonly headerBytes: number
}

const SOC = 0xff4f
const SIZ = 0xff51
const COD = 0xff52
const TLM = 0xff55
const SOT = 0xff90

const PROGRESSIONS = ['LRCP', 'RLCP', 'RPCL', 'PCRL', 'CPRL'] as const
const COMPONENTS_MAX = 16_384
const DECOMPOSITIONS_MAX = 32
/** A TLM marker has one byte for its index (A.7.1). */
const TILE_PARTS_MAX = 65_535

const fault = (reason: string): DicomError => new DicomError({ reason: `the JPEG 2000 codestream ${reason}` })

/**
 * @param bytes from SOC up to at least the first tile-part
 * @throws DicomError where the header is truncated or inconsistent
 */
export function parseCodestream(bytes: Uint8Array): Codestream {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes.length < 4 || view.getUint16(0) !== SOC) throw fault('does not begin with SOC')
  let size: ReturnType<typeof readSize> | undefined
  let coding: ReturnType<typeof readCoding> | undefined
  const tileParts: { tile: number; lengthBytes: number }[] = []
  let at = 2
  while (true) {
    if (at + 4 > bytes.length) throw fault('ends inside its header')
    const marker = view.getUint16(at)
    if (marker === SOT) break
    const end = at + 2 + view.getUint16(at + 2)
    if (marker < 0xff30 || end > bytes.length || end < at + 4) throw fault('ends inside its header')
    const segment = new DataView(bytes.buffer, bytes.byteOffset + at + 4, end - at - 4)
    if (marker === SIZ) size = readSize(segment)
    else if (marker === COD) coding = readCoding(segment)
    else if (marker === TLM) tileParts.push(...readTileParts(segment))
    if (tileParts.length > TILE_PARTS_MAX) throw fault('has too many tile-parts')
    at = end
  }
  if (size === undefined || coding === undefined) throw fault('does not say how it is coded')
  return { ...size, ...coding, tileParts, headerBytes: at }
}

function readSize(segment: DataView) {
  if (segment.byteLength < 36) throw fault('has a SIZ marker that is cut short')
  const [width, height, x, y] = [2, 6, 10, 14].map((offset) => segment.getUint32(offset)) as [
    number,
    number,
    number,
    number,
  ]
  const [tileWidth, tileHeight] = [segment.getUint32(18), segment.getUint32(22)]
  const [tileX, tileY] = [segment.getUint32(26), segment.getUint32(30)]
  const count = segment.getUint16(34)
  if (width <= x || height <= y || tileWidth === 0 || tileHeight === 0 || tileX > x || tileY > y) {
    throw fault('has a picture of no size')
  }
  if (count < 1 || count > COMPONENTS_MAX || segment.byteLength < 36 + 3 * count) throw fault('has no components')
  const components = Array.from({ length: count }, (_, index) => {
    const depth = segment.getUint8(36 + 3 * index)
    return { bitsPerSample: (depth & 0x7f) + 1, isSigned: depth >= 0x80 }
  })
  const tiles = Math.ceil((width - tileX) / tileWidth) * Math.ceil((height - tileY) / tileHeight)
  return { columns: width - x, rows: height - y, components, tiles }
}

function readCoding(segment: DataView) {
  if (segment.byteLength < 10) throw fault('has a COD marker that is cut short')
  const progression = PROGRESSIONS[segment.getUint8(1)]
  const decompositions = segment.getUint8(5)
  if (progression === undefined || decompositions > DECOMPOSITIONS_MAX)
    throw fault('has a COD marker that is not valid')
  return {
    progression,
    hasColourTransform: segment.getUint8(4) === 1,
    decompositions,
    isHighThroughput: (segment.getUint8(8) & 0x40) !== 0,
    isReversible: segment.getUint8(9) === 1,
  }
}

/** A.7.1: ST is the size of the tile index in bytes; SP says whether lengths have two bytes or four. */
function readTileParts(segment: DataView): { tile: number; lengthBytes: number }[] {
  if (segment.byteLength < 2) throw fault('has a TLM marker that is cut short')
  const tileBytes = (segment.getUint8(1) >> 4) & 3
  const sizeBytes = (segment.getUint8(1) >> 6) & 1 ? 4 : 2
  const entryBytes = tileBytes + sizeBytes
  const rest = segment.byteLength - 2
  if (tileBytes === 3 || rest % entryBytes !== 0) throw fault('has a TLM marker that is not valid')
  return Array.from({ length: rest / entryBytes }, (_, index) => {
    const at = 2 + index * entryBytes
    const tile = tileBytes === 0 ? index : tileBytes === 1 ? segment.getUint8(at) : segment.getUint16(at)
    const lengthBytes = sizeBytes === 4 ? segment.getUint32(at + tileBytes) : segment.getUint16(at + tileBytes)
    return { tile, lengthBytes }
  })
}
