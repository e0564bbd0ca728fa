/**
 * The distribution of the values of one dimension in a partition: a sorted sample. With it an extent is measured as a share of the values,
 * not of the time: otherwise one date of 1900 or 9999 would make all others look equal.
 */
export type Scale = Float64Array

export const scaleOf = (values: ArrayLike<number>): Scale => Float64Array.from(values).sort()

/** The share of the values between two of them. */
export const shareBetween = (scale: Scale, from: number, to: number): number =>
  (rankIn(scale, to) - rankIn(scale, from)) / Math.max(1, scale.length - 1)

/** How many values of the sample are smaller, interpolated between two of them. */
function rankIn(scale: Scale, x: number): number {
  let [low, high] = [0, scale.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (scale[middle]! <= x) low = middle + 1
    else high = middle
  }
  if (low === 0) return 0
  if (low === scale.length) return low - 1
  const [below, above] = [scale[low - 1]!, scale[low]!]
  return low - 1 + (x - below) / (above - below)
}
