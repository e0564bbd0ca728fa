/** Extended offset tables, for frames beyond 4 GiB, tested with small frames. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { bytesInMemory } from '../../dicom/byte-source.ts'
import { encodeP10Around } from '../../dicom/encode.ts'
import { parseP10 } from '../../dicom/parse.ts'
import { planFrames } from '../../pixel-data/frame-plan.ts'
import { attributesOf, pixelOf, startThreads } from '../../pixel-data/frames.fixture.ts'
import { planFile } from '../../pixel-data/frames-in-file.ts'
import { writeWhole } from './draft-file.ts'
import { temporaryFolder } from './export.fixture.ts'
import {
  emptyExtendedTables,
  NotExported,
  needsExtendedTables,
  writeEncapsulated,
  writeNative,
} from './export-pixels.ts'

const JPEG = '1.2.840.10008.1.2.4.50'
const pixel = pixelOf({ bitsAllocated: 8, numberOfFrames: 3 })
const CONTENTS = [
  Buffer.from('ffd8 01 ffd9'.replaceAll(' ', ''), 'hex'),
  Buffer.from('ffd80203ffd9', 'hex'),
  Buffer.from('ffd8ffd9', 'hex'),
]
const frames = CONTENTS.map((bytes, index) => ({
  ID: String(index),
  PixelDataChecksumFromBaseToFullResolution: [{ Width: 90, Height: 61, Checksum: crc32(bytes) }],
  ...{ MinPixelValue: null, MaxPixelValue: null, FrameSizeInBytes: bytes.length },
}))
const stored = {
  ...{ storedTransferSyntaxUID: JPEG, originalTransferSyntaxUID: JPEG, pixel, frameCount: 3, isFloat: false },
}
const plan = planFile(stored, { compressed: false })

test('the extended tables have the offset and length of each frame', async (t) => {
  const threads = startThreads()
  t.after(() => threads.stop())
  const path = join(temporaryFolder(t), 'file.dcm')
  const attributes = { ...attributesOf(pixel), ...emptyExtendedTables(3) }
  const { before, after } = encodeP10Around('7FE00010', { transferSyntaxUID: JPEG, attributes })
  const open = async function* ({ ID }: { ID: string }) {
    yield CONTENTS[Number(ID)]!
  }
  await writeWhole(path, {
    overwrite: false,
    write: async (draft) => {
      await draft.append(before)
      await writeEncapsulated(draft, { frames, pixel, plan, threads, open }, { isExtended: true })
      await draft.append(after)
    },
  })
  const file = parseP10(readFileSync(path))
  const offsets = Buffer.from(file.dataSet.bytes('7FE00001')!)
  const lengths = Buffer.from(file.dataSet.bytes('7FE00002')!)
  // Five bytes are padded to six, and each item has a header of eight.
  assert.deepEqual(
    [0, 8, 16].map((at) => offsets.readBigUInt64LE(at)),
    [0n, 14n, 28n],
  )
  assert.deepEqual(
    [0, 8, 16].map((at) => lengths.readBigUInt64LE(at)),
    [5n, 6n, 4n],
  )
  const read = planFrames(file, { format: 'HTJ2K' })
  assert.ok(read.kind === 'frames' && read.warning === undefined)
  for (const [index, bytes] of CONTENTS.entries()) {
    const { ranges } = read.cut.place(index)
    assert.deepEqual(await bytesInMemory(file.bytes).read(ranges[0]!), bytes)
  }
})

test('they are needed beyond 4 GiB, but not for a video', () => {
  const huge = frames.map((frame) => ({ ...frame, FrameSizeInBytes: 1_500_000_000 }))
  assert.equal(needsExtendedTables({ frames, plan }), false)
  assert.equal(needsExtendedTables({ frames: huge, plan }), true)
  assert.equal(needsExtendedTables({ frames: huge, plan: { ...plan, form: 'video' } }), false)
})

test('uncompressed pixels beyond 4 GiB are refused before writing', async (t) => {
  const path = join(temporaryFolder(t), 'file.dcm')
  const many = Array.from({ length: 1_000 }, () => frames[0]!)
  const large = pixelOf({ rows: 2_000, columns: 2_000, numberOfFrames: 1_000 })
  const threads = { transcode: () => Promise.reject(new Error('nothing is to be decoded')) }
  const open = () => {
    throw new Error('nothing is to be fetched')
  }
  const writing = { frames: many, pixel: large, plan: { ...plan, form: 'unpacked' as const }, threads, open }
  const write = writeWhole(path, { overwrite: false, write: (draft) => writeNative(draft, writing) })
  await assert.rejects(write, (error) => error instanceof NotExported && /more than the 4 GiB/.test(error.message))
})
