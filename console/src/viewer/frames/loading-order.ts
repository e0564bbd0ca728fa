/** The order in which images of a stack are loaded: around the current one, first in the direction of scrolling. */
export interface Position {
  readonly index: number
  readonly count: number
  /** 1 for forward, -1 for backward. */
  readonly direction: 1 | -1
}

/** All indices, nearest first. Of two at the same distance, the one in the direction of scrolling comes first. */
export function loadingOrder({ index, count, direction }: Position): readonly number[] {
  const order = [index]
  for (let distance = 1; distance < count; distance++) {
    for (const at of [index + distance * direction, index - distance * direction])
      if (at >= 0 && at < count) order.push(at)
  }
  return order
}

/** The longest prefix of the order that fits in `bytesMax`, but at least one. */
export function withinBytes(
  order: readonly number[],
  { bytesOf, bytesMax }: { readonly bytesOf: (index: number) => number; readonly bytesMax: number },
): readonly number[] {
  let bytes = 0
  const end = order.findIndex((index, at) => {
    bytes += bytesOf(index)
    return at > 0 && bytes > bytesMax
  })
  return end < 0 ? order : order.slice(0, end)
}
