/** How often an image is halved when it is encoded, for both JPEG 2000 encoders. */

const DECOMPOSITIONS_MAX = 6

const SMALLEST_SIDE = 32

/** Halves as long as the result is still useful to look at. */
export function halvingsOf({ rows, columns }: { rows: number; columns: number }): number {
  const halvings = Math.floor(Math.log2(Math.min(rows, columns) / SMALLEST_SIDE))
  return Math.max(0, Math.min(DECOMPOSITIONS_MAX, halvings))
}
