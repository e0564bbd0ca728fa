/**
 * What a radiology assistant does, in the browser only: finds a patient's prior CT by a part of the name, compares it with today's side by side,
 * measures, exports, and cleans up. The time of each step is printed, not asserted, because machines differ.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import type { Page } from 'playwright-core'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { importFiles } from '../../acceptance/support/import.ts'
import { openBrowser, skipUnlessChromium, takeScreenshot, visit } from './support/browser.ts'
import { draw, imageFile, pixelOf } from './support/images.ts'

const skip = skipUnlessChromium()
const SIZE = 128
const SLICE = pixelOf({ rows: SIZE, columns: SIZE, bitsStored: 12 })
const SPACING_MM = 0.75
const [TODAY, PRIOR, KNEE] = ['2.25.7101', '2.25.7102', '2.25.7103']
const OTHER_PATIENTS = 20

interface StudyOfTest {
  readonly study: string
  readonly date: string
  readonly modality: string
  readonly slices: number
  readonly patient?: { readonly PatientName: string; readonly PatientID: string }
}

const filesOf = ({ study, date, modality, slices, patient }: StudyOfTest): readonly Uint8Array[] =>
  Array.from({ length: slices }, (_, at) =>
    imageFile({
      pixel: SLICE,
      frames: [draw(SLICE, at + 1)],
      attributes: {
        ...{ StudyInstanceUID: study, SeriesInstanceUID: `${study}.1`, SOPInstanceUID: `${study}.1.${at + 1}` },
        ...{ PatientName: 'Okafor^Ngozi', PatientID: 'P7', ...patient, StudyDate: date, StudyTime: '091500' },
        ...{ Modality: modality, SeriesNumber: 1, InstanceNumber: at + 1, StudyDescription: `${modality} of ${date}` },
        ...{
          PixelSpacing: [`${SPACING_MM}`, `${SPACING_MM}`],
          ImageOrientationPatient: ['1', '0', '0', '0', '1', '0'],
        },
        ...{ ImagePositionPatient: ['0', '0', String(5 * at)], FrameOfReferenceUID: `${study}.9` },
        ...{ WindowCenter: 2048, WindowWidth: 4096 },
      },
    }),
  )

describe('a whole task in the console', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const { hilum, sdk } = server
  const datastoreId = await activeDatastore(sdk, { datastoreName: 'radiology' })
  const studies: readonly StudyOfTest[] = [
    { study: TODAY, date: '20261127', modality: 'CT', slices: 6 },
    { study: PRIOR, date: '20250301', modality: 'CT', slices: 4 },
    { study: KNEE, date: '20240610', modality: 'MR', slices: 1 },
    ...Array.from({ length: OTHER_PATIENTS }, (_, at) => ({
      ...{ study: `2.25.${7200 + at}`, date: '20261120', modality: 'CT', slices: 1 },
      patient: { PatientName: `Other${at}^Person`, PatientID: `X${at}` },
    })),
  ]
  const files = studies.flatMap(filesOf)
  await importFiles(server, {
    datastoreId,
    files: Object.fromEntries(files.map((file, at) => [`${String(at).padStart(3, '0')}.dcm`, file])),
  })
  const browser = await openBrowser()

  const titled = (page: Page, title: string) => page.getByRole('heading', { name: title, exact: true }).waitFor()
  const stageIn = (page: Page, number: number) =>
    page.locator(`.study-pane[data-pane="${number}"]`).getByRole('application')
  const isAt = (page: Page, pane: number, text: string) =>
    page.locator(`.study-pane[data-pane="${pane}"]`).getByText(text, { exact: true }).waitFor()
  const downloaded = async (page: Page, choose: () => Promise<unknown>) => {
    const download = page.waitForEvent('download')
    await choose()
    const file = await download
    return { name: file.suggestedFilename(), path: await file.path() }
  }
  const choose = async (page: Page, menu: string, item: string | RegExp) => {
    await page.getByRole('button', { name: menu, exact: true }).click()
    await page.getByRole('menuitem', { name: item }).first().click()
  }

  test('a prior CT is found by a part of the name, compared with today, measured, exported and deleted', async (t) => {
    const page = await visit(t, { browser, hilum, address: `datastores/${datastoreId}/studies` })
    await titled(page, `Studies (${studies.length})`)
    const times: string[] = []
    const step = async <T>(name: string, act: () => Promise<T>): Promise<T> => {
      const startedAt = performance.now()
      const result = await act()
      times.push(`${name} ${Math.round(performance.now() - startedAt)} ms`)
      return result
    }

    await step('find the two CTs', async () => {
      await page.getByLabel('Patient name').fill('okaf')
      await page.getByRole('button', { name: /^Modality/ }).click()
      await page.getByRole('option', { name: /^CT/ }).click()
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'Search', exact: true }).click()
      await titled(page, 'Studies (2)')
    })

    await step("open today's", async () => {
      await page.getByText('CT of 20261127', { exact: true }).click()
      await page.getByRole('link', { name: 'Open study' }).click()
      await isAt(page, 1, 'Image 1 of 6')
      await page.locator('.viewer-stage[data-state=sharp]').waitFor()
    })

    await step('the prior one beside it', async () => {
      await page.getByRole('button', { name: /Mar 1, 2025/ }).click()
      await isAt(page, 2, 'Image 1 of 4')
      await page.waitForFunction(() => document.querySelectorAll('.viewer-stage[data-state=sharp]').length === 2)
    })

    await step('scroll both together', async () => {
      await stageIn(page, 1).press('ArrowDown')
      await isAt(page, 1, 'Image 2 of 6')
      await page.getByRole('button', { name: 'Link at this position' }).click()
      await stageIn(page, 1).press('ArrowDown')
      await isAt(page, 1, 'Image 3 of 6')
      await isAt(page, 2, 'Image 2 of 4')
    })

    await step('measure in both', async () => {
      for (const [pane, columns, rows] of [
        [1, 40, 30],
        [2, 24, 32],
      ] as const) {
        const box = (await stageIn(page, pane).boundingBox())!
        const scale = Math.min(box.width, box.height) / SIZE
        const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
        await stageIn(page, pane).press('d')
        await page.mouse.move(x, y)
        await page.mouse.down()
        await page.mouse.move(x + (columns * scale) / 2, y + rows * scale)
        await page.mouse.move(x + columns * scale, y + rows * scale)
        await page.mouse.up()
        const length = await page.locator(`.study-pane[data-pane="${pane}"] .shape-results > span`).innerText()
        const wanted = Math.hypot(columns, rows) * SPACING_MM
        // The pointer is on a whole pixel of the screen.
        assert.ok(Math.abs(Number.parseFloat(length) - wanted) <= SPACING_MM, `${length} instead of ${wanted} mm`)
        assert.match(length, /^\d+\.\d mm$/)
      }
      await takeScreenshot(page, 'whole-task-compared')
    })

    await step('save a picture', async () => {
      const { name, path } = await downloaded(page, () => choose(page, 'Picture', /^Save picture/))
      assert.match(name, /\.png$/)
      const png = readFileSync(path)
      // The width and height in the header of the file.
      const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
      // A small image is enlarged, so that its length can be read.
      assert.ok(width === height && width % SIZE === 0, `${width} x ${height}`)
    })

    await step('save the study as a zip', async () => {
      const { name, path } = await downloaded(page, () => choose(page, 'Download', /DICOM files/))
      assert.equal(name, `${TODAY}.zip`)
      const listed = execFileSync('unzip', ['-Z1', path], { encoding: 'utf8' })
      assert.equal(listed.match(/\/IM\d+$/gm)?.length, 6, listed)
    })

    await step('back to the list, as a CSV file', async () => {
      await page.goBack()
      await titled(page, 'Studies (2)')
      const { name, path } = await downloaded(page, () => choose(page, 'Actions', 'Download as CSV'))
      assert.equal(name, 'studies.csv')
      const lines = readFileSync(path, 'utf8').trimEnd().split('\r\n')
      assert.equal(lines.length, 3)
      for (const line of lines.slice(1)) assert.match(line, /^"Okafor, Ngozi",P7,/)
    })

    await step('delete the prior study', async () => {
      await page
        .getByRole('row', { name: /CT of 20250301/ })
        .getByRole('checkbox')
        .check()
      await choose(page, 'Actions', 'Delete')
      const dialog = page.getByRole('dialog')
      await dialog.getByText('Okafor, Ngozi (P7)').waitFor()
      await takeScreenshot(page, 'whole-task-delete')
      await dialog.getByLabel('To confirm, type delete').fill('delete')
      await dialog.getByRole('button', { name: 'Delete', exact: true }).click()
      await titled(page, 'Studies (1)')
    })

    t.diagnostic(times.join('; '))
    const { imageSetsMetadataSummaries: left } = await sdk.send(
      new SearchImageSetsCommand({ datastoreId, maxResults: 50 }),
    )
    const uids = left!.map(({ DICOMTags }) => DICOMTags!.DICOMStudyInstanceUID!)
    assert.deepEqual([uids.length, uids.includes(PRIOR), uids.includes(TODAY)], [studies.length - 1, false, true])
  })
})
