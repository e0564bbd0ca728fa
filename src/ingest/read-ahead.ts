/** Reads a list of files some steps ahead of their use, in order, holding no more than so many files and bytes at once. */

interface ReadAheadLimits {
  readonly files: number
  readonly bytes: number
}

/** `sizeOf` is what an item will hold once read; an item greater than the whole allowance is read alone. */
export async function* readAhead<Item, Read>(
  items: AsyncIterable<Item>,
  options: {
    readonly limits: ReadAheadLimits
    readonly sizeOf: (item: Item) => number
    /** A file that cannot be read is a value; what is thrown comes out in the item's turn, and ends the reading. */
    readonly read: (item: Item) => Promise<Read>
  },
): AsyncGenerator<{ readonly item: Item; readonly read: Read }> {
  const ahead: { item: Item; size: number; read: Promise<Read> }[] = []
  let held = 0
  const take = async () => {
    const { item, size, read } = ahead.shift()!
    const result = { item, read: await read }
    held -= size
    return result
  }
  try {
    for await (const item of items) {
      const size = options.sizeOf(item)
      while (ahead.length > 0 && (ahead.length >= options.limits.files || held + size > options.limits.bytes)) {
        yield await take()
      }
      held += size
      const read = options.read(item)
      // Until its turn nobody hears of its failure.
      read.catch(() => {})
      ahead.push({ item, size, read })
    }
    while (ahead.length > 0) yield await take()
  } finally {
    // Whoever goes away leaves nothing behind that still writes.
    await Promise.allSettled(ahead.map(({ read }) => read))
  }
}
