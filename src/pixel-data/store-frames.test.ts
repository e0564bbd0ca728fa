/** How the frames of all kinds of instances are stored, and with which warning. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { type ByteRange, bytesInMemory } from '../dicom/byte-source.ts'
import { encodeP10 } from '../dicom/encode.ts'
import { parseP10 } from '../dicom/parse.ts'
import type { ImagePixel } from './element/image-pixel.ts'
import { planFrames } from './frame-plan.ts'
import {
  attributesOf,
  bytesOf,
  draw,
  fileOf,
  pixelOf,
  startThreads,
  storeAll,
  storedSyntaxOf,
} from './frames.fixture.ts'
import { storedFrames } from './store-frames.ts'
import type { StoredFrame } from './stored-frame.ts'
import type { WaitingFrame } from './threads/frame-threads.ts'

const threads = startThreads()
after(() => threads.stop())

const UID = '1.2.840.10008.1.2'
const GREY = pixelOf({ bitsAllocated: 8 })

describe('stored without transcoding', () => {
  const BITS = { bitsAllocated: 1, photometricInterpretation: 'MONOCHROME2' }

  test('a segmentation of single bits, whose frames begin within a byte', async () => {
    const pixel = pixelOf({ ...BITS, rows: 3, columns: 5, numberOfFrames: 3 })
    // 45 bits: frames begin at bits 0, 15 and 30.
    const packed = Buffer.from([0b10101010, 0b11001100, 0b01010101, 0b11110000, 0b00111100, 0b00010101])
    const { frames, plan, warning } = await storeAll(fileOf(pixel, { frames: [packed] }), threads)
    assert.equal(warning, undefined)
    assert.equal(storedSyntaxOf(plan), `${UID}.1`)
    const value = packed.readUIntLE(0, 6)
    const expected = [0, 15, 30].map((bit) => Math.floor(value / 2 ** bit) % 2 ** 15)
    assert.deepEqual(
      frames.map((frame) => Buffer.from(bytesOf(frame, packed)).readUInt16LE()),
      expected,
    )
    assert.deepEqual(
      frames.map(({ checksum, sizeBytes }) => [checksum, sizeBytes]),
      frames.map((frame) => [crc32(bytesOf(frame, packed)), 2]),
    )
  })

  test('frames of single bits that fill their bytes are ranges of the file', async () => {
    const pixel = pixelOf({ ...BITS, rows: 4, columns: 4, numberOfFrames: 2 })
    const file = fileOf(pixel, { frames: [Uint8Array.of(1, 2, 3, 4)] })
    const { frames } = await storeAll(file, threads)
    assert.deepEqual(
      frames.map(({ content }) => content.kind),
      ['ranges', 'ranges'],
    )
    assert.deepEqual([...bytesOf(frames[1]!, file)], [3, 4])
  })

  test('single bits of any other native syntax are transcoded', async () => {
    const pixel = pixelOf({ ...BITS, rows: 3, columns: 5 })
    const { frames, plan } = await storeAll(
      fileOf(pixel, { frames: [Uint8Array.of(0b10101010, 0b1001100)] }, UID),
      threads,
    )
    assert.equal(storedSyntaxOf(plan), `${UID}.4.202`)
    assert.equal(frames[0]!.checksum, crc32(Uint8Array.of(0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 1)))
    assert.deepEqual([frames[0]!.minPixelValue, frames[0]!.maxPixelValue], [0, 1])
  })

  test('JPEG XL and lossy HTJ2K, frame by frame', async () => {
    const pixel = { ...GREY, numberOfFrames: 2 }
    for (const ending of ['.4.112', '.4.203']) {
      const encoded = [Uint8Array.of(0xff, 0x0a, 1, 2), Uint8Array.of(0xff, 0x0a, 3, 4, 5, 6)]
      const file = fileOf(pixel, { frames: encoded }, UID + ending)
      const { frames, plan, warning } = await storeAll(file, threads)
      assert.deepEqual([warning, storedSyntaxOf(plan)], [undefined, UID + ending])
      assert.deepEqual(
        frames.map((frame) => [...bytesOf(frame, file)]),
        encoded.map((bytes) => [...bytes]),
      )
      assert.deepEqual(
        frames.map(({ checksum }) => checksum),
        encoded.map((bytes) => crc32(bytes)),
      )
      assert.deepEqual([frames[0]!.columns, frames[0]!.rows, frames[0]!.maxPixelValue], [90, 61, null])
    }
  })

  test('video is one object, whatever the number of frames and fragments, if its beginning matches its transfer syntax', async () => {
    const pixel = { ...GREY, numberOfFrames: 25 }
    const videos: [ending: string, beginning: string][] = [
      ['.4.100', '000001b3'],
      ['.4.101', '000001ba'],
      ['.4.102', '0000000167640028'],
      ['.4.106.1', '0000002066747970'],
      ['.4.107', '0000000140010c01'],
      ['.4.108', '47400010'],
    ]
    for (const [ending, beginning] of videos) {
      const video = Buffer.concat([Buffer.from(beginning, 'hex'), Buffer.alloc(400, 0x47)])
      const file = fileOf(pixel, { frames: [video], fragmentSizeBytes: 30, offsetTable: 'empty' }, UID + ending)
      const { frames, warning } = await storeAll(file, threads)
      assert.equal(warning, undefined, ending)
      assert.deepEqual([frames.length, frames[0]!.checksum, frames[0]!.sizeBytes], [1, crc32(video), video.length])
      const other = fileOf(pixel, { frames: [Buffer.from('GIF89a no video')] }, UID + ending)
      const refused = await storeAll(other, threads)
      assert.deepEqual([refused.warning?.type, refused.frames.length], ['TranscodingException', 0])
    }
  })
})

describe('values', () => {
  test('are stored values, and the size is that of the stored bytes', async () => {
    const pixel = pixelOf({ rows: 2, columns: 2, bitsStored: 12, isSigned: true })
    const cells = Buffer.from(Int16Array.of(-5, 7, 0, 2047).buffer)
    const [frame] = (await storeAll(fileOf(pixel, { frames: [cells] }), threads)).frames
    assert.deepEqual([frame!.minPixelValue, frame!.maxPixelValue, frame!.checksum], [-5, 2047, crc32(cells)])
    assert.equal(frame!.sizeBytes, bytesOf(frame!, cells).length)
  })

  test('of signed samples of 16 bits have the checksum of the pixel data', async () => {
    const pixel = pixelOf({ rows: 375, columns: 512, isSigned: true })
    const cells = draw(pixel)
    const [frame] = (await storeAll(fileOf(pixel, { frames: [cells] }, UID), threads)).frames
    assert.equal(frame!.checksum, crc32(cells))
  })

  test('of colour by plane are those of colour by pixel', async () => {
    const pixel = pixelOf({ bitsAllocated: 8, samplesPerPixel: 3, rows: 30, columns: 31 })
    const cells = draw(pixel)
    const planes = Buffer.concat([0, 1, 2].map((sample) => cells.filter((_, index) => index % 3 === sample)))
    const file = fileOf({ ...pixel, isPlanar: true }, { frames: [planes] })
    const [frame] = (await storeAll(file, threads)).frames
    assert.deepEqual([frame!.checksum, frame!.photometricInterpretation], [crc32(cells), 'RGB'])
  })

  test('of YBR remain YBR, with chroma for every pixel', async () => {
    const pixel = pixelOf({
      bitsAllocated: 8,
      samplesPerPixel: 3,
      rows: 2,
      columns: 2,
      photometricInterpretation: 'YBR_FULL_422',
    })
    const half = fileOf(pixel, { frames: [Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)] })
    const full = Uint8Array.of(1, 3, 4, 2, 3, 4, 5, 7, 8, 6, 7, 8)
    const mislabelled = fileOf(pixel, { frames: [full] })
    for (const file of [half, mislabelled]) {
      const { frames, warning } = await storeAll(file, threads)
      assert.equal(warning, undefined)
      assert.deepEqual([frames[0]!.checksum, frames[0]!.photometricInterpretation], [crc32(full), 'YBR_FULL'])
    }
  })

  test('of floating point numbers are kept in explicit little endian, without minimum and maximum', async () => {
    const pixel = pixelOf({ rows: 2, columns: 2, bitsAllocated: 32 })
    const cells = new Uint8Array(Float32Array.of(1.5, -2, 0, Number.NaN).buffer)
    const attributes = { ...attributesOf(pixel), FloatPixelData: { vr: 'OF', value: cells } }
    const { frames, plan } = await storeAll(encodeP10({ transferSyntaxUID: UID, attributes }), threads)
    assert.equal(storedSyntaxOf(plan), `${UID}.1`)
    assert.deepEqual([frames[0]!.checksum, frames[0]!.minPixelValue], [crc32(cells), null])
  })
})

describe('frames that cannot be stored', () => {
  const warningOf = async (file: Uint8Array) => (await storeAll(file, threads)).warning?.type

  test('without pixel data there is no warning', async () => {
    const attributes = { SOPClassUID: '1.2', SOPInstanceUID: '1.3' }
    assert.equal((await storeAll(encodeP10({ transferSyntaxUID: UID, attributes }), threads)).plan.kind, 'none')
  })

  test('each cause has the warning type of AWS', async () => {
    const drawn = draw(GREY)
    assert.equal(await warningOf(fileOf(GREY, { frames: [drawn] }, `${UID}.4.53`)), 'UnsupportedTransferSyntax')
    assert.equal(await warningOf(fileOf(GREY, { frames: [drawn] }, '1.2.3.4.5')), 'UnsupportedTransferSyntax')
    assert.equal(await warningOf(fileOf({ ...GREY, rows: 62 }, { frames: [drawn] })), 'FramesExtractionFailure')
    assert.equal(await warningOf(fileOf(GREY, { frames: [] }, UID)), 'FramesExtractionFailure')
    assert.equal(await warningOf(fileOf({ ...GREY, numberOfFrames: 2 }, { frames: [drawn] })), 'FrameNumberMismatch')
    assert.equal(
      await warningOf(fileOf({ ...GREY, numberOfFrames: 3 }, { frames: [drawn, drawn] }, `${UID}.5`)),
      'FrameNumberMismatch',
    )
    assert.equal(await warningOf(fileOf(GREY, { frames: [drawn] }, `${UID}.5`)), 'TranscodingException')
    assert.equal(await warningOf(fileOf(GREY, { frames: [drawn] }, `${UID}.4.70`)), 'TranscodingException')
    assert.equal(
      await warningOf(fileOf({ ...GREY, rows: 0 } as ImagePixel, { frames: [drawn] })),
      'FramesExtractionFailure',
    )
  })

  test('one broken frame makes all frames of the instance unavailable, and no frame after it is returned', async () => {
    const pixel = { ...GREY, numberOfFrames: 9 }
    const valid = (await storeAll(fileOf(GREY, { frames: [draw(GREY)] }), threads)).frames[0]!
    const encoded = Array.from({ length: 9 }, (_, index) =>
      index === 4 ? Uint8Array.of(0xff, 0x4f, 0, 0) : bytesOf(valid, valid as never),
    )
    const { frames, warning } = await storeAll(fileOf(pixel, { frames: encoded }, `${UID}.4.202`), threads)
    assert.equal(frames.length, 4)
    assert.match(warning!.message, /^Frame 5 cannot be transcoded/)
  })
})

test('frames are returned in order, and only a few are read ahead', async () => {
  const pixel = pixelOf({ bitsAllocated: 8, rows: 16, columns: 16, numberOfFrames: 60 })
  const cells = Array.from({ length: 60 }, (_, index) => draw(pixel, index + 1))
  const file = parseP10(fileOf(pixel, { frames: cells }))
  const plan = planFrames(file, { format: 'HTJ2K' })
  assert.ok(plan.kind === 'frames')
  const kept: StoredFrame[] = []
  let read = 0
  let ahead = 0
  const source = {
    async read({ offsetBytes, lengthBytes }: ByteRange) {
      read += 1
      ahead = Math.max(ahead, read - kept.length)
      return file.bytes.subarray(offsetBytes, offsetBytes + lengthBytes)
    },
  }
  for await (const frame of storedFrames(plan, { source, threads })) kept.push(frame)
  assert.deepEqual(
    kept.map(({ frameNumber }) => frameNumber),
    cells.map((_, index) => index + 1),
  )
  assert.deepEqual(
    kept.map(({ checksum }) => checksum),
    cells.map((frame) => crc32(frame)),
  )
  assert.ok(ahead <= 2 * threads.size, `${ahead} frames read ahead`)
})

test('an error of the source is thrown, and after an early return no frame is in progress', async () => {
  const pixel = pixelOf({ bitsAllocated: 8, rows: 16, columns: 16, numberOfFrames: 20 })
  const file = parseP10(fileOf(pixel, { frames: Array.from({ length: 20 }, () => draw(pixel)) }))
  const plan = planFrames(file, { format: 'HTJ2K' })
  assert.ok(plan.kind === 'frames')
  let reads = 0
  const failing = {
    async read({ offsetBytes, lengthBytes }: ByteRange) {
      if (++reads > 2) throw new Error('the store is unavailable')
      return file.bytes.subarray(offsetBytes, offsetBytes + lengthBytes)
    },
  }
  const all = async () => {
    for await (const _ of storedFrames(plan, { source: failing, threads }));
  }
  await assert.rejects(all, /the store is unavailable/)
  let inProgress = 0
  const counted = {
    ...{ size: threads.size, pixelBytesAhead: threads.pixelBytesAhead },
    async transcode(frame: WaitingFrame) {
      inProgress += 1
      const outcome = await threads.transcode(frame)
      inProgress -= 1
      return outcome
    },
  }
  for await (const { frameNumber } of storedFrames(plan, { source: bytesInMemory(file.bytes), threads: counted })) {
    if (frameNumber === 2) break
  }
  assert.equal(inProgress, 0)
})
