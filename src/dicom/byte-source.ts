/** Bytes that are read one range at a time, so that a file of gigabytes need not fit in memory. */

export interface ByteRange {
  readonly offsetBytes: number
  readonly lengthBytes: number
}

export interface ByteSource {
  /** @returns exactly the bytes of the range; rejects where it exceeds the source */
  read(range: ByteRange): Promise<Uint8Array>
  /** The same into memory of the caller, as long as the range, where that spares the source memory of its own. */
  readInto?(range: ByteRange, memory: Uint8Array): Promise<void>
}

/** Fills the memory with the ranges, one behind the other. */
export async function readRanges(source: ByteSource, ranges: readonly ByteRange[], memory: Uint8Array): Promise<void> {
  let filled = 0
  for (const range of ranges) {
    const part = memory.subarray(filled, filled + range.lengthBytes)
    if (source.readInto === undefined) part.set(await source.read(range))
    else await source.readInto(range, part)
    filled += range.lengthBytes
  }
}

/** Bytes that are already in memory. Returns views of them. */
export const bytesInMemory = (bytes: Uint8Array): ByteSource => ({
  async read({ offsetBytes, lengthBytes }) {
    if (offsetBytes < 0 || lengthBytes < 0 || offsetBytes + lengthBytes > bytes.length) {
      throw new RangeError('the range lies outside the bytes')
    }
    return bytes.subarray(offsetBytes, offsetBytes + lengthBytes)
  },
})
