/** Decoded frames wait for memory while clients have not received earlier ones. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { DecodedFrame } from '../app.ts'
import { TemporarilyUnavailable } from '../contract/errors.ts'
import { DEFAULT_LIMITS } from '../limits.ts'
import { draw, pixelOf, startThreads } from '../pixel-data/frames.fixture.ts'
import { openFrameDecoder } from './frame-decoder.ts'

const pixel = pixelOf()
const cells = draw(pixel)
const threads = startThreads()
after(() => threads.stop())

const frame = (bytes: Uint8Array = cells) => ({
  ...{ transferSyntaxUID: '1.2.840.10008.1.2.1', pixel, sizeBytes: bytes.length },
  read: async (memory: Uint8Array) => memory.set(bytes),
})

/** @param frames that fit into its memory */
const decoderFor = (frames: number, servedFrameWaitMs = 60_000) =>
  openFrameDecoder({ ...DEFAULT_LIMITS, servedFrameBytes: frames * cells.length, servedFrameWaitMs }, threads)

function held(decoded: DecodedFrame) {
  assert.ok(decoded.kind === 'decoded')
  assert.ok(Buffer.from(decoded.cells).equals(cells))
  return decoded
}

describe('the frame decoder', () => {
  test('decodes what fits, and the next frame when one is given back, in the order of the calls', async () => {
    const decoder = decoderFor(2)
    const [first, second] = await Promise.all([decoder.decode(frame()), decoder.decode(frame())])
    const done: string[] = []
    const waiting = ['third', 'fourth'].map((name) =>
      decoder.decode(frame()).then((decoded) => {
        done.push(name)
        return held(decoded)
      }),
    )
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(done, [])
    held(first).giveBack()
    const third = await waiting[0]!
    assert.deepEqual(done, ['third'])
    held(second).giveBack()
    third.giveBack()
    const fourth = await waiting[1]!
    fourth.giveBack()
  })

  test('decodes a frame that is larger than its memory alone', async () => {
    const decoder = decoderFor(0.5)
    const first = held(await decoder.decode(frame()))
    const next = decoder.decode(frame())
    first.giveBack()
    held(await next).giveBack()
  })

  test('refuses a frame for which memory does not become free, until it does', async () => {
    const decoder = decoderFor(1, 1)
    const first = held(await decoder.decode(frame()))
    await assert.rejects(decoder.decode(frame()), (error) => {
      assert.ok(error instanceof TemporarilyUnavailable)
      assert.match(error.message, /limits\.servedFrameBytes/)
      return true
    })
    first.giveBack()
    held(await decoder.decode(frame())).giveBack()
  })

  test('takes no memory for a frame that is broken or cannot be read', async () => {
    const decoder = decoderFor(1, 1)
    assert.equal((await decoder.decode(frame(cells.subarray(1)))).kind, 'broken')
    const unreadable = { ...frame(), read: () => Promise.reject(new Error('the store is away')) }
    await assert.rejects(decoder.decode(unreadable), /the store is away/)
    held(await decoder.decode(frame())).giveBack()
  })
})
