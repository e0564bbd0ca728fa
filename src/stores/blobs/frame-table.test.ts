import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ByteRange, bytesInMemory } from '../../dicom/byte-source.ts'
import {
  DamagedFrameTable,
  encodeFrameTable,
  type FrameRange,
  movedFrameTable,
  rangesOfTable,
  readTableFrame,
} from './frame-table.ts'

const at = (offsetBytes: number, lengthBytes: number): FrameRange => ({ in: 'blob', offsetBytes, lengthBytes })
const inFile = (offsetBytes: number, lengthBytes: number): FrameRange => ({ in: 'file', offsetBytes, lengthBytes })

/** Each with a different checksum. */
const withChecksums = (frames: readonly (readonly FrameRange[])[]) =>
  frames.map((ranges, index) => ({ ranges, checksum: 0xffff_ffff - index }))

async function readBack(frames: readonly (readonly FrameRange[])[]) {
  const table = encodeFrameTable(withChecksums(frames))
  const place = { frameCount: frames.length, tableBytes: table.length }
  const read = frames.map((_, index) => readTableFrame(bytesInMemory(table), { frameNumber: index + 1, ...place }))
  return Promise.all(read)
}

for (const [name, frames] of [
  ['of one range each', [[at(0, 10)], [at(10, 0)], [inFile(3, 2 ** 40)]]],
  ['of several ranges or one', [[inFile(8, 4), inFile(20, 4), inFile(40, 5)], [at(0, 0)], [at(2 ** 45, 1)]]],
] satisfies [string, FrameRange[][]][]) {
  test(`frames ${name} are read as they were written`, async () => {
    assert.deepEqual(await readBack(frames), withChecksums(frames))
  })
}

test('a frame without ranges has no bytes, in tables of any length', async () => {
  for (let count = 1; count < 30; count++) {
    const frames = Array.from({ length: count }, (_, index) => (index % 5 === 0 ? [] : [at(index, 1)]))
    const expected = frames.map((ranges) => (ranges.length === 0 ? [at(0, 0)] : ranges))
    assert.deepEqual(await readBack(frames), withChecksums(expected))
    const longer = [at(1, 1), at(2, 2)]
    assert.deepEqual(await readBack([...frames, longer]), withChecksums([...expected, longer]))
  }
})

test('a lookup in a long table reads a few bytes', async () => {
  const frames = Array.from({ length: 100_000 }, (_, index) => [at(index * 1000, 1000)])
  for (const long of [frames, [...frames, [at(1, 1), at(2, 2)]]]) {
    const table = encodeFrameTable(withChecksums(long))
    let bytesRead = 0
    const source = {
      async read({ offsetBytes, lengthBytes }: ByteRange) {
        bytesRead += lengthBytes
        return table.subarray(offsetBytes, offsetBytes + lengthBytes)
      },
    }
    const place = { frameCount: long.length, tableBytes: table.length }
    const { ranges } = await readTableFrame(source, { frameNumber: 77_777, ...place })
    assert.deepEqual(ranges, [at(77_776_000, 1000)])
    assert.ok(bytesRead < 100, `${bytesRead} bytes read`)
  }
})

test('a moved table has new offsets for ranges in the blob, and the same offsets for ranges in the file', () => {
  for (const frames of [
    [[at(100, 10)], [inFile(3, 5)], [at(0, 0)]],
    [[at(100, 10), inFile(8, 4)], [], [at(130, 1)]],
  ]) {
    const moved = movedFrameTable(
      encodeFrameTable(withChecksums(frames)),
      frames.length,
      ({ offsetBytes }) => offsetBytes - 90,
    )
    const expected = frames.map((ranges) =>
      ranges.map((range) =>
        range.in === 'file' || range.lengthBytes === 0 ? range : at(range.offsetBytes - 90, range.lengthBytes),
      ),
    )
    assert.deepEqual(moved, encodeFrameTable(withChecksums(expected)))
    assert.deepEqual(
      [...rangesOfTable(moved, frames.length)].filter(({ lengthBytes }) => lengthBytes > 0),
      expected.flat().filter(({ lengthBytes }) => lengthBytes > 0),
    )
  }
})

test('a table with a flipped bit returns the same frame, another place or checksum, or an error', async () => {
  for (const frames of [
    [[at(100, 10)], [inFile(3, 5)], [at(0, 0)]],
    [[at(100, 10), inFile(8, 4)], [], [at(130, 1)]],
  ]) {
    const table = encodeFrameTable(withChecksums(frames))
    const place = { frameCount: frames.length, tableBytes: table.length }
    const valid = await readBack(frames)
    let detected = 0
    for (let bit = 0; bit < table.length * 8; bit++) {
      table[bit >> 3]! ^= 1 << (bit & 7)
      for (const [index, frame] of valid.entries()) {
        try {
          const read = await readTableFrame(bytesInMemory(table), { frameNumber: index + 1, ...place })
          if (JSON.stringify(read) !== JSON.stringify(frame)) detected += 1
        } catch (error) {
          assert.ok(error instanceof DamagedFrameTable, String(error))
          detected += 1
        }
      }
      table[bit >> 3]! ^= 1 << (bit & 7)
    }
    assert.ok(detected > table.length * 4)
  }
})
