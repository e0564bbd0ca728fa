/** OHIF, the viewer that most DICOMweb servers are used with: its work list and its images over a data store of Hilum. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { type Attributes, instance } from '../../acceptance/support/fixtures.ts'
import { importFiles } from '../../acceptance/support/import.ts'
import { until } from '../../acceptance/support/until.ts'
import { takeScreenshot, visit } from './support/browser.ts'
import { imageFile, type Pixel, pixelOf } from './support/images.ts'
import { CELLS, type Cells, cellsOf, greysOf, openOhif, placeOf, skipUnlessOhif } from './support/ohif.ts'

const skip = skipUnlessOhif()
const SOP = '1.2.840.10008.5.1.4.1.1'
/** Of 256 grays: the two round the window's ends in their own way. */
const OHIF_DIFFERENCE_MAX = 2
/** What OHIF asks for at once. */
const LIST_MAX = 101

/** Every cell has one value, so that the middle of a cell is the same with any interpolation. */
function cellsImage(pixel: Pixel, frame: number): Uint8Array {
  const { rows, columns, samplesPerPixel, bitsAllocated, bitsStored, isSigned } = pixel
  const bytes = Buffer.alloc((rows * columns * samplesPerPixel * bitsAllocated) / 8)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const cell = Math.floor((row * CELLS) / rows) * CELLS + Math.floor((column * CELLS) / columns)
      for (let sample = 0; sample < samplesPerPixel; sample++) {
        const at = (row * columns + column) * samplesPerPixel + sample
        const value = (cell * 37 + frame * 11 + sample * 90) % 64
        const stored = Math.round((value / 63) * (2 ** bitsStored - 1))
        if (bitsAllocated === 8) bytes[at] = stored
        else if (isSigned) bytes.writeInt16LE(stored - 2 ** (bitsStored - 1), at * 2)
        else bytes.writeUInt16LE(stored, at * 2)
      }
    }
  }
  return bytes
}

interface Study {
  readonly uid: string
  readonly files: readonly Uint8Array[]
  /** Of its first image, and of the next one that scrolling shows. */
  readonly rendered: readonly [string, string?]
}

function studyOf(
  number: number,
  {
    pixel,
    attributes,
    instances = 1,
  }: { readonly pixel: Pixel; readonly attributes: Attributes; readonly instances?: number },
): Study {
  const uid = `2.25.900${number}`
  const file = (index: number) =>
    imageFile({
      pixel,
      frames: Array.from({ length: pixel.numberOfFrames }, (_, frame) => cellsImage(pixel, index + frame)),
      attributes: {
        ...{ StudyInstanceUID: uid, SeriesInstanceUID: `${uid}.1`, SOPInstanceUID: `${uid}.1.${index + 1}` },
        ...{
          StudyDate: '20260301',
          InstanceNumber: index + 1,
          PatientID: `V${number}`,
          PatientName: `Viewed^${number}`,
        },
        ...(instances > 1 && { ImagePositionPatient: [0, 0, -index * 5] }),
        ...attributes,
      },
    })
  const path = (index: number, frame: number) =>
    `studies/${uid}/series/${uid}.1/instances/${uid}.1.${index + 1}/frames/${frame}/rendered`
  const next = instances > 1 ? path(1, 1) : pixel.numberOfFrames > 1 ? path(0, 2) : undefined
  return {
    uid,
    files: Array.from({ length: instances }, (_, index) => file(index)),
    rendered: next === undefined ? [path(0, 1)] : [path(0, 1), next],
  }
}

