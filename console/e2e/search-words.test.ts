/** The search page with words: the attributes of the extension x-hilum-match (docs/extensions.md), below those of AWS. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { instance } from '../../acceptance/support/fixtures.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { importFiles } from '../../acceptance/support/import.ts'
import { SEARCH_ATTRIBUTES } from '../../src/contract/search-attributes.ts'
import { WORD_ATTRIBUTES } from '../../src/contract/word-attributes.ts'
import { assertAccessible, openBrowser, skipUnlessChromium, takeScreenshot, visit } from './support/browser.ts'

const skip = skipUnlessChromium()

const PATIENTS: readonly (readonly [name: string, modality: string, description: string])[] = [
  ['Müller^Anna', 'CT', 'Thorax nativ'],
  ['MUELLER^Hans=山田^太郎', 'MR', 'Schädel'],
  ["O'Neil^Anna Maria", 'CT', 'CT Thorax KM & Abdomen'],
  ['Meier^Ingrid', 'CT', 'Abdomen'],
]

describe('words in the search page', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const { hilum, sdk } = server
  const datastoreId = await activeDatastore(sdk, { datastoreName: 'hospital' })
  const files = PATIENTS.map(([PatientName, Modality, StudyDescription], n): [string, Uint8Array] => [
    `${n}.dcm`,
    instance({
      ...{ SpecificCharacterSet: 'ISO_IR 192', StudyInstanceUID: `2.25.${n + 1}`, PatientID: `P${n}`, PatientName },
      ...{ Modality, StudyDescription, SeriesDescription: `series ${n}`, PatientBirthDate: `197${n}0131` },
      ...{ InstitutionName: 'General Hospital', SeriesNumber: n, StudyDate: `2024010${n + 1}`, PatientSex: 'F' },
      ...{ BodyPartExamined: 'CHEST', ReferringPhysicianName: 'Grün^Eva' },
    }),
  ])
  await importFiles(server, { datastoreId, files: Object.fromEntries(files) })
  const browser = await openBrowser()
  const store = `datastores/${datastoreId}`

  const choose = async (page: Page, option: string) => {
    await page.getByRole('button', { name: 'Property filter' }).click()
    await page.getByRole('option', { name: option, exact: true }).click()
  }
  const field = (page: Page) => page.getByPlaceholder('Enter value to search')
  const patientIds = async (page: Page) => (await page.locator('table tbody tr td:nth-child(4)').allInnerTexts()).sort()
  const finds = async (page: Page, expected: readonly string[]) => {
    if (expected.length > 0) await page.getByText(`(${expected.length})`, { exact: true }).waitFor()
    else await page.getByText('No matches').waitFor()
    if (expected.length > 0) assert.deepEqual(await patientIds(page), expected)
  }
  const search = async (page: Page, property: string, value: string) => {
    await choose(page, property)
    await field(page).fill(value)
    await page.keyboard.press('Enter')
  }
  const removeButton = (page: Page, label: string) => page.getByRole('button', { name: `Remove ${label}`, exact: true })

  test('the property menu has the attributes of AWS first, then those with words', async (t) => {
    const page = await visit(t, { browser, hilum, address: store })
    await page.getByRole('button', { name: 'Property filter' }).click()
    await page.getByRole('option', { name: 'Series number', exact: true }).waitFor()
    const labels = (await page.getByRole('option').allInnerTexts()).map((text) => text.trim())
    assert.equal(labels.length, 1 + SEARCH_ATTRIBUTES.length + WORD_ATTRIBUTES.length)
    const first = labels.slice(1, 1 + SEARCH_ATTRIBUTES.length)
    assert.deepEqual(first.toSorted(), SEARCH_ATTRIBUTES.map(({ label }) => label).toSorted())
    assert.deepEqual(
      labels.slice(-WORD_ATTRIBUTES.length),
      WORD_ATTRIBUTES.map(({ label }) => label),
    )
  })

  test('every attribute with words can be searched', async (t) => {
    const page = await visit(t, { browser, hilum, address: store })
    await finds(page, ['P0', 'P1', 'P2', 'P3'])
    for (const [property, value, expected] of [
      ['Patient name', 'mül', ['P0', 'P1']],
      ['Modality', 'mr', ['P1']],
      ['Study description', 'abd', ['P2', 'P3']],
      ['Series description', 'series 3', ['P3']],
      ['Body part', 'chest', ['P0', 'P1', 'P2', 'P3']],
      ['Referring physician', 'eva gruen', ['P0', 'P1', 'P2', 'P3']],
      ['Institution', 'hosp', ['P0', 'P1', 'P2', 'P3']],
      ['Birth date', '19710131', ['P1']],
      ['Sex', 'f', ['P0', 'P1', 'P2', 'P3']],
      ['Series number', '2', ['P2']],
    ] as const) {
      await search(page, property, value)
      const remove = removeButton(page, `${property}: ${value}`)
      await remove.waitFor()
      await finds(page, expected)
      assert.equal(await field(page).inputValue(), '')
      await remove.click()
      await finds(page, ['P0', 'P1', 'P2', 'P3'])
    }
  })

  test('words are sent in the header x-hilum-match, and the body is that of AWS', async (t) => {
    const page = await visit(t, { browser, hilum, address: store })
    await finds(page, ['P0', 'P1', 'P2', 'P3'])
    const sent = page.waitForRequest(/searchImageSets/)
    await search(page, 'Patient name', 'mül an')
    const request = await sent
    assert.equal(request.headers()['x-hilum-match'], 'PatientName=m%C3%BCl+an')
    assert.deepEqual(request.postDataJSON(), { sort: { sortField: 'updatedAt', sortOrder: 'DESC' } })
    await finds(page, ['P0'])
  })

  test('several words and a filter of AWS are combined, one after the other, without leaving the keyboard', async (t) => {
    const page = await visit(t, { browser, hilum, address: store })
    await search(page, 'Study description', 'thorax')
    await finds(page, ['P0', 'P2'])
    // The field has the focus still.
    await page.keyboard.type('km')
    await page.keyboard.press('Enter')
    await finds(page, ['P2'])
    await search(page, 'Modality', 'CT')
    await removeButton(page, 'Modality: CT').waitFor()
    assert.match(page.url(), /#StudyDescription=thorax&StudyDescription=km&Modality=CT$/)
    await search(page, 'Patient ID', 'P0')
    await finds(page, [])
    await removeButton(page, 'Study description: km').click()
    await finds(page, ['P0'])
    assert.match(page.url(), /#patient=P0&StudyDescription=thorax&Modality=CT$/)
    await page.goBack()
    await finds(page, [])
    await removeButton(page, 'Study description: km').waitFor()
  })

  test('a filter of AWS stays when words are added, and can be removed', async (t) => {
    const page = await visit(t, { browser, hilum, address: `${store}#patient=P3` })
    await finds(page, ['P3'])
    await choose(page, 'Patient name')
    await removeButton(page, 'Patient ID: P3').waitFor()
    await field(page).fill('anna')
    await page.keyboard.press('Enter')
    await finds(page, [])
    assert.match(page.url(), /#patient=P3&PatientName=anna$/)
    await choose(page, 'Patient name')
    await removeButton(page, 'Patient ID: P3').click()
    await finds(page, ['P0', 'P2'])
  })

  test('a date range applies beside words', async (t) => {
    const range = encodeURIComponent('2024-01-03T00:00:00..2024-01-31T23:59:59')
    const page = await visit(t, { browser, hilum, address: `${store}#Modality=CT&studyDate=${range}` })
    await finds(page, ['P2', 'P3'])
  })

  test('a link opens the same search by words, whatever characters they have', async (t) => {
    const text = 'thorax & km'
    const page = await visit(t, { browser, hilum, address: store })
    await search(page, 'Study description', text)
    await finds(page, ['P2'])
    const [, fragment] = page.url().split('#')
    assert.equal(fragment, 'StudyDescription=thorax+%26+km')
    const other = await visit(t, { browser, hilum, address: `${store}#${fragment}&PatientName=` })
    await finds(other, ['P2'])
    await removeButton(other, `Study description: ${text}`).waitFor()
    await other.getByText(/ignores these parameters: PatientName\./).waitFor()
  })

  test('the field says how its words match', async (t) => {
    const page = await visit(t, { browser, hilum, address: store })
    for (const [property, help] of [
      ['Patient name', /beginning of a word.*any order.*accents.*\*.*\?/],
      ['Birth date', /YYYYMMDD/],
      ['Sex', /whole value/],
      ['Series number', /whole number/],
    ] as const) {
      await choose(page, property)
      const description = await field(page).getAttribute('aria-describedby')
      const texts = await Promise.all(description!.split(' ').map((id) => page.locator(`[id="${id}"]`).innerText()))
      assert.match(texts.join(' '), help)
    }
    await search(page, 'Patient name', 'm?ller')
    await finds(page, ['P0'])
  })

  test('a refused word is in the field again, with the reason beside it, and can be corrected', async (t) => {
    const refused = /the server responded with a status of 400/
    const page = await visit(t, { browser, hilum, address: `${store}#Modality=CT`, expectedLog: refused })
    for (const [property, text, reason] of [
      ['Patient name', '!!', /^The value must have a letter or a digit/],
      ['Series number', 'two', /^The value must be an integer/],
      ['Study description', 'a b c d e f g h', /^A search has at most 8 words and values; this one has 9/],
      ['Patient name', 'x'.repeat(300), /^A value has at most 256 characters/],
    ] as const) {
      await search(page, property, text)
      await page.getByText(reason).first().waitFor()
      assert.equal(await field(page).inputValue(), text)
      assert.equal(await field(page).getAttribute('aria-invalid'), 'true')
      assert.equal(await page.getByText("Can't search for image sets").count(), 0)
      await removeButton(page, 'Modality: CT').waitFor()
    }
    await takeScreenshot(page, 'search-words-refused')
    await field(page).fill('ann')
    await page.keyboard.press('Enter')
    await finds(page, ['P0', 'P2'])
  })

  test('an empty value is refused before a request is sent', async (t) => {
    const page = await visit(t, { browser, hilum, address: store })
    await finds(page, ['P0', 'P1', 'P2', 'P3'])
    await search(page, 'Modality', ' ')
    await page.getByText('Enter a value, or choose another property.').first().waitFor()
    assert.doesNotMatch(page.url(), /#/)
  })

  test('code for a search by words is not offered, and the reason is', async (t) => {
    const page = await visit(t, { browser, hilum, address: `${store}#Modality=CT` })
    await finds(page, ['P0', 'P2', 'P3'])
    const button = page.getByRole('button', { name: 'View code' })
    assert.equal(await button.getAttribute('aria-disabled'), 'true')
    await button.hover()
    await page
      .getByText(/x-hilum-match/)
      .filter({ visible: true })
      .first()
      .waitFor()
  })

  test('words fit on every screen and in both themes', async (t) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [1440, 900, 390]) {
        const options = { colorScheme, viewport: { width, height: 1000 } }
        const address = `${store}#patient=P0&PatientName=m%C3%BCl&Modality=CT&StudyDescription=thorax`
        const page = await visit(t, { browser, hilum, address, options })
        await finds(page, ['P0'])
        await choose(page, 'Patient name')
        await removeButton(page, 'Patient ID: P0').waitFor()
        await takeScreenshot(page, `search-words-${colorScheme}-${width}`)
        await assertAccessible(page)
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth))
        await page.getByRole('button', { name: 'Property filter' }).click()
        await page.getByRole('option', { name: 'Institution' }).waitFor()
        await takeScreenshot(page, `search-words-menu-${colorScheme}-${width}`)
        await page.context().close()
      }
    }
  })
})
