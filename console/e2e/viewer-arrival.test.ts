/** Loading in the viewer: previews, failures, unsupported formats, videos, and instances without pixel data. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { instance } from '../../acceptance/support/fixtures.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { openBrowser, skipUnlessChromium, visit } from './support/browser.ts'
import {
  differenceOf,
  draw,
  grayToRGB,
  imageFile,
  imageSetAddress,
  importSet,
  pixelOf,
  shownPixels,
  stageOf,
  waitForState,
} from './support/images.ts'

const skip = skipUnlessChromium()
const SLICE = pixelOf({ rows: 96, columns: 128, bitsStored: 12 })

describe('loading in the viewer', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const { hilum, sdk } = server
  const datastoreId = await activeDatastore(sdk, { datastoreName: 'ward-7' })
  const browser = await openBrowser()
  const frames = pixelOf({ rows: 64, columns: 64, bitsAllocated: 8, numberOfFrames: 8 })
  const cine = await importSet(server, { datastoreId, files: [imageFile({ pixel: frames })] })

  const open = async (t: Parameters<typeof visit>[0], imageSetId: string) => {
    const page = await visit(t, { browser, hilum, address: imageSetAddress(datastoreId, imageSetId) })
    await waitForState(page, 'sharp')
    return page
  }

  test('a large image is preceded by a preview', async (t) => {
    const pixel = pixelOf({ rows: 1024, columns: 1200, bitsStored: 12 })
    const attributes = { WindowCenter: 2048, WindowWidth: 4096 }
    const large = await importSet(server, { datastoreId, files: [imageFile({ pixel, attributes })] })
    const page = await visit(t, { browser, hilum, options: { viewport: { width: 1600, height: 1500 } } })
    const requested: (string | undefined)[] = []
    let allowFrame = () => {}
    const isAllowed = new Promise<void>((resolve) => {
      allowFrame = resolve
    })
    await page.route(/getImageFrame/, async (route) => {
      const columns = route.request().headers()['x-hilum-min-width']
      requested.push(columns)
      if (columns === undefined) await isAllowed
      await route.continue()
    })
    await page.goto(`${hilum.endpoint}/console/${imageSetAddress(datastoreId, large)}`)
    await waitForState(page, 'preview')
    await page.getByText('Preview', { exact: true }).waitFor()
    await stageOf(page).press('1')
    const preview = await shownPixels(page, pixel)
    allowFrame()
    await waitForState(page, 'sharp')
    const sharp = await shownPixels(page, pixel)
    assert.deepEqual(requested, ['160', undefined])
    const values = new Uint16Array(draw(pixel).slice().buffer)
    const identity = grayToRGB(Uint8Array.from(values, (value) => Math.round((value / 4095) * 255)))
    assert.ok(differenceOf(sharp, identity).max <= 1)
    // Similar but not equal, and clamped where an edge exceeds 12 bits.
    const apart = meanDifference(preview, identity)
    assert.ok(apart > 0.1 && apart < 2, String(apart))
  })

  test('single-bit and floating-point images are displayed', async (t) => {
    const pixel = pixelOf({ rows: 33, columns: 21, bitsAllocated: 1, bitsStored: 1 })
    const bits = Array.from({ length: pixel.rows * pixel.columns }, (_, at) => (at * 7) % 3 === 0)
    const packed = new Uint8Array(Math.ceil(bits.length / 8))
    for (const [at, bit] of bits.entries()) if (bit) packed[at >> 3]! |= 1 << (at & 7)
    const file = imageFile({ pixel, frames: [packed] })
    const page = await open(t, await importSet(server, { datastoreId, files: [file] }))
    await stageOf(page).press('1')
    const shown = await shownPixels(page, pixel)
    assert.deepEqual([...shown], [...grayToRGB(Uint8Array.from(bits, (bit) => (bit ? 255 : 0)))])

    const values = Float32Array.from({ length: 40 * 30 }, (_, at) => Math.sin(at / 50) / 1000)
    const attributes = { Rows: 30, Columns: 40, SamplesPerPixel: 1, PhotometricInterpretation: 'MONOCHROME2' }
    const bytes = new Uint8Array(values.buffer)
    const float = instance({
      ...{ ...attributes, StudyInstanceUID: '2.25.11', BitsAllocated: 32, FloatPixelData: bytes },
      ...{ VOILUTFunction: 'LINEAR_EXACT', WindowCenter: 0, WindowWidth: '0.001' },
    })
    const other = await open(t, await importSet(server, { datastoreId, files: [float] }))
    await stageOf(other).press('1')
    const expected = Uint8Array.from(values, (value) => Math.round(255 * Math.max(0, Math.min(1, value * 1000 + 0.5))))
    assert.ok(differenceOf(await shownPixels(other, { rows: 30, columns: 40 }), grayToRGB(expected)).max <= 1)
  })

  test('a failed image shows the reason and can be retried', async (t) => {
    const page = await visit(t, { browser, hilum, expectedLog: /500/ })
    let isBroken = true
    let count = 0
    await page.route(/getImageFrame/, async (route) => {
      count += 1
      const body = JSON.stringify({ message: 'The disk is gone.' })
      const headers = { 'x-amzn-errortype': 'InternalServerException' }
      if (isBroken) await route.fulfill({ status: 500, contentType: 'application/json', headers, body })
      else await route.continue()
    })
    await page.goto(`${hilum.endpoint}/console/${imageSetAddress(datastoreId, cine)}`)
    await waitForState(page, 'failed')
    await page
      .getByText('Server error. The disk is gone. Try again. If the error persists, check the server log.')
      .waitFor()
    isBroken = false
    await page.getByRole('button', { name: 'Retry' }).click()
    await waitForState(page, 'sharp')
    await stageOf(page).press('End')
    await waitForState(page, 'sharp')
    assert.ok(count < 60, `${count} requests`)
  })

  test('instances without stored frames are in the stack with the reason', async (t) => {
    const attributes = { StudyInstanceUID: '2.25.10', WindowCenter: 128, WindowWidth: 256 }
    const sound = imageFile({
      pixel: SLICE,
      attributes: { ...attributes, SOPInstanceUID: '2.25.10.2', InstanceNumber: 2 },
    })
    const cut = imageFile({
      pixel: SLICE,
      frames: [new Uint8Array(100)],
      attributes: { ...attributes, SOPInstanceUID: '2.25.10.1', InstanceNumber: 1 },
    })
    const imageSetId = await importSet(server, { datastoreId, files: [sound, cut] })
    const page = await visit(t, { browser, hilum, address: imageSetAddress(datastoreId, imageSetId) })
    await waitForState(page, 'failed')
    await page.getByText(/pixel data couldn't be read during the import/).waitFor()
    assert.equal(await page.getByRole('button', { name: 'Retry' }).count(), 0)
    await stageOf(page).press('ArrowDown')
    await waitForState(page, 'sharp')
  })

  test('a corrupt frame or an unsupported format is reported, and the next image is decoded', async (t) => {
    const one = (
      number: number,
      given: { readonly frames?: readonly Uint8Array[]; readonly transferSyntaxUID?: string },
    ) =>
      imageFile({
        pixel: SLICE,
        ...given,
        attributes: { StudyInstanceUID: '2.25.14', SOPInstanceUID: `2.25.14.${number}`, InstanceNumber: number },
      })
    const PREFIX = '1.2.840.10008.1.2.4'
    const files = [
      one(1, { frames: [Uint8Array.of(0xff, 0x4f, 0xff, 0x51, 1, 2, 3, 4)], transferSyntaxUID: `${PREFIX}.203` }),
      one(2, { frames: [Uint8Array.of(0xff, 0x0a, 1, 2)], transferSyntaxUID: `${PREFIX}.112` }),
      one(3, {}),
    ]
    const imageSetId = await importSet(server, { datastoreId, files })
    const page = await visit(t, { browser, hilum, address: imageSetAddress(datastoreId, imageSetId) })
    await page.getByText('The frame is corrupt.').waitFor()
    await stageOf(page).press('ArrowDown')
    await page.getByText("The viewer doesn't support JPEG XL, the format of the stored frame.").waitFor()
    await stageOf(page).press('ArrowDown')
    await waitForState(page, 'sharp')
  })

  test('an image set without pixel data is reported', async (t) => {
    const file = imageFile({ pixel: SLICE, frames: [], attributes: { Rows: undefined, Columns: undefined } as never })
    const imageSetId = await importSet(server, { datastoreId, files: [file] })
    const page = await visit(t, { browser, hilum, address: imageSetAddress(datastoreId, imageSetId) })
    await page.getByText('Instance without images: Hilum does not draw it. Download it.').waitFor()
  })

  const videoFile = (transferSyntaxUID: string, bytes: Uint8Array) =>
    imageFile({
      pixel: pixelOf({
        rows: 64,
        columns: 64,
        bitsAllocated: 8,
        samplesPerPixel: 3,
        photometricInterpretation: 'YBR_PARTIAL_420',
      }),
      frames: [bytes],
      transferSyntaxUID,
    })

  test('a video is played by the browser', async (t) => {
    const recorder = await visit(t, { browser, hilum })
    // Recorded in the browser, because no other tool here creates videos.
    const recorded = await recorder.evaluate(async () => {
      const canvas = document.createElement('canvas')
      canvas.width = canvas.height = 64
      const context = canvas.getContext('2d')!
      const [kind] = ['video/mp4;codecs=avc1.42E01E', 'video/mp4'].filter((each) => MediaRecorder.isTypeSupported(each))
      if (kind === undefined) return undefined
      const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: kind })
      const parts: Blob[] = []
      recorder.ondataavailable = ({ data }) => parts.push(data)
      const ended = new Promise((resolve) => {
        recorder.onstop = resolve
      })
      recorder.start()
      for (let at = 0; at < 12; at++) {
        context.fillStyle = `rgb(${at * 20} 80 160)`
        context.fillRect(0, 0, 64, 64)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      recorder.stop()
      await ended
      return [...new Uint8Array(await new Blob(parts).arrayBuffer())]
    })
    if (recorded === undefined) return t.skip('this Chromium records no MP4')
    const file = videoFile('1.2.840.10008.1.2.4.102', Uint8Array.from(recorded))
    const imageSetId = await importSet(server, { datastoreId, files: [file] })
    const page = await visit(t, { browser, hilum, address: imageSetAddress(datastoreId, imageSetId) })
    const video = page.locator('video')
    await video.waitFor()
    await page.waitForFunction(() => document.querySelector('video')!.readyState >= 2)
    assert.equal(await video.evaluate((element: HTMLVideoElement) => element.videoWidth), 64)
  })

  test('a video that the browser cannot play is reported', async (t) => {
    for (const [transferSyntaxUID, begin, words] of [
      ['1.2.840.10008.1.2.4.100', [0, 0, 1, 0xb3], /Browsers can't play MPEG-2/],
      // A bit stream without a container, which DICOM allows.
      ['1.2.840.10008.1.2.4.102', [0, 0, 0, 1, 0x67], /This browser can't play the format of the video/],
    ] as const) {
      const file = videoFile(transferSyntaxUID, Uint8Array.of(...begin, ...new Uint8Array(200)))
      const imageSetId = await importSet(server, { datastoreId, files: [file] })
      const page = await visit(t, { browser, hilum, address: imageSetAddress(datastoreId, imageSetId) })
      await page.getByText("Can't play video 1 of 1").waitFor()
      await page.getByText(words).waitFor()
    }
  })
})

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  let sum = 0
  for (let at = 0; at < a.length; at++) sum += Math.abs(a[at]! - b[at]!)
  return sum / a.length
}