const BYTE = { bitsAllocated: 8, bitsStored: 8 }
const IMAGES: Readonly<Record<string, Study>> = {
  'a CT at the window of the file': studyOf(1, {
    pixel: pixelOf({ rows: 256, columns: 256, bitsStored: 12, isSigned: true }),
    instances: 5,
    attributes: {
      ...{ Modality: 'CT', SOPClassUID: `${SOP}.2`, RescaleSlope: 1, RescaleIntercept: 40, RescaleType: 'HU' },
      ...{ WindowCenter: 40, WindowWidth: 3000, PixelSpacing: [0.7, 0.7], SliceThickness: 5 },
      ...{ ImageOrientationPatient: [1, 0, 0, 0, 1, 0], FrameOfReferenceUID: '2.25.9001.9' },
    },
  }),
  'a multi-frame US in colour': studyOf(2, {
    pixel: pixelOf({ ...BYTE, rows: 192, columns: 256, samplesPerPixel: 3, numberOfFrames: 4 }),
    attributes: { Modality: 'US', SOPClassUID: `${SOP}.3.1`, FrameTime: 40 },
  }),
  'an MG': studyOf(3, {
    pixel: pixelOf({ rows: 400, columns: 320, bitsStored: 12 }),
    attributes: {
      ...{ Modality: 'MG', SOPClassUID: `${SOP}.1.2`, WindowCenter: 2048, WindowWidth: 3000 },
      ...{ ImageLaterality: 'L', ViewPosition: 'CC', PresentationIntentType: 'FOR PRESENTATION' },
    },
  }),
  'a colour image': studyOf(4, {
    pixel: pixelOf({ ...BYTE, rows: 200, columns: 240, samplesPerPixel: 3 }),
    attributes: { Modality: 'XC', SOPClassUID: `${SOP}.7` },
  }),
}

/** Of npm's dicomweb-client: an ultrasound of ten frames in RLE, with a palette. */
const ECHO = {
  uid: '999.999.3859744',
  file: readFileSync(
    join(dirname(createRequire(import.meta.url).resolve('dicomweb-client')), '../testData/US-PAL-8-10x-echo.dcm'),
  ),
  rendered:
    'studies/999.999.3859744/series/999.999.94827453/instances/999.999.133.1996.1.1800.1.6.25/frames/1/rendered',
}

/** Studies of a work list: number n is of day n after 2025-01-01. */
const LISTED = 130
const listed = (n: number): Attributes => {
  const date = new Date(Date.UTC(2025, 0, 1 + n)).toISOString().slice(0, 10).replaceAll('-', '')
  const [patient, modality] = n % 10 === 0 ? ['Quill^Ada', 'MR'] : [`Other${String(n).padStart(3, '0')}^Pat`, 'OT']
  return {
    ...{ StudyInstanceUID: `2.25.${n + 1}`, StudyDate: date, PatientName: patient, PatientID: `P${n}` },
    ...{ Modality: modality, AccessionNumber: `A${n}`, StudyDescription: n === 20 ? 'Chest special' : 'Routine' },
  }
}

