/** Merges what partitions return in order. */

/** A row and the place of its source. */
export interface Merged<Row> {
  readonly row: Row
  readonly source: number
}

/**
 * Rows of several sources, each in order, as one in order: at most `limit`. Of equal ones those of an earlier source come first. A row costs a
 * comparison for each source, and rows beyond the limit cost nothing.
 */
export function mergeSorted<Row>(
  sources: readonly (readonly Row[])[],
  { compare, limit }: { readonly compare: (a: Row, b: Row) => number; readonly limit: number },
): Merged<Row>[] {
  const places = sources.map(() => 0)
  const merged: Merged<Row>[] = []
  while (merged.length < limit) {
    let first: Merged<Row> | undefined
    for (const [source, rows] of sources.entries()) {
      const row = rows[places[source]!]
      if (row !== undefined && (first === undefined || compare(row, first.row) < 0)) first = { row, source }
    }
    if (first === undefined) break
    merged.push(first)
    places[first.source]! += 1
  }
  return merged
}

/** The same of sources that are read while they are merged. */
export async function* mergeStreams<Row>(
  sources: readonly AsyncIterable<Row>[],
  compare: (a: Row, b: Row) => number,
): AsyncGenerator<Row> {
  const open = sources.map((source) => source[Symbol.asyncIterator]())
  try {
    const heads = await Promise.all(open.map((each) => each.next()))
    for (;;) {
      let first: Merged<Row> | undefined
      for (const [source, head] of heads.entries()) {
        if (head.done === true) continue
        if (first === undefined || compare(head.value, first.row) < 0) first = { row: head.value, source }
      }
      if (first === undefined) return
      yield first.row
      heads[first.source] = await open[first.source]!.next()
    }
  } finally {
    await Promise.all(open.map((each) => each.return?.()))
  }
}
