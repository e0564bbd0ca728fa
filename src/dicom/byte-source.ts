/** Bytes that are read one range at a time, so that a file of gigabytes need not fit in memory. */

export interface ByteRange {
  readonly offsetBytes: number
  readonly lengthBytes: number
}

export interface ByteSource {
  /** @returns exactly the bytes of the range; rejects where it exceeds the source */
  read(range: ByteRange): Promise<Uint8Array>
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
