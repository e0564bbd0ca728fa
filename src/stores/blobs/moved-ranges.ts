/** The ranges of a blob that compaction copies to a new blob, in the same order and without gaps, and the new offset of each. */

export interface BlobRange {
  readonly offsetBytes: number
  readonly sizeBytes: number
}

export interface MovedRange extends BlobRange {
  /** Its offset in the new blob. */
  readonly movedTo: number
}

/** Merges the given ranges, which may overlap and be in any order. No two merged ranges touch. */
export function movedRanges(ranges: readonly BlobRange[]): readonly MovedRange[] {
  const merged: { offsetBytes: number; sizeBytes: number; movedTo: number }[] = []
  for (const { offsetBytes, sizeBytes } of [...ranges].sort((a, b) => a.offsetBytes - b.offsetBytes)) {
    const last = merged.at(-1)
    if (last !== undefined && offsetBytes <= last.offsetBytes + last.sizeBytes) {
      last.sizeBytes = Math.max(last.sizeBytes, offsetBytes + sizeBytes - last.offsetBytes)
    } else {
      merged.push({ offsetBytes, sizeBytes, movedTo: last === undefined ? 0 : last.movedTo + last.sizeBytes })
    }
  }
  return merged
}

/** The offset of a range in the new blob; undefined if it was not copied completely. */
export function movedOffset(moved: readonly MovedRange[], { offsetBytes, sizeBytes }: BlobRange): number | undefined {
  let [low, high] = [0, moved.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (moved[middle]!.offsetBytes <= offsetBytes) low = middle + 1
    else high = middle
  }
  const found = moved[low - 1]
  if (found === undefined || offsetBytes + sizeBytes > found.offsetBytes + found.sizeBytes) return undefined
  return found.movedTo + offsetBytes - found.offsetBytes
}
