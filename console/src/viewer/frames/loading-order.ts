/** Which images of a stack are fetched next and which are let go: those around the one on screen, first where the person is heading. */

export interface Position {
  readonly index: number
  readonly count: number
  /** 1 where the person scrolls on, -1 where back. */
  readonly heading: 1 | -1
}

/** All indices, nearest first; of two as near, the one ahead. */
export function loadingOrder({ index, count, heading }: Position): readonly number[] {
  const order = [index]
  for (let away = 1; away < count; away++) {
    for (const at of [index + away * heading, index - away * heading]) if (at >= 0 && at < count) order.push(at)
  }
  return order
}

/** As many of the first in order as have room together; the first always. */
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
