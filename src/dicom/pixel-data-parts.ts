/** The bytes around the frames of pixel data (PS3.5 7.1.2, A.4): element headers, item headers and offset tables. */

const UNDEFINED_LENGTH = 0xffffffff

/** Ends encapsulated pixel data. */
export const SEQUENCE_DELIMITER: Uint8Array = taggedLength(0xe0dd, 0)

/** The header of a fragment or of the basic offset table. */
export const itemHeader = (lengthBytes: number): Uint8Array => taggedLength(0xe000, lengthBytes)

/**
 * The header of a pixel data element in explicit VR little endian.
 * @param lengthBytes undefined for encapsulated pixel data
 */
export function pixelElementHeader(tag: string, vr: string, lengthBytes: number | undefined): Uint8Array {
  const header = new Uint8Array(12)
  const view = new DataView(header.buffer)
  view.setUint16(0, Number.parseInt(tag.slice(0, 4), 16), true)
  view.setUint16(2, Number.parseInt(tag.slice(4), 16), true)
  header[4] = vr.charCodeAt(0)
  header[5] = vr.charCodeAt(1)
  view.setUint32(8, lengthBytes ?? UNDEFINED_LENGTH, true)
  return header
}

/** @param offsets of each frame's first item header, relative to the first item header */
export function basicOffsetTable(offsets: readonly number[]): Uint8Array {
  const table = new Uint8Array(4 * offsets.length)
  const view = new DataView(table.buffer)
  for (const [index, offset] of offsets.entries()) view.setUint32(4 * index, offset, true)
  return table
}

/** A value of ExtendedOffsetTable or ExtendedOffsetTableLengths (PS3.3 C.7.6.3.1.8), for offsets beyond 32 bits. */
export function extendedTable(numbers: readonly number[]): Uint8Array {
  const table = new Uint8Array(8 * numbers.length)
  const view = new DataView(table.buffer)
  for (const [index, number] of numbers.entries()) view.setBigUint64(8 * index, BigInt(number), true)
  return table
}

export function evenLength(bytes: Uint8Array): Uint8Array {
  if (bytes.length % 2 === 0) return bytes
  const padded = new Uint8Array(bytes.length + 1)
  padded.set(bytes)
  return padded
}

function taggedLength(element: number, lengthBytes: number): Uint8Array {
  const header = new Uint8Array(8)
  const view = new DataView(header.buffer)
  view.setUint16(0, 0xfffe, true)
  view.setUint16(2, element, true)
  view.setUint32(4, lengthBytes, true)
  return header
}
