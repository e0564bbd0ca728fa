/**
 * Writes and reads the file around a JPEG 2000 codestream (ISO/IEC 15444-1 annex I; 15444-15 annex D for HTJ2K). Every stored frame has
 * one, and imported frames may have one. The box of the codestream is the last and of open length, so that a prefix of the file, which is a
 * smaller image, is a valid file too.
 */
import { DicomError } from '../../dicom/dicom-error.ts'

export interface JP2Picture {
  readonly rows: number
  readonly columns: number
  readonly components: number
  readonly bitsPerSample: number
  readonly isSigned: boolean
  readonly colour: 'greyscale' | 'sRGB' | 'sYCC'
  /** `jph` is JPEG 2000 with the high-throughput block coder. */
  readonly kind: 'jp2' | 'jph'
}

const ENUMERATED_COLOUR = { sRGB: 16, greyscale: 17, sYCC: 18 } as const
const BOX_HEADER_BYTES = 8
const SIGNATURE = Uint8Array.of(0x0d, 0x0a, 0x87, 0x0a)

/** How many boxes are searched for the codestream. */
const BOXES_MAX = 64

/** @param memory what is written there if it fits, also if it holds the codestream; otherwise new memory is used */
export function wrapInJP2(codestream: Uint8Array, picture: JP2Picture, memory?: ArrayBuffer): Uint8Array<ArrayBuffer> {
  const head = Buffer.concat([
    box('jP  ', SIGNATURE),
    // Readers of either kind find themselves in the list; decoders of HTJ2K recognise it in both.
    box('ftyp', ascii(picture.kind.padEnd(4)), uint32(0), ascii(picture.kind === 'jph' ? 'jph jp2 ' : 'jp2 ')),
    box('jp2h', imageHeader(picture), box('colr', Uint8Array.of(1, 0, 0), uint32(ENUMERATED_COLOUR[picture.colour]))),
    uint32(0),
    ascii('jp2c'),
  ])
  const sizeBytes = head.length + codestream.length
  const isWithin = memory !== undefined && sizeBytes <= memory.byteLength
  const file = isWithin ? new Uint8Array(memory, 0, sizeBytes) : new Uint8Array(sizeBytes)
  // First, because it may begin where the head will be.
  file.set(codestream, head.length)
  file.set(head)
  return file
}

function imageHeader({ rows, columns, components, bitsPerSample, isSigned }: JP2Picture): Uint8Array {
  const header = new DataView(new ArrayBuffer(14))
  header.setUint32(0, rows)
  header.setUint32(4, columns)
  header.setUint16(8, components)
  header.setUint8(10, (isSigned ? 0x80 : 0) | (bitsPerSample - 1))
  header.setUint8(11, 7)
  return box('ihdr', new Uint8Array(header.buffer))
}

function box(type: string, ...contents: Uint8Array[]): Uint8Array {
  const lengthBytes = contents.reduce((sum, { length }) => sum + length, BOX_HEADER_BYTES)
  return Buffer.concat([uint32(lengthBytes), ascii(type), ...contents])
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1')

/**
 * Finds the start and end of the codestream in a JP2 or JPH file, or in a bare codestream. The bytes may be the beginning of the file only,
 * up to at least the codestream.
 * @throws DicomError where there is none
 */
export function findCodestream(bytes: Uint8Array): { readonly start: number; readonly end: number } {
  if (bytes[0] === 0xff && bytes[1] === 0x4f) return { start: 0, end: bytes.length }
  for (const { type, start, end } of fileBoxes(bytes)) if (type === 'jp2c') return { start, end }
  throw new DicomError({ reason: 'there is no JPEG 2000 codestream' })
}

/** The colour that the file around a codestream names; undefined for a bare codestream, and for colour without an enumerated value. */
export function colourOfFile(bytes: Uint8Array): JP2Picture['colour'] | undefined {
  for (const header of fileBoxes(bytes)) {
    if (header.type !== 'jp2h') continue
    const inside = bytes.subarray(header.start, header.end)
    for (const { type, start, end } of boxesIn(inside)) {
      if (type !== 'colr' || inside[start] !== 1 || end < start + 7) continue
      const number = new DataView(inside.buffer, inside.byteOffset + start + 3, 4).getUint32(0)
      const known = Object.entries(ENUMERATED_COLOUR).find(([, enumerated]) => enumerated === number)
      return known?.[0] as JP2Picture['colour'] | undefined
    }
  }
  return undefined
}

interface Box {
  readonly type: string
  /** The content of the box. */
  readonly start: number
  readonly end: number
}

function* fileBoxes(bytes: Uint8Array): Generator<Box> {
  let isFirst = true
  for (const box of boxesIn(bytes)) {
    if (isFirst && box.type !== 'jP  ') return
    isFirst = false
    yield box
  }
}

function* boxesIn(bytes: Uint8Array): Generator<Box> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 0
  for (let boxes = 0; boxes < BOXES_MAX && at + BOX_HEADER_BYTES <= bytes.length; boxes++) {
    const length = view.getUint32(at)
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8))
    const isLong = length === 1
    if (isLong && at + 16 > bytes.length) return
    const start = at + (isLong ? 16 : BOX_HEADER_BYTES)
    const end = length === 0 ? bytes.length : at + (isLong ? Number(view.getBigUint64(at + 8)) : length)
    if (end < start) return
    yield { type, start, end: Math.min(end, bytes.length) }
    at = end
  }
}
