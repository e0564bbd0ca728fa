/**
 * The CRC32 of two concatenated byte strings, from their CRC32s and the length of the second: each following byte multiplies the remainder
 * of the first by x^8 (ISO 3309). Takes time logarithmic in the length.
 */

/** The generator, bit-reversed like the checksum: the highest bit is x^0. */
const GENERATOR = 0xedb88320
const ONE = 0x80000000
const X_TO_8 = 0x00800000

export function crc32OfJoined(first: number, second: { readonly crc32: number; readonly lengthBytes: number }): number {
  let shift = ONE
  let square = X_TO_8
  for (let bytes = second.lengthBytes; bytes > 0; bytes = Math.floor(bytes / 2)) {
    if (bytes % 2 === 1) shift = multiply(shift, square)
    square = multiply(square, square)
  }
  return (multiply(first, shift) ^ second.crc32) >>> 0
}

/** The product of two polynomials over GF(2), modulo the generator. */
function multiply(a: number, b: number): number {
  let product = 0
  let shifted = b
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if (a & bit) product ^= shifted
    shifted = shifted & 1 ? (shifted >>> 1) ^ GENERATOR : shifted >>> 1
  }
  return product >>> 0
}
