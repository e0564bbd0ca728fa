/** The checksum of stored frames: what it is, that it does not depend on how the bytes come, and what changes it. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { memoryForChecksums, StoredChecksum, storedChecksum } from './stored-checksum.ts'

/** The definition of lane-sums.ts and stored-checksum.ts, written without regard to speed. */
function asDefined(frameNumber: number, bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const wholeBytes = bytes.length - (bytes.length % 128)
  const add = (sums: bigint[], at: number, value: bigint) => {
    sums[at] = BigInt.asUintN(64, sums[at]! + value)
  }
  const lanes = Array<bigint>(16).fill(0n)
  const firsts = Array<bigint>(4).fill(0n)
  const seconds = Array<bigint>(4).fill(0n)
  for (let start = 0; start < wholeBytes; start += 128) {
    const totals = [0n, 0n]
    for (let lane = 0; lane < 16; lane++) {
      const word = view.getBigUint64(start + lane * 8, true)
      add(lanes, lane, word)
      add(totals, lane % 2, word)
    }
    for (const [at, total] of totals.entries()) {
      add(firsts, at, total & 0xffffffffn)
      add(firsts, 2 + at, total >> 32n)
    }
    for (const [at, first] of firsts.entries()) add(seconds, at, first)
  }
  const length = Buffer.alloc(8)
  length.writeDoubleLE(bytes.length)
  const sums = Buffer.from(new BigUint64Array([...lanes, ...firsts, ...seconds]).buffer)
  return crc32(bytes.subarray(wholeBytes), crc32(sums, crc32(length, frameNumber)))
}

test('the checksum equals its definition, for any length at any place in memory', () => {
  for (const length of [0, 1, 127, 128, 129, 256, 1_000, 65_536, 65_600, 200_003]) {
    const bytes = randomBytes(length)
    assert.equal(storedChecksum(7, bytes), asDefined(7, bytes), `${length} bytes`)
    const memory = memoryForChecksums(length + 3)
    for (const start of [0, 3]) {
      const there = memory.subarray(start, start + length)
      there.set(bytes)
      assert.equal(storedChecksum(7, there), asDefined(7, bytes), `${length} bytes in place`)
    }
  }
})

test('sums wrap at 64 bits as defined', () => {
  const bytes = new Uint8Array(4 * 1024 ** 2).fill(0xff)
  assert.equal(storedChecksum(1, bytes), asDefined(1, bytes))
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
  // One bit of two words of a lane, once set and once cleared: the sum of the lane stays the same. Of the highest bit, also where both are set.
  for (let bit = 0n; bit < 64n; bit++) {
    for (const [first, second, distant] of [
      [0, 16, 96],
      [5, 37, 69],
    ] as const) {
      const withBits = (...at: number[]) => {
        const words = new BigUint64Array(128)
        for (const word of at) words[word] = 2n ** bit
        return storedChecksum(1, new Uint8Array(words.buffer))
      }
      const checksums = [withBits(first), withBits(second), withBits(distant), withBits(first, second), withBits()]
      checksums.push(withBits(first, distant), withBits(second, distant))
      assert.equal(new Set(checksums).size, checksums.length, `bit ${bit}`)
    }
  }
  const swapped = Buffer.concat([bytes.subarray(4_096), bytes.subarray(0, 4_096)])
  assert.notEqual(storedChecksum(1, swapped), sound)
  assert.notEqual(storedChecksum(2, bytes), sound)
  assert.notEqual(storedChecksum(1, new Uint8Array(128)), storedChecksum(1, new Uint8Array(256)))
})
