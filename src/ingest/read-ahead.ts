/** Reads files ahead of their use and returns them in order. Bounded by a number of files and of bytes in memory. */

interface ReadAheadLimits {
  readonly files: number
  readonly bytes: number
}

/** @param options.sizeOf the bytes that an item holds once it is read; an item larger than the limit is read alone */
export async function* readAhead<Item, Read>(
  items: AsyncIterable<Item>,
  options: {
    readonly limits: ReadAheadLimits
    readonly sizeOf: (item: Item) => number
    /** An unreadable file is a value. An error is thrown when its item is due, and ends the reading. */
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
      // Awaited when the item is due; until then a rejection is not unhandled.
      read.catch(() => {})
      ahead.push({ item, size, read })
    }
    while (ahead.length > 0) yield await take()
  } finally {
    // A caller that stops early must find no read that still writes.
    await Promise.allSettled(ahead.map(({ read }) => read))
  }
}
