/**
 * Merges several JPEG 2000 codestreams of one component each into one, without encoding again. In RPCL order with one precinct per
 * resolution, the packets of a resolution are those of its components in turn (ISO/IEC 15444-1 B.12.1.3), and the tile-parts end with each
 * resolution, so that their lengths are known.
 */

import { DicomError } from '../../dicom/dicom-error.ts'
import { type Codestream, parseCodestream } from '../jpeg2000/codestream.ts'

const SIZ = 0xff51
const COD = 0xff52
const TLM = 0xff55
const SOT_SIZE = 12
const SOD_SIZE = 2

/** Precincts are 32,768 wide by default (A.6.1): larger images have several per resolution. */
export const canBeMerged = ({ rows, columns }: { rows: number; columns: number }): boolean =>
  Math.max(rows, columns) <= 32_768

/**
 * @param codestreams identical except for their samples: RPCL order, one tile, one tile-part per resolution, TLM
 * @throws DicomError where they differ or have another form
 */
export function mergeComponents(codestreams: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const [first, ...others] = codestreams.map(parseCodestream)
  const isAlike = (other: Codestream) =>
    other.headerBytes === first!.headerBytes &&
    other.decompositions === first!.decompositions &&
    other.columns === first!.columns
  if (first === undefined || !others.every(isAlike) || [first, ...others].some((each) => !isOneComponent(each))) {
    throw new DicomError({ reason: 'the codestreams cannot be made one' })
  }
  const bodies = codestreams.map((bytes, index) => bodiesOf(bytes, [first, ...others][index]!))
  const tileParts = first.tileParts.map((_, part) => Buffer.concat(bodies.map((body) => body[part]!)))
  const lengths = tileParts.map((body) => SOT_SIZE + SOD_SIZE + body.length)
  return concatenate([
    mainHeader(codestreams[0]!.subarray(0, first.headerBytes), { components: codestreams.length, lengths }),
    ...tileParts.flatMap((body, part) => [tilePartHeader(part, lengths), body]),
    Uint8Array.of(0xff, 0xd9),
  ])
}

const isOneComponent = ({ components, tiles, progression, tileParts, decompositions, columns, rows }: Codestream) =>
  components.length === 1 &&
  tiles === 1 &&
  progression === 'RPCL' &&
  tileParts.length === decompositions + 1 &&
  canBeMerged({ rows, columns })

/** The packets of each tile-part, which must consist of SOT, SOD and packets only. */
function bodiesOf(bytes: Uint8Array, { tileParts, headerBytes }: Codestream): Uint8Array[] {
  let at = headerBytes
  return tileParts.map(({ lengthBytes }) => {
    const part = bytes.subarray(at, at + lengthBytes)
    at += lengthBytes
    const isPlain =
      part.length === lengthBytes && part[1] === 0x90 && part[SOT_SIZE] === 0xff && part[SOT_SIZE + 1] === 0x93
    if (!isPlain) throw new DicomError({ reason: 'the codestreams cannot be made one' })
    return part.subarray(SOT_SIZE + SOD_SIZE)
  })
}

/** The header of the first codestream, with the number of components, no colour transform, and the new lengths. */
function mainHeader(
  header: Uint8Array,
  { components, lengths }: { components: number; lengths: readonly number[] },
): Uint8Array {
  const view = new DataView(header.buffer, header.byteOffset, header.length)
  const parts: Uint8Array[] = [header.subarray(0, 2)]
  for (let at = 2; at < header.length; at += 2 + view.getUint16(at + 2)) {
    const segment = header.slice(at, at + 2 + view.getUint16(at + 2))
    const marker = view.getUint16(at)
    if (marker === SIZ) parts.push(sizeOf(segment, components))
    else if (marker === TLM) parts.push(tilePartLengths(lengths))
    else {
      if (marker === COD) segment[8] = 0
      parts.push(segment)
    }
  }
  return concatenate(parts)
}

/** Csiz is two bytes at 38; each component has three bytes from 40, counted from the marker. */
function sizeOf(segment: Uint8Array, components: number): Uint8Array {
  const size = concatenate([
    segment.subarray(0, 40),
    ...Array.from({ length: components }, () => segment.subarray(40, 43)),
  ])
  const view = new DataView(size.buffer)
  view.setUint16(2, size.length - 2)
  view.setUint16(38, components)
  return size
}

/** A.7.1, with two bytes for the tile and four for the length, as OpenJPH writes it. */
function tilePartLengths(lengths: readonly number[]): Uint8Array {
  const segment = new DataView(new ArrayBuffer(6 + 6 * lengths.length))
  segment.setUint16(0, TLM)
  segment.setUint16(2, segment.byteLength - 2)
  segment.setUint8(5, 0x60)
  lengths.forEach((length, part) => {
    segment.setUint32(6 + 6 * part + 2, length)
  })
  return new Uint8Array(segment.buffer)
}

function tilePartHeader(part: number, lengths: readonly number[]): Uint8Array {
  const header = new DataView(new ArrayBuffer(SOT_SIZE + SOD_SIZE))
  header.setUint16(0, 0xff90)
  header.setUint16(2, 10)
  header.setUint32(6, lengths[part]!)
  header.setUint8(10, part)
  header.setUint8(11, lengths.length)
  header.setUint16(12, 0xff93)
  return new Uint8Array(header.buffer)
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
