/** What all tables have: preferences, widths, a header that sticks, pages above and below, selection, and rows that a click opens. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { instance } from '../../acceptance/support/fixtures.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { importFiles } from '../../acceptance/support/import.ts'
import { assertAccessible, openBrowser, skipUnlessChromium, takeScreenshot, visit } from './support/browser.ts'

const IMAGE_SETS = 220
const JOBS = 12
const skip = skipUnlessChromium()
const DESK = { viewport: { width: 1280, height: 800 } }

describe('tables', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const { hilum, sdk } = server
  const datastoreId = await activeDatastore(sdk, { datastoreName: 'tables' })
  const files = Object.fromEntries(
    Array.from({ length: IMAGE_SETS }, (_, at) => {
      const attributes = { StudyInstanceUID: `2.25.${5000 + at}`, PatientID: `P ${at}`, StudyDate: '20240101' }
      return [`${at}.dcm`, instance({ ...attributes, StudyTime: `10${String(at % 60).padStart(2, '0')}00` })] as const
    }),
  )
  await importFiles(server, { datastoreId, files })
  for (let at = 1; at < JOBS; at++) {
    const file = instance({ StudyInstanceUID: '2.25.5000', PatientID: 'P 0', StudyDate: '20240101' })
    await importFiles(server, { datastoreId, files: { 'again.dcm': file } })
  }
  const browser = await openBrowser()
  const store = `datastores/${datastoreId}`

  const rows = (page: Page) => page.locator('table tbody tr')
  const searched = (page: Page) => page.getByText(/Search took \d/).waitFor()
  const below = (page: Page) => page.locator('.data-table-footer')
  const prefer = async (page: Page, choose: () => Promise<unknown>) => {
    await page.getByRole('button', { name: 'Preferences' }).click()
    await choose()
    await page.getByRole('button', { name: 'Confirm' }).click()
  }

  test('the last page of a search is one click away, above and below the table', async (t) => {
    const page = await visit(t, { browser, hilum, address: store })
    const patients = () => page.locator('table tbody tr td:nth-child(4)').allInnerTexts()
    await page.getByText('1–50. ').waitFor()
    await page.getByRole('button', { name: 'Page 5', exact: true }).click()
    await page.getByText(`201–${IMAGE_SETS}. `).waitFor()
    assert.equal(await page.getByRole('button', { name: 'Next page' }).isDisabled(), true)
    const last = await patients()
    await below(page).getByRole('button', { name: 'Back one page' }).click()
    await page.getByText('151–200. ').waitFor()
    await below(page).getByRole('button', { name: 'Open page 1' }).click()
    await page.getByText('1–50. ').waitFor()
    const seen = await patients()
    for (const first of [51, 101, 151, 201]) {
      await page.getByRole('button', { name: 'Next page' }).click()
      await page.getByText(`${first}–`).waitFor()
      seen.push(...(await patients()))
    }
    assert.equal(new Set(seen).size, IMAGE_SETS)
    assert.deepEqual(seen.slice(200), last)
  })

  test('a page can be opened by its number', async (t) => {
    const page = await visit(t, { browser, hilum, address: store })
    await searched(page)
    await prefer(page, () => page.getByRole('radio', { name: '20 rows' }).check())
    await page.getByText('1–20. ').waitFor()
    await page.getByLabel('Page', { exact: true }).fill('11')
    await page.getByRole('button', { name: 'Go to page' }).click()
    await page.getByText(`201–${IMAGE_SETS}. `).waitFor()
  })

  test('the sorted column is in view at 1280 pixels, and times name their zone', async (t) => {
    const page = await visit(t, { browser, hilum, address: store, options: DESK })
    await searched(page)
    const placeOf = (name: string) =>
      page
        .locator('table th', { hasText: name })
        .last()
        .evaluate((each) => [each.getBoundingClientRect().left, each.getBoundingClientRect().right])
    const [left, right] = await placeOf('Updated at')
    assert.ok(left! >= 0 && right! <= 1280, `Updated at is from ${left} to ${right}`)
    assert.match((await rows(page).first().innerText()).replaceAll('\u202f', ' '), /\d:\d\d [AP]M GMT\+[12]/)
    await takeScreenshot(page, 'tables-desk')
    await page.goto(`${hilum.endpoint}/console/${store}#sort=createdAt.desc`)
    await page.reload()
    await searched(page)
    await page.waitForFunction(() => {
      const sorted = [...document.querySelectorAll('th[aria-sort=descending]')].at(-1)?.getBoundingClientRect()
      return sorted !== undefined && sorted.left >= 0 && sorted.right <= 1280
    })
  })

  test('the header of the table stays in view', async (t) => {
    const page = await visit(t, { browser, hilum, address: store, options: DESK })
    await searched(page)
    await page.mouse.move(600, 600)
    await page.mouse.wheel(0, 1500)
    await page.waitForFunction(() => window.scrollY > 500)
    const header = page.locator('table thead th', { hasText: 'Study date' }).first()
    const box = (await header.boundingBox())!
    assert.ok(box.y >= 0 && box.y < 400, `the header is at ${box.y}`)
    // The header that sticks sorts, too.
    await header.click()
    await page.waitForURL(/#sort=DICOMStudyDateAndTime\.desc$/)
  })

  test('a click anywhere in a row opens it, Ctrl opens a new tab, and marked text opens nothing', async (t) => {
    const page = await visit(t, { browser, hilum, address: store, expectedLog: /./ })
    await searched(page)
    const cell = rows(page).first().locator('td:nth-child(4)')
    const opened = page.context().waitForEvent('page')
    await cell.click({ modifiers: ['ControlOrMeta'] })
    await (await opened).waitForURL(/image-sets\/[0-9a-f]{32}$/)
    await (await opened).close()
    const { x, y, height } = (await cell.getByText(/^P \d/).boundingBox())!
    await page.mouse.move(x + 1, y + height / 2)
    await page.mouse.down()
    await page.mouse.move(x + 40, y + height / 2, { steps: 4 })
    await page.mouse.up()
    assert.match(await page.evaluate(() => String(window.getSelection())), /^P/)
    assert.match(page.url(), new RegExp(`${datastoreId}$`))
    await page.evaluate(() => window.getSelection()!.removeAllRanges())
    await cell.click()
    await page.waitForURL(/image-sets\/[0-9a-f]{32}$/)
    await page.goBack()
    await searched(page)
    await rows(page).first().getByRole('link').first().focus()
    await page.keyboard.press('Enter')
    await page.waitForURL(/image-sets\/[0-9a-f]{32}$/)
  })

  test('rows can be selected, and their IDs copied', async (t) => {
    const options = { permissions: ['clipboard-read', 'clipboard-write'] }
    const page = await visit(t, { browser, hilum, address: store, options })
    await searched(page)
    const boxes = page.getByRole('checkbox', { name: /^Select image set/ })
    await boxes.nth(0).check()
    await boxes.nth(1).check()
    await page.getByText(`(2/${IMAGE_SETS})`).waitFor()
    assert.match(page.url(), new RegExp(`${datastoreId}$`))
    await page.getByRole('button', { name: 'Copy image set IDs' }).click()
    await page.getByText('Copied').waitFor()
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^[0-9a-f]{32}\n[0-9a-f]{32}$/)
  })

  test('the refresh button searches again', async (t) => {
    const page = await visit(t, { browser, hilum, address: `${store}#patient=LATER` })
    await page.getByText('No matches').waitFor()
    const later = instance({ StudyInstanceUID: '2.25.6000', PatientID: 'LATER' })
    await importFiles(server, { datastoreId, files: { 'later.dcm': later } })
    await page.getByRole('button', { name: 'Refresh' }).click()
    await page.getByText('(1)').waitFor()
  })

  for (const [name, address, column] of [
    ['image sets', store, 'Body part'],
    ['import jobs', `${store}/imports`, 'Message'],
    ['data stores', '', 'Data store ID'],
  ] as const) {
    test(`the table of ${name} remembers its preferences`, async (t) => {
      const page = await visit(t, { browser, hilum, address })
      await rows(page).first().getByRole('link').waitFor()
      const headers = () => page.locator('table').last().locator('thead th').allInnerTexts()
      assert.ok((await headers()).some((text) => text.trim() === column))
      await prefer(page, async () => {
        await page.getByRole('dialog').getByText(column, { exact: true }).click()
        await page.getByRole('checkbox', { name: /Wrap lines/ }).check()
      })
      await page.reload()
      await rows(page).first().getByRole('link').waitFor()
      assert.ok(!(await headers()).some((text) => text.trim() === column))
      await page.getByRole('button', { name: 'Preferences' }).click()
      assert.equal(await page.getByRole('checkbox', { name: /Wrap lines/ }).isChecked(), true)
      await assertAccessible(page)
      await page.getByRole('button', { name: /^Reset/ }).click()
      await page.getByRole('button', { name: 'Cancel' }).last().click()
      assert.ok((await headers()).some((text) => text.trim() === column))
    })
  }

  test('import jobs have pages', async (t) => {
    const page = await visit(t, { browser, hilum, address: `${store}/imports` })
    await rows(page).first().getByRole('link').waitFor()
    await prefer(page, () => page.getByRole('radio', { name: '10 rows' }).check())
    await page.getByRole('button', { name: 'Next page' }).click()
    await page.getByRole('button', { name: 'Page 2', exact: true }).and(page.locator('[aria-current]')).waitFor()
    // The rows of the first page stay until those of the second are there.
    await page.waitForFunction(() => document.querySelectorAll('table tbody tr').length < 10)
    await rows(page).first().getByRole('link').waitFor()
    await page.getByRole('button', { name: 'Previous page' }).click()
    await page.waitForFunction(() => document.querySelectorAll('table tbody tr').length === 10)
  })

  test('data stores are sorted by any column', async (t) => {
    await activeDatastore(sdk, { datastoreName: 'another' })
    const page = await visit(t, { browser, hilum })
    const names = () => rows(page).getByRole('link').allInnerTexts()
    await page.getByRole('link', { name: 'another' }).waitFor()
    assert.deepEqual(await names(), ['another', 'tables'])
    const name = page.getByRole('columnheader', { name: 'Name' }).getByRole('button').first()
    await name.click()
    await page.locator('th[aria-sort=ascending]').last().waitFor()
    assert.deepEqual(await names(), ['another', 'tables'])
    await name.click()
    await page.locator('th[aria-sort=descending]').last().waitFor()
    assert.deepEqual(await names(), ['tables', 'another'])
  })

  test('a wide screen is used whole', async (t) => {
    const options = { viewport: { width: 1920, height: 1080 } }
    for (const address of ['', store, `${store}/imports`, `${store}/details`]) {
      const page = await visit(t, { browser, hilum, address, options })
      const region = address.endsWith('details') ? page.getByText('Image frame format') : rows(page).first()
      await region.waitFor()
      const width = await page.getByRole('main').evaluate((main) => {
        const wide = [...main.querySelectorAll('[class*=container], table')]
        return Math.max(...wide.map((each) => each.getBoundingClientRect().width))
      })
      assert.ok(width > 1700, `${address} has ${width} of 1920 pixels`)
      await takeScreenshot(page, `wide-${address.split('/').at(-1)?.slice(0, 8) || 'datastores'}`)
    }
  })
})
