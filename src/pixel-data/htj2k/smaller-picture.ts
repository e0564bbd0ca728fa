/**
 * A stored frame at a lower resolution: how many of its first bytes are enough for a wanted width. The frame has one tile and one
 * tile-part for each resolution, the smallest first (RPCL), and TLM says how long each is; so nothing is decoded, and the answer needs
 * the frame's header alone.
 */
import { type Codestream, parseCodestream } from '../jpeg2000/codestream.ts'
import { findCodestream } from '../jpeg2000/jp2-boxes.ts'

export interface SmallerPicture {
  /** How many bytes of the stored frame, from its first. */
  readonly lengthBytes: number
  /** Of the picture in them, when as many resolutions as `skippedResolutions` are left out in decoding. */
  readonly columns: number
  readonly rows: number
  /** How often the full picture was halved: what decoders call the reduction. */
  readonly skippedResolutions: number
}

/** The header of a stored frame is well within so many bytes: boxes, and a main header whose TLM has 33 entries at most. */
export const STORED_FRAME_HEADER_BYTES = 2048

/**
 * The smallest picture in the frame that is at least so wide; the whole frame where none is, or where it has no tile-parts to cut at.
 * @param header the stored frame, or its first bytes up to the first tile-part
 * @throws DicomError where it is no JPEG 2000
 */
export function smallerPicture(
  header: Uint8Array,
  { columnsMin, sizeBytes }: { readonly columnsMin: number; readonly sizeBytes: number },
): SmallerPicture {
  const { start } = findCodestream(header)
  const codestream = parseCodestream(header.subarray(start))
  const { columns, rows, decompositions } = codestream
  const whole: SmallerPicture = { lengthBytes: sizeBytes, columns, rows, skippedResolutions: 0 }
  if (!isCutByResolution(codestream)) return whole
  let skippedResolutions = 0
  while (skippedResolutions < decompositions && halved(columns, skippedResolutions + 1) >= columnsMin) {
    skippedResolutions += 1
  }
  if (skippedResolutions === 0) return whole
  const parts = codestream.tileParts.slice(0, decompositions + 1 - skippedResolutions)
  const lengthBytes = parts.reduce((sum, part) => sum + part.lengthBytes, start + codestream.headerBytes)
  if (lengthBytes > sizeBytes) return whole
  return {
    lengthBytes,
    columns: halved(columns, skippedResolutions),
    rows: halved(rows, skippedResolutions),
    skippedResolutions,
  }
}

/** One tile, and a tile-part of it for each resolution: the form in which frames are stored. */
export const isCutByResolution = (codestream: Codestream): boolean =>
  codestream.tiles === 1 &&
  codestream.progression === 'RPCL' &&
  codestream.tileParts.length === codestream.decompositions + 1 &&
  codestream.tileParts.every(({ tile }) => tile === 0)

/** Odd sizes are rounded up at every halving, which is the same as once. */
const halved = (size: number, times: number): number => Math.ceil(size / 2 ** times)
