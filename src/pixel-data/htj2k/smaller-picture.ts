/**
 * A stored frame at a lower resolution: how many of its first bytes are enough for a given width. The frame has one tile and one tile-part
 * per resolution, the smallest first (RPCL), and TLM has their lengths. Nothing is decoded; the header of the frame is enough.
 */
import { type Codestream, parseCodestream } from '../jpeg2000/codestream.ts'
import { findCodestream } from '../jpeg2000/jp2-boxes.ts'

export interface SmallerPicture {
  /** How many bytes from the start of the stored frame. */
  readonly lengthBytes: number
  /** Size of the image in these bytes, decoded with `skippedResolutions` resolutions left out. */
  readonly columns: number
  readonly rows: number
  /** How often the full image is halved; decoders call it reduction. */
  readonly skippedResolutions: number
}

/** More than the header of a stored frame takes: boxes, and a main header whose TLM has at most 33 entries. */
export const STORED_FRAME_HEADER_BYTES = 2048

/**
 * The smallest image in the frame that is at least this wide; the whole frame if there is none or it has no tile-parts by resolution.
 * @param header the stored frame, or its beginning up to the first tile-part
 * @throws DicomError where it is not JPEG 2000
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

/** One tile with one tile-part per resolution: the form in which frames are stored. */
export const isCutByResolution = (codestream: Codestream): boolean =>
  codestream.tiles === 1 &&
  codestream.progression === 'RPCL' &&
  codestream.tileParts.length === codestream.decompositions + 1 &&
  codestream.tileParts.every(({ tile }) => tile === 0)

/** Odd sizes are rounded up at every halving, which equals rounding up once. */
const halved = (size: number, times: number): number => Math.ceil(size / 2 ** times)
