/** Huffman codes and the bits of a JPEG scan (ITU-T T.81 annexes C and F.2.2). */
import { DicomError } from '../../dicom/dicom-error.ts'

/** For each value of the next sixteen bits: the symbol, with the length of its code in the upper byte; 0 is no code. */
export type HuffmanTable = Uint16Array

/**
 * @param counts the number of codes of each length, 1 to 16
 * @throws DicomError where there are more codes than their lengths allow
 */
export function huffmanTable(counts: Uint8Array, symbols: Uint8Array): HuffmanTable {
  const table = new Uint16Array(65_536)
  let from = 0
  let symbol = 0
  for (let length = 1; length <= 16; length++) {
    const span = 1 << (16 - length)
    for (let index = 0; index < counts[length - 1]!; index++) {
      if (from + span > table.length)
        throw new DicomError({ reason: 'the JPEG stream has a Huffman table that overflows' })
      table.fill((length << 8) | symbols[symbol++]!, from, from + span)
      from += span
    }
  }
  return table
}

const cutShort = () => new DicomError({ reason: 'the JPEG stream ends before its picture does' })

/** Reads the entropy-coded bytes of a scan: drops the stuffed zero after FF, and ends at a marker. */
export class BitReader {
  readonly #bytes: Uint8Array
  #at: number
  #bits = 0
  #held = 0
  /** Bytes that were read beyond the end: if one of their bits is used, the stream is truncated. */
  #missing = 0

  constructor(bytes: Uint8Array, offsetBytes: number) {
    this.#bytes = bytes
    this.#at = offsetBytes
  }

  /** The next symbol. */
  decode(table: HuffmanTable): number {
    if (this.#held < 16) this.#fill()
    const entry = table[(this.#bits >>> (this.#held - 16)) & 0xffff]!
    if (entry === 0) throw new DicomError({ reason: 'the JPEG stream has bits that are no Huffman code' })
    this.#held -= entry >> 8
    return entry & 0xff
  }

  /** A difference of the given number of bits (T.81 F.2.2.1: receive and extend). */
  difference(size: number): number {
    if (size === 0) return 0
    if (this.#held < size) this.#fill()
    this.#held -= size
    const value = (this.#bits >>> this.#held) & ((1 << size) - 1)
    return value < 1 << (size - 1) ? value - (1 << size) + 1 : value
  }

  /** Discards the rest of the byte and skips the restart marker that must follow. */
  restart(): void {
    this.end()
    this.#held = 0
    this.#missing = 0
    this.#bits = 0
    while (this.#at + 1 < this.#bytes.length) {
      const isMarker =
        this.#bytes[this.#at] === 0xff && this.#bytes[this.#at + 1] !== 0 && this.#bytes[this.#at + 1] !== 0xff
      if (isMarker) break
      this.#at += 1
    }
    const marker = this.#bytes[this.#at + 1] ?? 0
    if (marker >= 0xd0 && marker <= 0xd7) this.#at += 2
    else throw new DicomError({ reason: 'the JPEG stream lacks a restart marker' })
  }

  /** The end of the entropy-coded bytes, once all of the scan was read. */
  end(): number {
    if (this.#missing * 8 > this.#held) throw cutShort()
    return this.#at
  }

  #fill(): void {
    while (this.#held <= 16) {
      this.#bits = (this.#bits << 8) | this.#nextByte()
      this.#held += 8
    }
  }

  #nextByte(): number {
    const byte = this.#bytes[this.#at]
    if (byte !== undefined && byte !== 0xff) {
      this.#at += 1
      return byte
    }
    if (byte === 0xff && this.#bytes[this.#at + 1] === 0) {
      this.#at += 2
      return 0xff
    }
    this.#missing += 1
    if (this.#missing > 3) throw cutShort()
    return 0
  }
}
