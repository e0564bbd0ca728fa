/** What is written anew of a blob: the pieces of it that are used, closer together than they lay, and in the same order. */

export interface BlobRange {
  readonly offsetBytes: number
  readonly sizeBytes: number
}

export interface MovedRange extends BlobRange {
  /** Where it begins in the new blob. */
  readonly movedTo: number
}

/** Ranges may overlap and come in any order; each lies in one piece, and no two pieces touch. */
export function movedRanges(ranges: readonly BlobRange[]): readonly MovedRange[] {
  const pieces: { offsetBytes: number; sizeBytes: number; movedTo: number }[] = []
  for (const { offsetBytes, sizeBytes } of [...ranges].sort((a, b) => a.offsetBytes - b.offsetBytes)) {
    const last = pieces.at(-1)
    if (last !== undefined && offsetBytes <= last.offsetBytes + last.sizeBytes) {
      last.sizeBytes = Math.max(last.sizeBytes, offsetBytes + sizeBytes - last.offsetBytes)
    } else {
      pieces.push({ offsetBytes, sizeBytes, movedTo: last === undefined ? 0 : last.movedTo + last.sizeBytes })
    }
  }
  return pieces
}

/** Where a range begins in the new blob; undefined where not all of it was written. */
export function movedOffset(pieces: readonly MovedRange[], { offsetBytes, sizeBytes }: BlobRange): number | undefined {
  let [low, high] = [0, pieces.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (pieces[middle]!.offsetBytes <= offsetBytes) low = middle + 1
    else high = middle
  }
  const piece = pieces[low - 1]
  if (piece === undefined || offsetBytes + sizeBytes > piece.offsetBytes + piece.sizeBytes) return undefined
  return piece.movedTo + offsetBytes - piece.offsetBytes
}
