/** Codecs that never end, trap or ask for too much memory fail their own frame and no other. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { crc32 } from 'node:zlib'
import type { FrameToStore } from '../frame/store-frame.ts'
import { draw, pixelOf, startThreads } from '../frames.fixture.ts'
import { frameInMemory, type WaitingFrame } from './frame-threads.ts'

const CRASHING = new URL('./crashing-thread.fixture.ts', import.meta.url)
const pixel = pixelOf({ bitsAllocated: 8, rows: 40, columns: 40 })

const frameOf = (bytes: Uint8Array, given: Partial<FrameToStore> = {}): WaitingFrame =>
  frameInMemory({
    ...{ bytes, pixel, transferSyntaxUID: '1.2.840.10008.1.2.1', firstBit: 0, littleEndian: true },
    ...{ format: 'HTJ2K', isFloat: false },
    ...given,
  })

/** A valid frame with the given first byte, which decides how crashing-thread.fixture.ts fails. */
const frameStarting = (first: number): Uint8Array => {
  const bytes = Uint8Array.from(draw(pixel))
  bytes[0] = first
  return bytes
}
const valid = frameStarting(200)
const MIB = 1024 ** 2

describe('a frame whose codec', () => {
  for (const [what, first] of [
    ['never ends', 1],
    ['traps', 2],
    ['ends its thread', 3],
  ] as const) {
    test(`${what} is broken, and its neighbours are not`, async () => {
      const threads = startThreads({ frameDeadlineMs: first === 1 ? 2_000 : 60_000 }, CRASHING)
      const frames = [valid, frameStarting(first), valid, frameStarting(first), valid, valid].map((bytes) =>
        frameOf(bytes),
      )
      const outcomes = await Promise.all(frames.map((frame) => threads.transcode(frame)))
      assert.deepEqual(
        outcomes.map(({ kind }) => kind),
        ['stored', 'broken', 'stored', 'broken', 'stored', 'stored'],
      )
      for (const outcome of outcomes) {
        if (outcome.kind === 'stored') assert.equal(outcome.frame.checksum, crc32(valid))
      }
      await threads.stop()
    })
  }

  test('exceeds its memory limit is broken, and a smaller one is not', async () => {
    // Input and output take 64 MiB, which leaves 64 MiB for the codec. It starts with 50 MiB and needs more.
    const threads = startThreads({ frameThreads: 1, frameThreadBytes: 128 * MIB })
    after(() => threads.stop())
    const large = pixelOf({ rows: 4096, columns: 4096 })
    const outcome = await threads.transcode(frameOf(draw(large), { pixel: large }))
    assert.equal(outcome.kind, 'broken')
    assert.match(outcome.kind === 'broken' ? outcome.reason : '', /more memory .*limits\.frameThreadBytes/)
    assert.equal((await threads.transcode(frameOf(valid))).kind, 'stored')
  })

  test('cannot decode it is broken, with a reason that contains no data of the frame', async () => {
    const threads = startThreads({ frameThreads: 1 })
    after(() => threads.stop())
    const patient = Buffer.from('Doe^Jane'.repeat(300))
    const syntaxes = ['.4.51', '.4.57', '.4.70', '.4.80', '.4.81', '.4.90', '.4.92', '.4.201', '.4.202', '.5', '']
    const prefixes = [
      [],
      [0xff, 0xd8],
      [0xff, 0x4f, 0xff, 0x51],
      [0xff, 0xd8, 0xff, 0xf7, 0, 11, 8, 0, 40, 0, 40, 1, 1, 17, 0],
    ]
    for (const syntax of syntaxes) {
      for (const prefix of prefixes) {
        const bytes = Buffer.concat([Uint8Array.from(prefix), patient])
        const outcome = await threads.transcode(frameOf(bytes, { transferSyntaxUID: `1.2.840.10008.1.2${syntax}` }))
        assert.equal(outcome.kind, 'broken', syntax)
        assert.doesNotMatch(outcome.kind === 'broken' ? outcome.reason : '', /Doe|Jane/)
      }
    }
    assert.equal((await threads.transcode(frameOf(valid))).kind, 'stored')
  })
})

test('the bytes of a frame stay usable for the caller', async () => {
  const threads = startThreads({ frameThreads: 1 })
  after(() => threads.stop())
  const bytes = Uint8Array.from(valid)
  await threads.transcode(frameOf(bytes))
  assert.deepEqual(bytes, valid)
})

