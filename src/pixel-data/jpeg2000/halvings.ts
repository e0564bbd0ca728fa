/** How often a picture is halved when it is encoded: both encoders of JPEG 2000 ask here. */

const DECOMPOSITIONS_MAX = 6

const SMALLEST_SIDE = 32

/** As many halvings as leave a picture to look at. */
export function halvingsOf({ rows, columns }: { rows: number; columns: number }): number {
  const halvings = Math.floor(Math.log2(Math.min(rows, columns) / SMALLEST_SIDE))
  return Math.max(0, Math.min(DECOMPOSITIONS_MAX, halvings))
}
