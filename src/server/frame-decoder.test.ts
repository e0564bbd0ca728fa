/** Decoded frames wait for memory while clients have not received earlier ones. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { DecodedFrame, RenderedFrame } from '../app.ts'
import { TemporarilyUnavailable } from '../contract/errors.ts'
import { DEFAULT_LIMITS } from '../default-limits.ts'
import { draw, pixelOf, startThreads } from '../pixel-data/frames.fixture.ts'
import type { Rendering } from '../pixel-data/rendering/rendering.ts'
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

const rendering: Rendering = {
  ...{
    display: {
      kind: 'grey',
      modality: { slope: 1, intercept: 0 },
      voi: undefined,
      isInverted: false,
      padding: undefined,
    },
  },
  ...{ isFloat: false, region: { left: 0, top: 0, width: pixel.columns, height: pixel.rows } },
  ...{ isFlippedHorizontally: false, isFlippedVertically: false, columns: pixel.columns, rows: pixel.rows },
  ...{ mediaType: 'image/png', quality: 90 },
}

function image(rendered: RenderedFrame) {
  assert.ok(rendered.kind === 'rendered', JSON.stringify(rendered))
  assert.equal(Buffer.from(rendered.image).toString('latin1', 1, 4), 'PNG')
  return rendered
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

  test('counts an image until it is sent, and nothing of a frame that cannot be rendered', async () => {
    const decoder = decoderFor(1, 1)
    const first = image(await decoder.render({ ...frame(), rendering }))
    await assert.rejects(decoder.decode(frame()), TemporarilyUnavailable)
    first.giveBack()
    const second = held(await decoder.decode(frame()))
    await assert.rejects(decoder.render({ ...frame(), rendering }), TemporarilyUnavailable)
    second.giveBack()
    assert.equal((await decoder.render({ ...frame(cells.subarray(1)), rendering })).kind, 'broken')
    const unreadable = { ...frame(), rendering, read: () => Promise.reject(new Error('the store is away')) }
    await assert.rejects(decoder.render(unreadable), /the store is away/)
    held(await decoder.decode(frame())).giveBack()
  })

  test('does not render an image that needs more memory than a frame may take', async () => {
    const small = openFrameDecoder({ ...DEFAULT_LIMITS, servedFrameBytes: 1024 ** 2 })
    const large = { ...rendering, columns: 4096, rows: 4096 }
    const outcome = await small.render({ ...frame(), rendering: large })
    assert.ok(outcome.kind === 'broken' && /limits\.frameThreadBytes/.test(outcome.reason))
    image(await small.render({ ...frame(), rendering })).giveBack()
    await small.stop()
  })

  test('renders JPEG in many threads at once', async () => {
    const decoder = decoderFor(100)
    const jpeg = { ...rendering, mediaType: 'image/jpeg' as const }
    const images = await Promise.all(Array.from({ length: 20 }, () => decoder.render({ ...frame(), rendering: jpeg })))
    const [first] = images
    for (const one of images) {
      assert.ok(one.kind === 'rendered' && first?.kind === 'rendered')
      assert.ok(Buffer.from(one.image).equals(first.image))
      one.giveBack()
    }
  })
})
