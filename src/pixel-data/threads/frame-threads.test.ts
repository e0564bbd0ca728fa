/** Codecs that never end, trap or ask for too much take their own frame with them, and no other. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import type { FrameToStore } from '../frame/store-frame.ts'
import { draw, pixelOf, startThreads } from '../frames.fixture.ts'

const CRASHING = new URL('./crashing-thread.fixture.ts', import.meta.url)
const pixel = pixelOf({ bitsAllocated: 8, rows: 40, columns: 40 })

const frameOf = (bytes: Uint8Array, given: Partial<FrameToStore> = {}): FrameToStore => ({
  ...{ bytes, pixel, transferSyntaxUID: '1.2.840.10008.1.2.1', firstBit: 0, littleEndian: true },
  ...{ format: 'HTJ2K', isFloat: false },
  ...given,
})

/** A sound frame whose first byte, which is all that a deadly thread looks at, is given. */
const beginning = (first: number): Uint8Array => {
  const bytes = Uint8Array.from(draw(pixel))
  bytes[0] = first
  return bytes
}
const sound = beginning(200)

describe('a frame whose codec', () => {
  for (const [what, first] of [
    ['never ends', 1],
    ['traps', 2],
    ['ends its thread', 3],
  ] as const) {
    test(`${what} is broken, and the frames around it are not`, async () => {
      const threads = startThreads({ frameDeadlineMs: first === 1 ? 500 : 60_000 }, CRASHING)
      const frames = [sound, beginning(first), sound, beginning(first), sound, sound].map((bytes) => frameOf(bytes))
      const outcomes = await Promise.all(frames.map((frame) => threads.transcode(frame)))
      assert.deepEqual(
        outcomes.map(({ kind }) => kind),
        ['stored', 'broken', 'stored', 'broken', 'stored', 'stored'],
      )
      for (const outcome of outcomes) {
        if (outcome.kind === 'stored') assert.equal(outcome.frame.checksum, crc32(sound))
      }
      await threads.stop()
    })
  }

  test('asks for more memory than it may have is broken, and a smaller one is not', async () => {
    const threads = startThreads({ frameThreads: 1, frameThreadBytes: 24 * 1024 ** 2 })
    after(() => threads.stop())
    const large = pixelOf({ rows: 4096, columns: 4096 })
    const outcome = await threads.transcode(frameOf(draw(large), { pixel: large }))
    assert.equal(outcome.kind, 'broken')
    assert.equal((await threads.transcode(frameOf(sound))).kind, 'stored')
  })

  test('cannot read it is broken, with a reason that has nothing of it', async () => {
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
    assert.equal((await threads.transcode(frameOf(sound))).kind, 'stored')
  })
})

test('a caller may reuse its bytes at once', async () => {
  const threads = startThreads({ frameThreads: 1 })
  after(() => threads.stop())
  const bytes = Uint8Array.from(sound)
  const outcome = threads.transcode(frameOf(bytes))
  bytes.fill(0)
  const { frame } = (await outcome) as { frame: { checksum: number } }
  assert.equal(frame.checksum, crc32(sound))
})

test('frames that are under way when the threads stop are neither stored nor broken', async () => {
  const threads = startThreads({ frameThreads: 1 }, CRASHING)
  const outcomes = Promise.allSettled([beginning(1), sound].map((bytes) => threads.transcode(frameOf(bytes))))
  await threads.stop()
  assert.deepEqual(
    (await outcomes).map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  await assert.rejects(threads.transcode(frameOf(sound)), /have stopped/)
})
