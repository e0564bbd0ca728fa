/** Many image sets at once: deletion, tags, commands for an export, the table as CSV, and the emptying of a data store. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import {
  CopyImageSetCommand,
  ListTagsForResourceCommand,
  SearchImageSetsCommand,
  type SearchImageSetsCommandOutput,
  TagResourceCommand,
} from '@aws-sdk/client-medical-imaging'
import type { Page } from 'playwright-core'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { instance } from '../../acceptance/support/fixtures.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { importFiles } from '../../acceptance/support/import.ts'
import { until } from '../../acceptance/support/until.ts'
import { assertAccessible, openBrowser, skipUnlessChromium, takeScreenshot, visit } from './support/browser.ts'

const skip = skipUnlessChromium()

describe('many image sets at once', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const { hilum, sdk } = server
  const browser = await openBrowser()

  /** @returns the ids of the image sets by their Patient ID. Every other study has two series. */
  async function filledStore(studies: number, name = 'archive') {
    const datastoreId = await activeDatastore(sdk, { datastoreName: name })
    const files: Record<string, Uint8Array> = {}
    for (let at = 0; at < studies; at++) {
      const study = `2.25.${5000 + at}`
      const attributes = {
        ...{
          StudyInstanceUID: study,
          PatientID: `P${at}`,
          PatientName: `Family${at}^Given`,
        },
        ...{ StudyDate: '20260115', StudyTime: '093000', Modality: 'CT' },
        StudyDescription: at === 1 ? "=cmd|' /C calc'!A0" : `Study "${at}", left`,
      }
      for (let series = 1; series <= (at % 2) + 1; series++) {
        const SeriesInstanceUID = `${study}.${series}`
        files[`${at}-${series}.dcm`] = instance({
          ...{ ...attributes, SeriesInstanceUID, SOPInstanceUID: `${SeriesInstanceUID}.1`, SeriesNumber: series },
        })
      }
    }
    await importFiles(server, { datastoreId, files })
    const found = await imageSetsOf(datastoreId)
    const arnOf = (imageSetId: string) =>
      `arn:aws:medical-imaging:us-east-1:000000000000:datastore/${datastoreId}/imageset/${imageSetId}`
    return { datastoreId, found, arnOf, address: `datastores/${datastoreId}` }
  }

  async function imageSetsOf(datastoreId: string) {
    const all: NonNullable<SearchImageSetsCommandOutput['imageSetsMetadataSummaries']> = []
    let nextToken: string | undefined
    do {
      const page = await sdk.send(new SearchImageSetsCommand({ datastoreId, nextToken, maxResults: 50 }))
      all.push(...page.imageSetsMetadataSummaries!)
      nextToken = page.nextToken
    } while (nextToken !== undefined)
    return all
  }

  const titled = (page: Page, title: string) => page.getByRole('heading', { name: title, exact: true }).waitFor()
  const choose = async (page: Page, item: string | RegExp) => {
    await page.getByRole('button', { name: 'Actions' }).click()
    await page.getByRole('menuitem', { name: item }).click()
  }
  const selectPage = (page: Page, what: string) =>
    page
      .getByRole('checkbox', { name: `Select all ${what} of this page` })
      .first()
      .check()

  test('selected image sets are named with patients and counts, and deleted; a locked one is listed with the reason', async (t) => {
    const { datastoreId, found, arnOf, address } = await filledStore(4)
    const locked = found[0]!
    await sdk.send(
      new TagResourceCommand({ resourceArn: arnOf(locked.imageSetId!), tags: { 'hilum:legal-hold': 'on' } }),
    )
    const page = await visit(t, { browser, hilum, address, expectedLog: /409/ })
    await titled(page, 'Image sets (6)')
    await selectPage(page, 'image sets')
    await titled(page, 'Image sets (6/6)')
    await choose(page, 'Delete')
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Patients (4)').waitFor()
    const text = (await dialog.innerText()).replaceAll(/\s+/g, ' ')
    for (const part of ['Family0, Given (P0)', 'Studies 4', 'Series 6', 'Image sets 6', 'Instances 6'])
      assert.ok(text.includes(part), `${part} in ${text}`)
    assert.equal(text.split("can't undo").length, 2)
    await assertAccessible(page)
    await takeScreenshot(page, 'bulk-delete')
    await dialog.getByLabel('To confirm, type delete 6').fill('delete')
    assert.ok(await dialog.getByRole('button', { name: 'Delete', exact: true }).isDisabled())
    await dialog.getByLabel('To confirm, type delete 6').fill('delete 6')
    await dialog.getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByText('5 image sets deleted, 1 not.').waitFor()
    await titled(page, 'Image sets (1)')
    assert.deepEqual(
      (await imageSetsOf(datastoreId)).map(({ imageSetId }) => imageSetId),
      [locked.imageSetId],
    )
    await page.getByRole('button', { name: 'View 1 failure' }).click()
    await page.getByRole('dialog').getByText('under legal hold').waitFor()
    await page.getByRole('dialog').getByRole('link', { name: locked.imageSetId! }).waitFor()
    await takeScreenshot(page, 'bulk-failures')
    await assertAccessible(page)
  })

  test('all studies that a search found are selected over its pages, and deleted with all their image sets', async (t) => {
    const { datastoreId, address } = await filledStore(30)
    const page = await visit(t, { browser, hilum, address: `${address}/studies` })
    await page.evaluate(() => localStorage.setItem('hilum.table.studies', JSON.stringify({ pageSize: 20 })))
    await page.reload()
    await titled(page, 'Studies (30)')
    await selectPage(page, 'studies')
    await page.getByText('20 studies of this page are selected.').waitFor()
    await page.getByRole('button', { name: 'Select all 30 found' }).click()
    await titled(page, 'Studies (30/30)')
    await takeScreenshot(page, 'bulk-select-all')
    await page.getByRole('button', { name: 'Next page' }).click()
    await page.getByText('All 30 studies that the search found are selected.').waitFor()
    await choose(page, 'Export from the command line')
    await page.getByRole('dialog').getByText('--study 2.25.5029').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
    await choose(page, 'Delete')
    await page.getByLabel('To confirm, type delete 45').fill('delete 45')
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByText('45 image sets deleted.').waitFor()
    await page.getByText('No studies', { exact: true }).waitFor()
    assert.deepEqual(await imageSetsOf(datastoreId), [])
  })

  test('tags are set on and removed from all selected image sets; one with 50 others is listed', async (t) => {
    const { found, arnOf, address } = await filledStore(2)
    const [full, ...others] = found
    const tagsOf = async (imageSetId: string) =>
      (await sdk.send(new ListTagsForResourceCommand({ resourceArn: arnOf(imageSetId) }))).tags
    const fifty = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`key-${at}`, '']))
    await sdk.send(new TagResourceCommand({ resourceArn: arnOf(full!.imageSetId!), tags: fifty }))
    for (const { imageSetId } of others)
      await sdk.send(new TagResourceCommand({ resourceArn: arnOf(imageSetId!), tags: { old: '1', project: 'before' } }))
    const page = await visit(t, { browser, hilum, address, expectedLog: /400/ })
    await selectPage(page, 'image sets')
    await choose(page, 'Change tags')
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Key', exact: true }).fill('aws:project')
    await dialog.getByText('Keys that begin with aws: are reserved.').first().waitFor()
    await dialog.getByRole('textbox', { name: 'Key', exact: true }).fill('project')
    await dialog.getByRole('textbox', { name: 'Value' }).fill('trial 7')
    await dialog.getByRole('button', { name: 'Add key to remove' }).click()
    await dialog.getByRole('textbox', { name: 'Key of the tag to remove' }).fill('old')
    await takeScreenshot(page, 'bulk-tags')
    await assertAccessible(page)
    await dialog.getByRole('button', { name: 'Change tags of 3 image sets' }).click()
    await page.getByText('2 image sets tagged, 1 not.').waitFor()
    for (const { imageSetId } of others) assert.deepEqual(await tagsOf(imageSetId!), { project: 'trial 7' })
    assert.equal(Object.keys((await tagsOf(full!.imageSetId!))!).length, 50)
    await page.getByRole('button', { name: 'View 1 failure' }).click()
    await page.getByText('A resource can have at most 50 tags.').waitFor()
  })

  test('a table is a CSV file with the shown columns of all pages, and no formula', async (t) => {
    const { address } = await filledStore(36)
    const page = await visit(t, { browser, hilum, address: `${address}/studies` })
    await titled(page, 'Studies (36)')
    const downloading = page.waitForEvent('download')
    await choose(page, 'Download as CSV')
    const download = await downloading
    assert.equal(download.suggestedFilename(), 'studies.csv')
    const lines = readFileSync(await download.path(), 'utf8').split('\r\n')
    assert.equal(lines[0], '\uFEFFPatient,ID,Birth date,Date,Modalities,Description,Series,Instances,Accession')
    assert.equal(lines.length, 38)
    assert.ok(lines.includes(`"Family3, Given",P3,,2026-01-15T09:30:00,CT,"Study ""3"", left",2,2,A1`), lines[4])
    assert.ok(
      lines.includes(`"Family1, Given",P1,,2026-01-15T09:30:00,CT,'=cmd|' /C calc'!A0,2,2,A1`),
      lines.find((line) => line.includes('P1,')),
    )
    await page.goto(`${hilum.endpoint}/console/${address}`)
    await titled(page, 'Image sets (54)')
    const second = page.waitForEvent('download')
    await choose(page, 'Download as CSV')
    const text = readFileSync(await (await second).path(), 'utf8')
    assert.equal(text.split('\r\n').length, 56)
    assert.match(text, /^\uFEFFStudy date,Patient ID,Patient,Modality,Updated at,/)
  })

  test('a data store is emptied: primary or not, over pages, while the person goes on; interrupted, it continues', async (t) => {
    const { datastoreId, found, arnOf, address } = await filledStore(50, 'old')
    const [copied, locked] = found.map(({ imageSetId }) => imageSetId!)
    const lock = { 'hilum:retain-until': '2099-12-31' }
    await sdk.send(new TagResourceCommand({ resourceArn: arnOf(locked!), tags: lock }))
    const copyImageSetInformation = { sourceImageSet: { latestVersionId: '1' } }
    await sdk.send(new CopyImageSetCommand({ datastoreId, sourceImageSetId: copied, copyImageSetInformation }))
    await until(async () => ((await imageSetsOf(datastoreId)).length === 76 ? true : undefined))
    const page = await visit(t, { browser, hilum, address: `${address}/details`, expectedLog: /409/ })
    await page.getByRole('button', { name: 'Empty data store' }).click()
    await page.getByText('76, 1 of them not primary').waitFor()
    await takeScreenshot(page, 'bulk-empty')
    await assertAccessible(page)

    // The first deletions are answered, and those after them are not until the task is cancelled.
    let answered = 0
    await page.route(/\/deleteImageSet/, async (route) => {
      answered += 1
      if (answered <= 10) await route.continue()
    })
    await page.getByLabel('To confirm, type old').fill('old')
    await page.getByRole('dialog').getByRole('button', { name: 'Empty data store' }).click()
    await page.getByText(/10 of 76 image sets/).waitFor()
    await page.getByRole('tab', { name: 'Imports' }).click()
    await page.getByText(/10 of 76 image sets/).waitFor()
    await takeScreenshot(page, 'bulk-progress')
    await assertAccessible(page)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText(/was cancelled: (10|9) image sets deleted.*Start it again to continue\./).waitFor()
    await page.unroute(/\/deleteImageSet/)

    await page.getByRole('tab', { name: 'Details' }).click()
    await page.getByRole('button', { name: 'Empty data store' }).click()
    await page.getByLabel('To confirm, type old').fill('old')
    await page.getByRole('dialog').getByRole('button', { name: 'Empty data store' }).click()
    await page.getByText(/^6[56] image sets deleted, 1 not\.$/).waitFor()
    const left = await imageSetsOf(datastoreId)
    assert.deepEqual(
      left.map(({ imageSetId }) => imageSetId),
      [locked],
    )
  })
})
