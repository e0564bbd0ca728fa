/** Merges what partitions return in order. */

/** Rows of several sources, each in order, as one in order: at most `limit`. Of equal ones those of an earlier source come first. */
export function mergeSorted<Row>(
  sources: readonly (readonly Row[])[],
  { compare, limit }: { readonly compare: (a: Row, b: Row) => number; readonly limit: number },
): Row[] {
  const places = sources.map(() => 0)
  const merged: Row[] = []
  while (merged.length < limit) {
    let first: number | undefined
    for (const [at, source] of sources.entries()) {
      const row = source[places[at]!]
      if (row === undefined) continue
      if (first === undefined || compare(row, sources[first]![places[first]!]!) < 0) first = at
    }
    if (first === undefined) break
    merged.push(sources[first]![places[first]!]!)
    places[first]! += 1
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
      let first: number | undefined
      for (const [at, head] of heads.entries()) {
        if (head.done === true) continue
        const least = first === undefined ? undefined : heads[first]!
        if (least === undefined || compare(head.value, least.value as Row) < 0) first = at
      }
      if (first === undefined) return
      yield heads[first]!.value as Row
      heads[first] = await open[first]!.next()
    }
  } finally {
    await Promise.all(open.map((each) => each.return?.()))
  }
}
