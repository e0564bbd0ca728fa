/** The list of studies: filters, order, pages, saved searches, and the series of a study with their image sets. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { instance } from '../../acceptance/support/fixtures.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { importFiles } from '../../acceptance/support/import.ts'
import { assertAccessible, openBrowser, skipUnlessChromium, takeScreenshot, visit } from './support/browser.ts'
import { demoDatastore } from './support/demo-series.ts'

const STUDIES = 230
const DAY_MS = 86_400_000
const skip = skipUnlessChromium()

/** A time zone where it is noon now, without daylight saving time: no day ends while the tests run. East is negative in its name. */
const hoursEast = 12 - new Date().getUTCHours()
const NOON_ZONE = hoursEast === 0 ? 'Etc/GMT' : `Etc/GMT${hoursEast > 0 ? '-' : '+'}${Math.abs(hoursEast)}`
/** The day in that time zone, as DICOM has it. */
const dayBefore = (days: number): string =>
  new Date(Date.now() - days * DAY_MS).toLocaleDateString('sv', { timeZone: NOON_ZONE }).replaceAll('-', '')

describe('the list of studies', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const { hilum, sdk } = server
  const datastoreId = await activeDatastore(sdk, { datastoreName: 'work-list' })
  const files = Object.fromEntries(
    Array.from({ length: STUDIES }, (_, at) => {
      const attributes = {
        ...{ StudyInstanceUID: `2.25.${1000 + at}`, PatientID: `P ${at}`, AccessionNumber: `A${at}` },
        ...{ PatientName: `Family${String(at).padStart(3, '0')}^Given`, PatientBirthDate: '19700102' },
        ...{ StudyDate: dayBefore(at), StudyTime: '093000', StudyDescription: `Study ${at}` },
        ...{ Modality: at % 2 === 0 ? 'CT' : 'MR', SeriesDescription: `Axial ${at}`, SeriesNumber: 1 },
      }
      return [`${at}.dcm`, instance(attributes)] as const
    }),
  )
  files['second-series.dcm'] = instance({
    ...{ StudyInstanceUID: '2.25.1004', PatientID: 'P 4', AccessionNumber: 'A4', PatientName: 'Family004^Given' },
    ...{ PatientBirthDate: '19700102', StudyDate: dayBefore(4), StudyTime: '093000', StudyDescription: 'Study 4' },
    ...{ Modality: 'SR', SeriesDescription: 'Report', SeriesNumber: 2 },
    ...{ SeriesInstanceUID: '2.25.1004.2', SOPInstanceUID: '2.25.1004.2.1' },
  })
  await importFiles(server, { datastoreId, files })
  const demo = await demoDatastore(server, { datastoreName: 'demo', instances: 250 })
  const browser = await openBrowser()
  const list = `datastores/${datastoreId}/studies`

  const rows = (page: Page) => page.locator('table tbody tr')
  const column = async (page: Page, name: string) => {
    const names = await page.locator('table').last().locator('thead th').allInnerTexts()
    const at = names.findIndex((text) => text.trim() === name)
    const texts = await page.locator(`table tbody tr td:nth-child(${at + 1})`).allInnerTexts()
    // What is between the minutes and AM is a narrow space.
    return texts.map((text) => text.replaceAll('\u202f', ' '))
  }
  const found = (page: Page, count: number) =>
    page.getByRole('heading', { name: `Studies (${count})`, exact: true }).waitFor()
  const search = (page: Page) => page.getByRole('button', { name: 'Search', exact: true }).click()

  test('has one row for each study, newest first, with the total', async (t) => {
    const page = await visit(t, { browser, hilum, address: `datastores/${datastoreId}` })
    await page.getByRole('tab', { name: 'Studies' }).click()
    await found(page, STUDIES)
    assert.equal(await rows(page).count(), 50)
    const [first] = await rows(page).all()
    const text = await first!.innerText()
    for (const value of ['Family000, Given', 'P 0', 'Jan 2, 1970', '9:30', 'CT', 'Study 0', 'A0'])
      assert.ok(text.includes(value), `${value} in ${text}`)
    assert.equal((await column(page, 'ID')).at(-1), 'P 49')
    assert.equal(await page.title(), 'work-list – Hilum')
    await takeScreenshot(page, 'studies-list')
  })

  test('is filtered by name, ID, accession number, modality and date, all in the fragment of the URL', async (t) => {
    const page = await visit(t, { browser, hilum, address: list })
    const urls: string[] = []
    page.on('request', (request) => urls.push(request.url()))
    await found(page, STUDIES)
    await page.getByLabel('Patient name').fill('giv family01')
    await page.keyboard.press('Enter')
    await found(page, 10)
    await page.getByRole('button', { name: /^Modality/ }).click()
    await page.getByRole('option', { name: /^MR/ }).click()
    await page.keyboard.press('Escape')
    await search(page)
    await found(page, 5)
    await page.getByLabel('Patient ID').fill('P 1*')
    await page.getByLabel('Accession number').fill('A15')
    await search(page)
    await found(page, 1)
    assert.match(
      page.url(),
      /studies#PatientName=giv\+family01&PatientID=P\+1\*&AccessionNumber=A15&ModalitiesInStudy=MR$/,
    )
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await found(page, STUDIES)
    await page.goBack()
    await found(page, 1)
    assert.equal(await page.getByLabel('Accession number').inputValue(), 'A15')
    assert.ok(urls.some((url) => url.includes('fuzzymatching=true')))
  })

  test('is filtered with Enter before the first search is answered', async (t) => {
    const page = await visit(t, { browser, hilum })
    const { promise: isAnswered, resolve: answer } = Promise.withResolvers<void>()
    let requests = 0
    await page.route(/\/studies\?/, async (route) => {
      requests += 1
      if (requests === 1) await isAnswered
      // The request may have been cancelled.
      await route.continue().catch(() => undefined)
    })
    await page.goto(`${hilum.endpoint}/console/${list}`)
    await page.getByLabel('Patient name').fill('giv family01')
    await page.keyboard.press('Enter')
    await found(page, 10)
    answer()
  })

  test('shows the studies of today, yesterday and the last 7 days with one click', async (t) => {
    const page = await visit(t, { browser, hilum, address: list, options: { timezoneId: NOON_ZONE } })
    await found(page, STUDIES)
    for (const [name, patients] of [
      ['Today', ['P 0']],
      ['Yesterday', ['P 1']],
      ['Last 7 days', ['P 0', 'P 1', 'P 2', 'P 3', 'P 4', 'P 5', 'P 6']],
    ] as const) {
      await page.getByRole('button', { name, exact: true }).click()
      await found(page, patients.length)
      assert.deepEqual(await column(page, 'ID'), patients)
    }
    assert.match(page.url(), /#StudyDate=last-7-days$/)
    await page.getByRole('button', { name: 'Last 7 days', exact: true }).click()
    await found(page, STUDIES)
  })

  test('is sorted by the server, and every page is reached: by the next one, by the last, by its number', async (t) => {
    const page = await visit(t, { browser, hilum, address: list })
    await found(page, STUDIES)
    const next = page.getByRole('button', { name: 'Next page' })
    await page.getByRole('columnheader', { name: 'Patient' }).getByRole('button').first().click()
    await page.locator('th[aria-sort=ascending]', { hasText: 'Patient' }).first().waitFor()
    await page.getByText('Family000, Given').waitFor()
    const request = page.waitForRequest(/nextToken=/)
    await next.first().click()
    await request
    await page.getByText('51–100. ').waitFor()
    assert.equal((await column(page, 'ID'))[0], 'P 50')
    await page.getByRole('button', { name: 'Page 5', exact: true }).last().click()
    await page.getByText(`201–${STUDIES}. `).waitFor()
    assert.equal((await column(page, 'ID')).at(-1), `P ${STUDIES - 1}`)
    await page.goBack()
    await page.getByText('51–100. ').waitFor()
    assert.match(page.url(), /#orderby=PatientName$/)
  })

  test('opens a study by a click anywhere in its row, with its series, thumbnails and image sets', async (t) => {
    const page = await visit(t, { browser, hilum, address: list })
    await page.getByText('Study 4', { exact: true }).click()
    const panel = page.getByRole('region', { name: 'Series of the study' })
    await panel.getByText('Axial 4', { exact: true }).waitFor()
    assert.deepEqual(await panel.getByText(/Series \d/).allInnerTexts(), ['CT, Series 1', 'SR, Series 2'])
    assert.match(page.url(), /#study=2\.25\.1004$/)
    await page
      .getByRole('link', { name: /^Open image set/ })
      .first()
      .click()
    await page.getByRole('heading', { level: 1 }).waitFor()
    assert.match(page.url(), /image-sets\/[0-9a-f]{32}$/)
    await page.goBack()
    await panel.getByText('Report', { exact: true }).waitFor()
    await page.getByRole('link', { name: 'Open study' }).click()
    await page.getByRole('button', { name: 'Link scrolling' }).waitFor()
    assert.match(page.url(), /studies\/2\.25\.1004/)
    await page.goBack()
    await panel.getByText('Report', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Close panel' }).click()
    await panel.waitFor({ state: 'detached' })
    assert.match(page.url(), /studies$/)
  })

  test('finds the prior CT of a patient by a part of the name', async (t) => {
    const page = await visit(t, { browser, hilum, address: `datastores/${demo}/studies` })
    await page.getByLabel('Patient name').fill('marl')
    await page.getByRole('button', { name: /^Modality/ }).click()
    await page.getByRole('option', { name: /^CT/ }).click()
    await page.keyboard.press('Escape')
    await search(page)
    await found(page, 2)
    assert.deepEqual(await column(page, 'Date'), ['Jan 14, 2026, 11:27 AM', 'Jan 12, 2026, 7:36 AM'])
    await rows(page).nth(1).getByText('CT', { exact: true }).click()
    await page.getByRole('heading', { name: /^Marlow, Eleanor J · Jan 12, 2026/ }).waitFor()
    await page.locator('.series-card .thumbnail img').first().waitFor()
    await page.locator('.series-card a').first().click()
    await page.locator('.viewer-stage[data-state=sharp]').waitFor()
  })

  test('keeps saved searches in this browser, and sends their names to no server', async (t) => {
    const page = await visit(t, { browser, hilum, address: `${list}#PatientName=family007` })
    const sent: string[] = []
    page.on('request', (request) => sent.push(`${request.url()} ${request.postData()}`))
    await found(page, 1)
    await page.getByRole('button', { name: 'Saved searches' }).click()
    await page.getByRole('menuitem', { name: 'Save this search' }).click()
    await page.getByText(/This browser keeps the name and the filters/).waitFor()
    await page.getByLabel('Name of the search').fill('My patient')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await found(page, STUDIES)
    await page.reload()
    await page.getByRole('button', { name: 'Saved searches' }).click()
    await page.getByRole('menuitem', { name: 'My patient' }).click()
    await found(page, 1)
    const stored = await page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes('saved')))
    assert.deepEqual(stored, [`hilum.saved-studies.${datastoreId}`])
    assert.ok(!sent.some((text) => text.includes('My patient')))
    await page.getByRole('button', { name: 'Saved searches' }).click()
    await page.getByRole('menuitem', { name: 'Remove saved searches' }).click()
    await page.getByRole('button', { name: 'Remove My patient' }).click()
    await page.getByText('No saved searches').waitFor()
  })

  test('shows an error beside the field that caused it', async (t) => {
    const page = await visit(t, { browser, hilum, address: list })
    await found(page, STUDIES)
    await page.getByLabel('Patient ID').fill('x'.repeat(1025))
    await page.getByText('A value can have up to 1,024 characters. This one has 1025.').first().waitFor()
    assert.equal(await page.getByLabel('Patient ID').getAttribute('aria-invalid'), 'true')
    await page.goto(`${hilum.endpoint}/console/${list}#StudyDate=2026-13-01..2026-13-02&colour=red`)
    await page.getByText(/ignores these parameters: StudyDate, colour\./).waitFor()
  })

  test('remembers columns, page size, density, wrapping and widths', async (t) => {
    const page = await visit(t, { browser, hilum, address: list })
    await found(page, STUDIES)
    await page.getByRole('button', { name: 'Preferences' }).click()
    await page.getByRole('radio', { name: '20 rows' }).check()
    await page.getByRole('checkbox', { name: /Compact/ }).check()
    await page.getByRole('dialog').getByText('Birth date', { exact: true }).click()
    await takeScreenshot(page, 'studies-preferences')
    await page.getByRole('button', { name: 'Confirm' }).click()
    await page.getByText('1–20. ').waitFor()
    const handle = page
      .getByRole('button', { name: /^Resize/ })
      .or(page.locator('th button[class*=resizer]'))
      .first()
    const box = (await handle.boundingBox())!
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width / 2 + 90, box.y + box.height / 2, { steps: 4 })
    // The width is that of the last event before the button is released.
    await page.waitForFunction(() => document.querySelectorAll('table thead th')[1]!.clientWidth > 275)
    await page.mouse.up()
    const widthOf = () =>
      page
        .getByRole('columnheader', { name: 'Patient', exact: true })
        .first()
        .evaluate((each) => each.clientWidth)
    const width = await widthOf()
    assert.ok(width > 250, `the column is ${width} wide`)
    await page.reload()
    await page.getByText('1–20. ').waitFor()
    assert.equal(await rows(page).count(), 20)
    assert.equal(await page.getByRole('columnheader', { name: 'Birth date' }).count(), 0)
    // The border is measured differently while the column is dragged.
    assert.ok(Math.abs((await widthOf()) - width) <= 4, `${await widthOf()} is not ${width}`)
  })

  for (const [name, options] of Object.entries({
    'wide-light': { viewport: { width: 1920, height: 1000 }, colorScheme: 'light' },
    'desk-light': { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
    'desk-dark': { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
    'tablet-light': { viewport: { width: 800, height: 1000 }, colorScheme: 'light' },
    'phone-dark': { viewport: { width: 390, height: 844 }, hasTouch: true, colorScheme: 'dark' },
  } as const)) {
    test(`is accessible, and no wider than the screen, ${name}`, async (t) => {
      const page = await visit(t, { browser, hilum, address: `datastores/${demo}/studies`, options })
      await page.locator('table tbody tr a').first().waitFor()
      await assertAccessible(page)
      await takeScreenshot(page, `studies-${name}`)
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      assert.ok(overflow <= 0, `the page is ${overflow} pixels wider than the screen`)
      await page.locator('table tbody tr a').first().click()
      await page.locator('.series-card .thumbnail img').first().waitFor()
      await assertAccessible(page)
      await takeScreenshot(page, `studies-open-${name}`)
    })
  }
})
