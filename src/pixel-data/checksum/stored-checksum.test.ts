/** The checksum of stored frames: what it is, that it does not depend on how the bytes come, and what changes it. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { memoryForChecksums, StoredChecksum, storedChecksum } from './stored-checksum.ts'

/** As it is described, without a word of how it is made fast. */
function asDescribed(frameNumber: number, bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const wholeBytes = bytes.length - (bytes.length % 64)
  const words = Array<bigint>(8).fill(0n)
  const sums = Array<bigint>(8).fill(0n)
  for (let at = 0; at < wholeBytes; at += 4) {
    const lane = (at / 4) % 8
    words[lane] = BigInt.asUintN(64, words[lane]! + BigInt(view.getUint32(at, true)))
    sums[lane] = BigInt.asUintN(64, sums[lane]! + words[lane])
  }
  const length = Buffer.alloc(8)
  length.writeDoubleLE(bytes.length)
  const state = Buffer.alloc(128)
  for (let pair = 0; pair < 4; pair++) {
    for (const [slot, of] of [words, sums].entries()) {
      state.writeBigUInt64LE(of[2 * pair]!, pair * 32 + slot * 16)
      state.writeBigUInt64LE(of[2 * pair + 1]!, pair * 32 + slot * 16 + 8)
    }
  }
  return crc32(bytes.subarray(wholeBytes), crc32(state, crc32(length, frameNumber)))
}

test('it is what is described, of any length and at any place in memory', () => {
  for (const length of [0, 1, 63, 64, 65, 128, 1_000, 65_536, 65_600, 200_003]) {
    const bytes = randomBytes(length)
    assert.equal(storedChecksum(7, bytes), asDescribed(7, bytes), `${length} bytes`)
    const memory = memoryForChecksums(length + 3)
    for (const start of [0, 3]) {
      const there = memory.subarray(start, start + length)
      there.set(bytes)
      assert.equal(storedChecksum(7, there), asDescribed(7, bytes), `${length} bytes in place`)
    }
  }
})

test('sums go over what 64 bits hold as described', () => {
  const bytes = new Uint8Array(4 * 1024 ** 2).fill(0xff)
  assert.equal(storedChecksum(1, bytes), asDescribed(1, bytes))
})

test('it is the same in whatever pieces the bytes come, beside others that are being made', () => {
  const bytes = randomBytes(5_000)
  const other = new StoredChecksum(2)
  for (const pieceBytes of [1, 7, 64, 100, 4_999]) {
    const checksum = new StoredChecksum(1)
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      checksum.add(bytes.subarray(at, at + pieceBytes))
      other.add(randomBytes(70))
    }
    assert.equal(checksum.end(), storedChecksum(1, bytes), `pieces of ${pieceBytes}`)
  }
})

test('every bit of a frame changes it', () => {
  const bytes = randomBytes(333)
  const sound = storedChecksum(1, bytes)
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    assert.notEqual(storedChecksum(1, bytes), sound, `bit ${bit}`)
    bytes[bit >> 3]! ^= 1 << (bit & 7)
  }
})

test('so do two bits, blocks that changed places, a length and the number of the frame', () => {
  const bytes = randomBytes(8_192)
  const sound = storedChecksum(1, bytes)
  for (let round = 0; round < 2_000; round++) {
    const damaged = Buffer.from(bytes)
    const [first, second] = [round * 3, 65_535 - ((round * 7_919) % 30_000)]
    for (const bit of [first, second]) damaged[bit >> 3]! ^= 1 << (bit & 7)
    assert.notEqual(storedChecksum(1, damaged), sound, `bits ${first} and ${second}`)
  }
  // The same bit of two words of one lane, once set and once cleared: the sum of words stays.
  for (let bit = 0; bit < 32; bit++) {
    const words = new Uint32Array(64)
    words[40] = 2 ** bit
    const moved = new Uint32Array(64)
    moved[8] = 2 ** bit
    assert.notEqual(storedChecksum(1, new Uint8Array(words.buffer)), storedChecksum(1, new Uint8Array(moved.buffer)))
  }
  const swapped = Buffer.concat([bytes.subarray(4_096), bytes.subarray(0, 4_096)])
  assert.notEqual(storedChecksum(1, swapped), sound)
  assert.notEqual(storedChecksum(2, bytes), sound)
  assert.notEqual(storedChecksum(1, new Uint8Array(64)), storedChecksum(1, new Uint8Array(128)))
})
