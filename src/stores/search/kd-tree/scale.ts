/**
 * How the values of one dimension are spread over a space: some of them, sorted. By it a reach is measured in parts of what there is
 * and not of the time that it takes up: one date of 1900 or 9999 would make all others look like one.
 */
export type Scale = Float64Array

export const scaleOf = (values: ArrayLike<number>): Scale => Float64Array.from(values).sort()

/** The part of what there is that lies between two values, as far as the scale tells. */
export const partBetween = (scale: Scale, from: number, to: number): number =>
  (placeOf(scale, to) - placeOf(scale, from)) / Math.max(1, scale.length - 1)

/** In numbers of values, and by proportion between two of them. */
function placeOf(scale: Scale, x: number): number {
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