describe('OHIF', skip, async () => {
  if ('skip' in skip) return
  const ohif = await openOhif()
  const { server, datastoreId, page, origin, root, token, problems, requests } = ohif
  const images = [...Object.values(IMAGES).flatMap(({ files }) => files), ECHO.file]
  const files = [...images, ...Array.from({ length: LISTED }, (_, n) => instance(listed(n)))]
  await importFiles(server, { datastoreId, files: Object.fromEntries(files.map((file, n) => [`${n}.dcm`, file])) })

  const rows = page.locator('tbody tr:not([data-filter-row])')
  const filters = page.locator('tbody tr[data-filter-row] td')
  /** Waits until the list has so many studies, and says of how many patients they are. */
  const listedPatients = async (count: string) => {
    await page.getByText(new RegExp(`of ${count}$`)).waitFor()
    return new Set(await rows.locator('td:first-child').allInnerTexts())
  }
  const openList = async () => {
    await page.goto(`${origin}/`)
    const confirm = page.getByText('Confirm and hide')
    await page.getByText(`of ${LIST_MAX}`).waitFor()
    if (await confirm.isVisible()) await confirm.click()
  }

  test('lists studies, fifty on a page', async () => {
    await openList()
    await page.getByText('1-50 of 101').waitFor()
    assert.equal(await rows.count(), 50)
    const first = await rows.first().innerText()
    await page.locator('button:right-of(:text("1-50 of 101"))').nth(1).click()
    await page.getByText('51-100 of 101').waitFor()
    assert.notEqual(await rows.first().innerText(), first)
    assert.deepEqual(problems, [])
  })

  test('finds studies by the name, the modality, the date, the description and the accession number', async () => {
    await openList()
    await filters.nth(0).locator('input').fill('qui')
    assert.deepEqual([...(await listedPatients('13'))], ['Quill, Ada'])
    await page.getByText('Reset').click()
    await listedPatients(String(LIST_MAX))

    await filters.nth(2).click()
    await page.keyboard.type('MR')
    await page.keyboard.press('Enter')
    assert.deepEqual([...(await listedPatients('13'))], ['Quill, Ada'])
    await page.getByPlaceholder('Start').fill('2025-01-05')
    await page.getByPlaceholder('End').fill('2025-02-10')
    // Of the days 10, 20, 30 and 40.
    await listedPatients('4')
    await takeScreenshot(page, 'ohif-list')
    await page.keyboard.press('Escape')
    await page.getByText('Reset').click()
    await listedPatients(String(LIST_MAX))

    await filters.nth(3).locator('input').fill('SPECIAL')
    assert.equal(await listedPatients('1').then(() => rows.count()), 1)
    await page.getByText('Reset').click()
    await listedPatients(String(LIST_MAX))

    await filters.nth(4).locator('input').fill('A12')
    // A12 and A120 to A129.
    await listedPatients('11')
    for (const asked of [
      'PatientName=*qui*',
      'ModalitiesInStudy=MR',
      'StudyDate=20250105-20250210',
      'AccessionNumber=*A12*',
    ]) {
      assert.ok(
        requests.some((path) => path.startsWith('studies?') && path.includes(asked)),
        asked,
      )
    }
    assert.deepEqual(problems, [])
  })

  test('sorts studies by a column', async () => {
    await page.goto(`${origin}/?startDate=20250101&endDate=20250131`)
    await page.getByText('of 31').waitFor()
    const names = () => rows.locator('td:first-child').allInnerTexts()
    await page.getByLabel('Sort Patient').click()
    await until(async () => ((await names())[0]!.startsWith('Other001') ? true : undefined))
    const ascending = await names()
    assert.deepEqual(ascending, [...ascending].sort())
    await page.getByLabel('Sort Patient').click()
    await until(async () => ((await names())[0] === 'Quill, Ada' ? true : undefined))
    assert.deepEqual(problems, [])
  })

  const differences = ({ shown, rendered }: Cells) => shown.map((value, at) => Math.abs(value - rendered[at]!))
  const largestDifference = (cells: Cells) => Math.max(...differences(cells))
  const meanDifference = (cells: Cells) => differences(cells).reduce((sum, each) => sum + each) / cells.shown.length
  /** Waits until OHIF shows what Hilum renders, within two of 256 values. */
  const untilShown = (path: string, { measure = largestDifference } = {}) =>
    until(async () => {
      const cells = await cellsOf(page, `${root}/${path}`, token)
      if (cells === undefined || measure(cells) > 2) return undefined
      assert.ok(new Set(cells.rendered).size > 8, 'the image has many colours')
      return cells
    })
  const open = async (uid: string) => {
    await page.goto(`${origin}/viewer?StudyInstanceUIDs=${uid}`)
    await page.locator('canvas.cornerstone-canvas').waitFor()
  }

  for (const [name, { uid, rendered }] of Object.entries(IMAGES)) {
    const [first, next] = rendered
    test(`shows ${name}${next === undefined ? '' : ', and the next image when it is scrolled'}`, async () => {
      await open(uid)
      await untilShown(first)
      if (next !== undefined) {
        await page.keyboard.press('Escape')
        await page.locator('canvas.cornerstone-canvas').hover({ force: true })
        await page.mouse.wheel(0, 100)
        await untilShown(next)
      }
      await takeScreenshot(page, `ohif-${name.replaceAll(' ', '-')}`)
      assert.ok(requests.some((path) => path.startsWith(`studies/${uid}/`) && path.includes('/frames/')))
      assert.ok(requests.some((path) => path.startsWith(`studies/${uid}/`) && path.includes('/thumbnail')))
      assert.deepEqual(problems, [])
    })
  }

  test("shows a CT as Hilum's study view does, at two windows, and measures the same length", async (t) => {
    const { uid } = IMAGES['a CT at the window of the file']!
    const [SIZE, SPACING_MM] = [{ columns: 256, rows: 256 }, 0.7]
    const line = [
      [40, 60],
      [200, 180],
    ] as const
    const OHIF = 'canvas.cornerstone-canvas'
    const HILUM = '.viewer-canvas'
    const browser = page.context().browser()!
    const console = await visit(t, {
      browser,
      hilum: server.hilum,
      address: `datastores/${datastoreId}/studies/${uid}`,
    })
    await console.locator('.viewer-stage[data-state=sharp]').waitFor()
    await open(uid)
    const stage = console.getByRole('application')
    /** Waits until both show the same, within a value that rounding of the window may differ by. */
    const untilSame = (colours: number) =>
      until(async () => {
        const [ours, theirs] = [await greysOf(console, HILUM, SIZE), await greysOf(page, OHIF, SIZE)]
        if (new Set(ours).size < colours) return undefined
        return ours.every((grey, at) => Math.abs(grey - theirs[at]!) <= OHIF_DIFFERENCE_MAX) ? ours : undefined
      })
    const whole = await untilSame(32)
    // The window for lungs: width 1500, center -600.
    await stage.press('Shift+Digit3')
    await page.locator(OHIF).hover({ force: true })
    await page.keyboard.press('2')
    const lung = await untilSame(16)
    assert.notDeepEqual(lung, whole)

    const drag = async (on: Page, canvas: string) => {
      const [from, to] = [
        await placeOf(on, canvas, { ...SIZE, at: line[0] }),
        await placeOf(on, canvas, { ...SIZE, at: line[1] }),
      ]
      await on.mouse.move(...from)
      await on.mouse.down()
      await on.mouse.move((from[0] + to[0]) / 2, to[1])
      await on.mouse.move(...to)
      await on.mouse.up()
    }
    await stage.press('d')
    await drag(console, HILUM)
    const ours = Number.parseFloat(await console.locator('.shape-results > span').innerText())
    await page.locator('[data-cy="MeasurementTools-split-button-primary"]').click()
    await drag(page, OHIF)
    await takeScreenshot(page, 'ohif-length')
    await takeScreenshot(console, 'ohif-length-hilum')
    const theirs = Number.parseFloat((await page.locator('svg.svg-layer text').last().textContent())!)
    const wanted = Math.hypot(line[1][0] - line[0][0], line[1][1] - line[0][1]) * SPACING_MM
    for (const length of [ours, theirs])
      assert.ok(Math.abs(length - wanted) <= SPACING_MM, `${length} instead of ${wanted}`)
    assert.deepEqual(problems, [])
  })

  test('shows an ultrasound with a palette', async () => {
    await open(ECHO.uid)
    // Its pixels are all different, so that only the mean is the same with any interpolation.
    await untilShown(ECHO.rendered, { measure: meanDifference })
    await takeScreenshot(page, 'ohif-palette')
    assert.deepEqual(problems, [])
  })

  test('stores a file that is uploaded, and lists it', async () => {
    await openList()
    await page.getByText('Upload', { exact: true }).click()
    const buffer = Buffer.from(
      instance({ StudyInstanceUID: '2.25.9009', PatientID: 'U1', PatientName: 'Uploaded^Ursula' }),
    )
    const file = { name: 'uploaded.dcm', mimeType: 'application/dicom', buffer }
    await page.locator('input[type=file]').first().setInputFiles(file)
    await page.getByText('1 file completed.').waitFor()
    await takeScreenshot(page, 'ohif-upload')
    await page.goto(`${origin}/?patientName=Uploaded`)
    assert.deepEqual([...(await listedPatients('1'))], ['Uploaded, Ursula'])
    assert.deepEqual(problems, [])
  })
})
