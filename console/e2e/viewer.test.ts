/** The viewer with mouse, keyboard, touch and slider. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { until } from '../../acceptance/support/until.ts'
import { assertAccessible, openBrowser, skipUnlessChromium, takeScreenshot, visit } from './support/browser.ts'
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
const SLICES = 7
const SLICE = pixelOf({ rows: 96, columns: 128, bitsStored: 12 })

describe('the viewer', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const { hilum, sdk } = server
  const datastoreId = await activeDatastore(sdk, { datastoreName: 'ward-7' })
  const browser = await openBrowser()

  const slice = (number: number) =>
    imageFile({
      pixel: SLICE,
      // All pixels have the same value, derived from the number.
      frames: [new Uint8Array(new Uint16Array(SLICE.rows * SLICE.columns).fill(number * 16).buffer)],
      attributes: {
        ...{ StudyInstanceUID: '2.25.9', SOPInstanceUID: `2.25.9.1.${number}`, InstanceNumber: number },
        ...{ Modality: 'CT', WindowCenter: 128, WindowWidth: 256, PatientName: 'Okafor^Ngozi', PatientID: 'P 7' },
        ...{ ImageOrientationPatient: ['1', '0', '0', '0', '1', '0'], SliceLocation: number * 2.5 },
        ...{ PatientBirthDate: '19700102', PatientSex: 'F', StudyDescription: 'CT Chest', SeriesDescription: 'Axial' },
      },
    })
  // Not in the order of scrolling.
  const stack = await importSet(server, { datastoreId, files: [3, 7, 1, 10, 2, 5, 4].map(slice) })
  const cinePixel = pixelOf({ rows: 64, columns: 64, bitsAllocated: 8, numberOfFrames: 8 })
  const cine = await importSet(server, {
    datastoreId,
    files: [imageFile({ pixel: cinePixel, attributes: { FrameTime: '50', Modality: 'US' } })],
  })

  const open = async (
    t: Parameters<typeof visit>[0],
    imageSetId: string,
    more: Partial<Parameters<typeof visit>[1]> = {},
  ): Promise<Page> => {
    const page = await visit(t, { browser, hilum, address: imageSetAddress(datastoreId, imageSetId), ...more })
    await waitForState(page, 'sharp')
    await stageOf(page).scrollIntoViewIfNeeded()
    return page
  }
  const isAt = (page: Page, number: number, of = SLICES) =>
    page.getByText(`Image ${number} of ${of}`, { exact: true }).waitFor()
  const grey = async (page: Page) => (await shownPixels(page, { columns: 2, rows: 2 }))[0]!

  test('keys scroll in the order of instance numbers', async (t) => {
    const page = await open(t, stack)
    await isAt(page, 1)
    const stage = stageOf(page)
    for (const [key, number, value] of [
      ['ArrowDown', 2, 2],
      ['ArrowRight', 3, 3],
      ['End', 7, 10],
      ['ArrowDown', 7, 10],
      ['ArrowUp', 6, 7],
      ['PageUp', 1, 1],
      ['PageDown', 7, 10],
      ['Home', 1, 1],
    ] as const) {
      await stage.press(key)
      await isAt(page, number)
      await waitForState(page, 'sharp')
      assert.equal(await grey(page), value * 16, key)
    }
  })

  test('the wheel and the slider scroll', async (t) => {
    const page = await open(t, stack)
    await stageOf(page).hover()
    await page.mouse.wheel(0, 120)
    await isAt(page, 2)
    await page.mouse.wheel(0, 120)
    await isAt(page, 3)
    await page.mouse.wheel(0, -120)
    await isAt(page, 2)
    // Like a touch pad.
    for (let at = 0; at < 4; at++) await page.mouse.wheel(0, 20)
    await isAt(page, 3)
    const slider = page.getByRole('slider', { name: 'Image' })
    await slider.fill('6')
    await isAt(page, 6)
    assert.equal(await slider.getAttribute('aria-valuetext'), 'Image 6 of 7')
    await slider.press('ArrowRight')
    await isAt(page, 7)
  })

  test('the overlay shows the patient, the study and the sides of the patient', async (t) => {
    const page = await open(t, stack)
    for (const words of ['Okafor, Ngozi', 'P 7', 'Born Jan 2, 1970  F', 'CT Chest', 'CT  Axial', 'Location 2.5 mm']) {
      await stageOf(page).getByText(words, { exact: true }).waitFor()
    }
    const edges = await page.locator('.viewer-edge').allInnerTexts()
    assert.deepEqual(edges, ['R', 'L', 'A', 'P'])
  })

  test('dragging changes the window; presets, invert and reset work', async (t) => {
    const page = await open(t, stack)
    await page.getByText('W 256  L 128').waitFor()
    const box = (await stageOf(page).boundingBox())!
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + 60, y - 30, { steps: 3 })
    await page.mouse.up()
    await until(async () => {
      const [, width, level] = /W (\d+) {2}L (-?\d+)/.exec(await page.locator('.viewer-overlay').innerText())!
      return (Number(width) > 300 && Number(width) < 330 && Number(level) > 90 && Number(level) < 105) || undefined
    })
    await page.getByRole('button', { name: 'Window preset' }).click()
    await page.getByRole('option', { name: /Bone/ }).click()
    await page.getByText('W 2000  L 500').waitFor()
    await page.getByRole('button', { name: 'Reset', exact: true }).click()
    await page.getByText('W 256  L 128').waitFor()
    assert.equal(await grey(page), 16)
    await page.getByRole('button', { name: 'Invert' }).click()
    assert.equal(await page.getByRole('button', { name: 'Invert' }).getAttribute('aria-pressed'), 'true')
    assert.equal(await grey(page), 255 - 16)
    await stageOf(page).press('i')
    assert.equal(await grey(page), 16)
    await stageOf(page).press(']')
    await page.getByText('W 282  L 128').waitFor()
  })

  test('keys, wheel and dragging zoom and pan', async (t) => {
    const page = await open(t, stack)
    const zoom = async () => Number(/Zoom (\d+)%/.exec(await page.locator('.viewer-overlay').innerText())![1])
    const fitted = await zoom()
    await page.getByRole('button', { name: '1:1' }).click()
    await page.getByText('Zoom 100%').waitFor()
    await stageOf(page).press('+')
    await page.getByText('Zoom 125%').waitFor()
    await stageOf(page).hover()
    await page.keyboard.down('Control')
    await page.mouse.wheel(0, -400)
    await page.keyboard.up('Control')
    await page.getByText('Zoom 250%').waitFor()
    await page
      .getByRole('radio', { name: 'Pan' })
      .or(page.getByRole('button', { name: 'Pan' }))
      .first()
      .click()
    // The image is 320 x 240. Panned by more than half of that, the center of the stage is black.
    assert.notEqual(await grey(page), 0)
    const box = (await stageOf(page).boundingBox())!
    await page.mouse.move(box.x + 300, box.y + 300)
    await page.mouse.down()
    await page.mouse.move(box.x + 480, box.y + 300, { steps: 4 })
    await page.mouse.up()
    await until(async () => (await grey(page)) === 0 || undefined)
    for (let at = 0; at < 5; at++) await stageOf(page).press('Shift+ArrowLeft')
    assert.notEqual(await grey(page), 0)
    await stageOf(page).press('f')
    await page.getByText(`Zoom ${fitted}%`).waitFor()
  })

  test('touch input scrolls and zooms at phone width', async (t) => {
    const page = await open(t, stack, {
      options: { viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
    })
    const touch = await page.context().newCDPSession(page)
    const send = (type: 'touchStart' | 'touchMove' | 'touchEnd', touchPoints: { x: number; y: number; id: number }[]) =>
      touch.send('Input.dispatchTouchEvent', { type, touchPoints })
    const box = (await stageOf(page).boundingBox())!
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
    await send('touchStart', [{ x, y, id: 0 }])
    for (const by of [10, 20, 30]) await send('touchMove', [{ x, y: y + by, id: 0 }])
    await send('touchEnd', [])
    await isAt(page, 3)
    const zoom = async () => Number(/Zoom (\d+)%/.exec(await page.locator('.viewer-overlay').innerText())![1])
    const before = await zoom()
    await send('touchStart', [
      { x: x - 40, y, id: 0 },
      { x: x + 40, y, id: 1 },
    ])
    for (const apart of [60, 80]) {
      await send('touchMove', [
        { x: x - apart, y, id: 0 },
        { x: x + apart, y, id: 1 },
      ])
    }
    await send('touchEnd', [])
    await until(async () => Math.abs((await zoom()) / before - 2) < 0.1 || undefined)
    await isAt(page, 3)
    await takeScreenshot(page, 'viewer-phone')
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390)
  })

  test('a multi-frame image plays in a loop at its frame rate', async (t) => {
    const page = await open(t, cine)
    await page.getByText('Frame 1 of 8').waitFor()
    const { seen, times } = await page.evaluate(async () => {
      const [seen, times]: [string[], number[]] = [[], [performance.now()]]
      const overlay = document.querySelector('.viewer-overlay')!
      const look = () => {
        const frame = /Frame (\d) of 8/.exec(overlay.textContent ?? '')?.[1] ?? ''
        if (seen.at(-1) === frame) return
        seen.push(frame)
        times.push(performance.now())
      }
      const observer = new MutationObserver(look)
      observer.observe(overlay, { subtree: true, characterData: true, childList: true })
      for (const button of document.querySelectorAll('button')) if (button.textContent === 'Play') button.click()
      while (seen.length < 24 && performance.now() < times[0]! + 90_000) await new Promise(requestAnimationFrame)
      observer.disconnect()
      return { seen, times }
    })
    await page.getByText('20 frames/s').waitFor()
    // A frame that is late is followed by the next one sooner. Only a machine that is busy all the time shows every frame late.
    const intervals = times.slice(2).map((each, at) => each - times[at + 1]!)
    assert.ok(times.at(-1)! - times[0]! >= (seen.length - 1) * 50, `${intervals}`)
    assert.ok(seen.length === 24 && Math.min(...intervals) < 100, `${intervals}`)
    for (const [at, frame] of seen.slice(1).entries())
      assert.equal(Number(frame), (Number(seen[at]) % 8) + 1, seen.join(' '))
    await page.getByRole('button', { name: 'Speed' }).click()
    await page.getByRole('option', { name: 'Speed 2 ×' }).click()
    await page.getByText('40 frames/s').waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    const stopped = await page.locator('.viewer-corner-bottom-left').innerText()
    await page.waitForTimeout(200)
    assert.equal(await page.locator('.viewer-corner-bottom-left').innerText(), stopped)
    const number = Number(/Frame (\d)/.exec(stopped)![1])
    await stageOf(page).press('1')
    const expected = grayToRGB(draw(cinePixel, number))
    // Without a window, the full range of the values is used.
    assert.ok(differenceOf(await shownPixels(page, cinePixel), expected).max <= 8)
  })

  test('full screen can be entered and left', async (t) => {
    const page = await open(t, stack)
    const before = (await stageOf(page).boundingBox())!
    await page.getByRole('button', { name: 'Full screen' }).click()
    await page.waitForFunction(() => document.fullscreenElement?.className === 'viewer')
    await page.waitForFunction(
      (height) => document.querySelector('.viewer-stage')!.clientHeight > height,
      before.height,
    )
    await takeScreenshot(page, 'viewer-full-screen')
    await page.getByRole('button', { name: 'Full screen' }).click()
    await page.waitForFunction(() => document.fullscreenElement === null)
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`is accessible in ${colorScheme} mode`, async (t) => {
      const page = await open(t, stack, { options: { colorScheme } })
      await assertAccessible(page)
      await page.getByRole('button', { name: 'Mouse and keyboard controls' }).click()
      await page.getByText('Back 10 images').waitFor()
      await assertAccessible(page)
      await takeScreenshot(page, `viewer-${colorScheme}`)
      // The Tab key reaches the stage.
      await page.getByRole('button', { name: 'Reset', exact: true }).focus()
      await page.keyboard.press('Tab')
      await page.keyboard.press('ArrowDown')
      await isAt(page, 2)
    })
  }
})
