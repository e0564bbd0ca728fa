/** The search page, including the two procedures of AWS's documentation. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { instance } from '../../acceptance/support/fixtures.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { importFiles } from '../../acceptance/support/import.ts'
import { openBrowser, skipUnlessChromium, visit } from './support/browser.ts'

const STUDIES = 520
const skip = skipUnlessChromium()

describe('the search page', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const { hilum, sdk } = server
  const datastoreId = await activeDatastore(sdk, { datastoreName: 'hospital' })
  const files = Object.fromEntries(
    Array.from({ length: STUDIES }, (_, at) => {
      const day = new Date(Date.UTC(2020, 0, 1 + at)).toISOString().slice(0, 10).replaceAll('-', '')
      const attributes = {
        StudyInstanceUID: `2.25.${1000 + at}`,
        PatientID: `P ${at}`,
        AccessionNumber: `A${at}`,
        PatientName: `Family${at}^Given`,
        StudyDate: day,
      }
      return [`${at}.dcm`, instance(attributes)] as const
    }),
  )
  await importFiles(server, { datastoreId, files })
  const browser = await openBrowser()
  const store = `datastores/${datastoreId}`

  const searchDuration = (page: Page) => page.getByText(/Search took \d/)
  const rows = (page: Page) => page.locator('table tbody tr')
  const patients = (page: Page) => page.locator('table tbody tr td:nth-child(4)').allInnerTexts()
  const choose = async (page: Page, field: string, option: string) => {
    await page.getByRole('button', { name: field }).click()
    await page.getByRole('option', { name: option, exact: true }).click()
  }

  test('choosing a data store lists its image sets, newest first, 50 per page', async (t) => {
    const page = await visit(t, { browser, hilum })
    await page.getByRole('link', { name: 'hospital' }).click()
    await searchDuration(page).waitFor()
    assert.equal(await page.getByRole('tab', { name: 'Image sets' }).getAttribute('aria-selected'), 'true')
    assert.equal(await rows(page).count(), 50)
    await page.getByText('(520)').waitFor()
    await page.getByText(/1–50\. Search took \d[\d.,]* (ms|s)/).waitFor()
    assert.equal(await page.title(), 'hospital – Hilum')
  })

  test('a series and a date range become the documented request with two filters', async (t) => {
    const page = await visit(t, { browser, hilum, address: store })
    await searchDuration(page).waitFor()
    await choose(page, 'Property filter', 'Series Instance UID')
    await page.getByPlaceholder('Enter value to search').fill('2.25.1007.1')
    await page.getByRole('button', { name: /^Date range/ }).click()
    await page.getByRole('radio', { name: 'Last 7 days' }).click()
    await page.getByRole('button', { name: 'Apply' }).click()
    const request = page.waitForRequest(/searchImageSets/)
    await page.getByRole('button', { name: 'Search', exact: true }).click()
    const { filters, sort } = (await request).postDataJSON()
    assert.deepEqual(
      filters.map((filter: { operator: string; values: object[] }) => [
        filter.operator,
        Object.keys(filter.values[0]!),
        filter.values.length,
      ]),
      [
        ['EQUAL', ['DICOMSeriesInstanceUID'], 1],
        ['BETWEEN', ['updatedAt'], 2],
      ],
    )
    assert.deepEqual(sort, { sortField: 'updatedAt', sortOrder: 'DESC' })
    await page.getByText('P 7', { exact: true }).waitFor()
    assert.equal(await rows(page).count(), 1)
    assert.match(page.url(), /#series=2\.25\.1007\.1&updated=-7d$/)
  })

  test('Enter starts another search before the first one is answered, whose late answer is not shown', async (t) => {
    const page = await visit(t, { browser, hilum })
    const { promise: isAnswered, resolve: answer } = Promise.withResolvers<void>()
    let requests = 0
    await page.route(/searchImageSets/, async (route) => {
      requests += 1
      if (requests === 1) await isAnswered
      await route.continue()
    })
    await page.goto(`${hilum.endpoint}/console/${store}`)
    await choose(page, 'Property filter', 'Patient ID')
    await page.getByPlaceholder('Enter value to search').fill('P 4')
    await page.keyboard.press('Enter')
    await page.getByText('(1)').waitFor()
    const late = page.waitForResponse(/searchImageSets/)
    answer()
    await (await late).finished()
    assert.deepEqual(await patients(page), ['P 4'])
  })

  test('every property of the property menu can be searched', async (t) => {
    const page = await visit(t, { browser, hilum, address: store })
    for (const [property, value, found] of [
      ['Study Instance UID', '2.25.1003', 'P 3'],
      ['Patient ID', 'P 4', 'P 4'],
      ['Accession number', 'A5', 'P 5'],
    ] as const) {
      await choose(page, 'Property filter', property)
      await page.getByPlaceholder('Enter value to search').fill(value)
      await page.keyboard.press('Enter')
      await page.getByText('(1)').waitFor()
      assert.deepEqual(await patients(page), [found])
    }
    await choose(page, 'Property filter', 'Study ID')
    await page.getByPlaceholder('Enter value to search').fill('S1')
    await page.keyboard.press('Enter')
    await page.getByText('(520)').waitFor()
    await choose(page, 'Property filter', 'Primary')
    await page.getByRole('button', { name: /^Value/ }).click()
    await page.getByRole('option', { name: 'Not primary' }).click()
    await page.getByRole('button', { name: 'Search', exact: true }).click()
    await page.getByText('No matches').waitFor()
  })

  test('an absolute range of study dates includes its last day', async (t) => {
    const page = await visit(t, { browser, hilum, address: store })
    await choose(page, 'Property filter', 'Study date')
    await page.getByRole('button', { name: /^Date range/ }).click()
    await page
      .getByRole('tab', { name: 'Absolute' })
      .or(page.getByRole('button', { name: 'Absolute' }))
      .first()
      .click()
    await page.getByLabel('Start date').fill('2020-01-10')
    await page.getByLabel('End date').fill('2020-01-12')
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.getByRole('button', { name: 'Search', exact: true }).click()
    await page.getByText('(3)').waitFor()
    assert.deepEqual((await patients(page)).toSorted(), ['P 10', 'P 11', 'P 9'])
    assert.match(decodeURIComponent(page.url()), /#studyDate=2020-01-10T00:00:00\.\.2020-01-12T23:59:59$/)
  })

  test('a UID is validated before a request is sent, and white space can be removed', async (t) => {
    const page = await visit(t, { browser, hilum, address: store })
    await searchDuration(page).waitFor()
    let sent = 0
    page.on('request', (request) => {
      if (request.url().includes('searchImageSets')) sent += 1
    })
    await choose(page, 'Property filter', 'Series Instance UID')
    const value = page.getByPlaceholder('Enter value to search')
    for (const [text, reason] of [
      ['1.2.a', /letter “a”/],
      ['12', /at least one period/],
      ['.1.2', /start with a period/],
      ['1.2.', /end with a period/],
      [' 2.25.1007.1\t', /can't contain white space/],
    ] as const) {
      await value.fill(text)
      // The same text is also announced to screen readers, a moment later.
      await page.getByText(reason).first().waitFor()
      await page.keyboard.press('Enter')
    }
    assert.equal(sent, 0)
    await page.getByRole('button', { name: 'Remove white space' }).click()
    assert.equal(await value.inputValue(), '2.25.1007.1')
    await page.getByRole('button', { name: 'Search', exact: true }).click()
    await page.getByText('(1)').waitFor()
    assert.equal(sent, 1)
  })

  test('white space around another value is a warning', async (t) => {
    const page = await visit(t, { browser, hilum, address: store })
    await choose(page, 'Property filter', 'Accession number')
    const value = page.getByPlaceholder('Enter value to search')
    await value.fill(' A5')
    await page
      .getByText(/starts or ends with white space/)
      .first()
      .waitFor()
    await page.keyboard.press('Enter')
    await page.getByText('No matches').waitFor()
    await page.getByRole('button', { name: 'Remove white space' }).click()
    await page.getByRole('button', { name: 'Search', exact: true }).click()
    await page.getByText('(1)').waitFor()
  })

  test('pagination goes through all 520 results and back, and Back returns to the previous page', async (t) => {
    const page = await visit(t, { browser, hilum, address: `${store}#sort=DICOMStudyDateAndTime.asc` })
    const seen: string[] = []
    for (let at = 1; at <= 11; at++) {
      await page.getByText(`${(at - 1) * 50 + 1}–${Math.min(at * 50, STUDIES)}. `).waitFor()
      seen.push(...(await patients(page)))
      const next = page.getByRole('button', { name: 'Next page' })
      if (at < 11) await next.click()
      else assert.equal(await next.isDisabled(), true)
    }
    assert.deepEqual(
      seen,
      Array.from({ length: STUDIES }, (_, at) => `P ${at}`),
    )
    for (let at = 10; at >= 1; at--) {
      await page.getByRole('button', { name: 'Previous page' }).click()
      await page.getByText(`${(at - 1) * 50 + 1}–${at * 50}. `).waitFor()
    }
    assert.equal((await patients(page))[0], 'P 0')
    await page.goBack()
    await page.getByText('51–100. ').waitFor()
  })

  test('a link opens the same search, and reports invalid parameters', async (t) => {
    const range = encodeURIComponent('2020-01-01T00:00:00..2020-01-31T23:59:59')
    const page = await visit(t, {
      browser,
      hilum,
      address: `${store}#patient=P+4&studyDate=${range}&sort=createdAt.asc&colour=red`,
    })
    await page.getByText('(1)').waitFor()
    assert.deepEqual(await patients(page), ['P 4'])
    assert.equal(await page.getByPlaceholder('Enter value to search').inputValue(), 'P 4')
    await page.getByText('January 1, 2020').waitFor()
    await page.getByText("Some search parameters in this link aren't valid").waitFor()
    await page.getByText(/ignores these parameters: colour\./).waitFor()
    // The header that sticks is a copy.
    assert.equal(await page.locator('th[aria-sort=ascending]').last().innerText(), 'Created at')
  })

  test('results can be sorted by three dates, newest or oldest first', async (t) => {
    const page = await visit(t, { browser, hilum, address: store })
    await searchDuration(page).waitFor()
    const sorted = (order: string) => page.locator(`th[aria-sort=${order}]`, { hasText: 'Study date' }).last().waitFor()
    const header = (name: string) => page.getByRole('columnheader', { name }).getByRole('button').first()
    await header('Study date').click()
    await sorted('descending')
    await page.getByText('P 519', { exact: true }).waitFor()
    await header('Study date').click()
    await sorted('ascending')
    await page.getByText('P 0', { exact: true }).waitFor()
    assert.match(page.url(), /#sort=DICOMStudyDateAndTime\.asc$/)
    for (const name of ['Updated at', 'Created at']) {
      await header(name).click()
      await page.locator('th[aria-sort=descending]', { hasText: name }).last().waitFor()
    }
  })

  test('the search can be viewed as code for the AWS CLI, JavaScript and Python', async (t) => {
    const page = await visit(t, { browser, hilum, address: `${store}#patient=P+4` })
    for (const [item, text] of [
      [
        'AWS CLI',
        /^# Needs.*\naws medical-imaging search-image-sets --datastore-id [0-9a-f]{32} \\\n {2}--search-criteria .*"DICOMPatientId":"P 4"/,
      ],
      ['JavaScript', /paginateSearchImageSets[\s\S]*DICOMPatientId: 'P 4'/],
      ['Python', /search_image_sets[\s\S]*"DICOMPatientId": "P 4"/],
    ] as const) {
      await page.getByRole('button', { name: 'View code' }).click()
      await page.getByRole('menuitem', { name: item }).click()
      assert.match(await page.locator('pre.code-snippet').innerText(), text)
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
    }
  })

  test('starting the same search again finds new image sets', async (t) => {
    const page = await visit(t, { browser, hilum, address: `${store}#patient=LATE` })
    await page.getByText('No matches').waitFor()
    const late = instance({ StudyInstanceUID: '2.25.9999', PatientID: 'LATE' })
    await importFiles(server, { datastoreId, files: { 'late.dcm': late } })
    await page.getByRole('button', { name: 'Search', exact: true }).click()
    await page.getByText('(1)').waitFor()
    assert.deepEqual(await patients(page), ['LATE'])
  })
})