test('frames in progress when the threads stop are rejected', async () => {
  const threads = startThreads({ frameThreads: 1 }, CRASHING)
  const outcomes = Promise.allSettled([frameStarting(1), valid].map((bytes) => threads.transcode(frameOf(bytes))))
  await threads.stop()
  assert.deepEqual(
    (await outcomes).map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  await assert.rejects(threads.transcode(frameOf(valid)), /have stopped/)
})

describe('memory', () => {
  /** A frame that reports when it is read. */
  const watched = (frame: WaitingFrame, onRead: () => void): WaitingFrame => ({
    ...frame,
    async read(memory) {
      // The promise of the frame before settles first.
      await setImmediate()
      onRead()
      await frame.read(memory)
    },
  })
  const large = pixelOf({ rows: 1500, columns: 1500 })
  const largeFrame = frameOf(draw(large), { pixel: large })

  test('a frame that needs more than all shared memory is transcoded alone', async () => {
    const threads = startThreads({ frameMemoryBytes: 32 * MIB })
    after(() => threads.stop())
    const inProgress = new Set<string>()
    const besideLarge: string[] = []
    const transcode = async (name: string, frame: WaitingFrame) => {
      const outcome = await threads.transcode(
        watched(frame, () => {
          if (name === 'large' || inProgress.has('large')) besideLarge.push(...inProgress)
          inProgress.add(name)
        }),
      )
      inProgress.delete(name)
      return outcome.kind
    }
    const outcomes = await Promise.all([
      ...['a', 'b', 'c'].map((name) => transcode(name, frameOf(valid))),
      transcode('large', largeFrame),
      ...['d', 'e', 'f'].map((name) => transcode(name, frameOf(valid))),
    ])
    assert.deepEqual(new Set(outcomes), new Set(['stored']))
    assert.deepEqual(besideLarge, [])
  })

  test('queued frames are not read', async () => {
    const threads = startThreads({ frameThreads: 1 })
    after(() => threads.stop())
    let read = 0
    let most = 0
    const one = async () => {
      await threads.transcode(
        watched(frameOf(valid), () => {
          read += 1
          most = Math.max(most, read)
        }),
      )
      read -= 1
    }
    await Promise.all(Array.from({ length: 20 }, one))
    assert.equal(most, 2)
  })

  test('a frame that cannot fit is broken and is not read', async () => {
    const threads = startThreads({ frameThreadBytes: 8 * MIB })
    after(() => threads.stop())
    const outcome = await threads.transcode(watched(largeFrame, () => assert.fail('it was read')))
    assert.match(outcome.kind === 'broken' ? outcome.reason : '', /limits\.frameThreadBytes/)
  })

  for (const [name, ending] of [
    ['RLE', '.5'],
    ['JPEG', '.4.51'],
    ['JPEG-LS', '.4.80'],
    ['JPEG 2000', '.4.90'],
    ['HTJ2K', '.4.202'],
  ]) {
    test(`a few bytes of ${name} that declare a gigantic image are broken and are not read`, async () => {
      const threads = startThreads()
      after(() => threads.stop())
      const gigantic = pixelOf({ rows: 15_000, columns: 15_000 })
      const claimed = frameOf(valid, { pixel: gigantic, transferSyntaxUID: `1.2.840.10008.1.2${ending}` })
      const outcome = await threads.transcode(watched(claimed, () => assert.fail('it was read')))
      assert.match(outcome.kind === 'broken' ? outcome.reason : '', /too short/)
    })
  }

  test('a frame that cannot be read frees its memory for the next one, and rejects with the error', async () => {
    const threads = startThreads({ frameMemoryBytes: 32 * MIB })
    after(() => threads.stop())
    const unreadable = { ...largeFrame, read: () => Promise.reject(new Error('the store is unavailable')) }
    const [first, second] = await Promise.allSettled([unreadable, largeFrame].map((frame) => threads.transcode(frame)))
    assert.equal(first!.status === 'rejected' && first!.reason.message, 'the store is unavailable')
    assert.equal(second!.status === 'fulfilled' && second!.value.kind, 'stored')
  })

  test('idle threads end after a while, and a later frame gets a new thread', async () => {
    const threads = startThreads({ frameThreads: 1, frameThreadIdleMs: 20 })
    after(() => threads.stop())
    const started: Worker[] = []
    const onWorker = (worker: Worker) => started.push(worker)
    process.on('worker', onWorker)
    after(() => process.off('worker', onWorker))
    assert.equal((await threads.transcode(frameOf(valid))).kind, 'stored')
    await once(started[0]!, 'exit')
    assert.equal((await threads.transcode(frameOf(valid))).kind, 'stored')
    assert.equal(started.length, 2)
  })
})
