/** Bytes that are read a range at a time, so that a file of gigabytes never lies in memory whole. */

export interface ByteRange {
  readonly offsetBytes: number
  readonly lengthBytes: number
}

export interface ByteSource {
  /** @returns exactly the bytes of the range; rejects where they are not there */
  read(range: ByteRange): Promise<Uint8Array>
}

/** Bytes that are in memory already: what it hands out are views of them. */
export const bytesInMemory = (bytes: Uint8Array): ByteSource => ({
  async read({ offsetBytes, lengthBytes }) {
    if (offsetBytes < 0 || lengthBytes < 0 || offsetBytes + lengthBytes > bytes.length) {
      throw new RangeError('the range lies outside the bytes')
    }
    return bytes.subarray(offsetBytes, offsetBytes + lengthBytes)
  },
})
