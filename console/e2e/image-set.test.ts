/** Image set details: properties, metadata, versions, tags, and deletion. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { UpdateImageSetMetadataCommand } from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { instance } from '../../acceptance/support/fixtures.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { importFiles } from '../../acceptance/support/import.ts'
import { fetchMetadata } from '../../acceptance/support/metadata.ts'
import { until } from '../../acceptance/support/until.ts'
import { assertAccessible, openBrowser, skipUnlessChromium, takeScreenshot, visit } from './support/browser.ts'

const skip = skipUnlessChromium()

describe('an image set', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const { hilum, sdk } = server
  const datastoreId = await activeDatastore(sdk, { datastoreName: 'archive' })
  const browser = await openBrowser()
  let studies = 0

  async function importSeries(): Promise<{ imageSetId: string; address: string }> {
    studies += 1
    const StudyInstanceUID = `2.25.${studies}`
    const files = Object.fromEntries(
      [10, 9].map((number) => [
        `${number}.dcm`,
        instance({
          StudyInstanceUID,
          SOPInstanceUID: `${StudyInstanceUID}.1.${number}`,
          InstanceNumber: String(number),
          SpecificCharacterSet: 'ISO_IR 192',
          PatientName: 'Yamada^Tarou=山田^太郎',
          PatientComments: 'imported',
          '00190010': { vr: 'LO', value: 'MAKER' },
          '00191001': { vr: 'DS', value: '97' },
          ReferencedImageSequence: { vr: 'SQ', value: [{ ReferencedSOPInstanceUID: '2.25.99' }] },
        }),
      ]),
    )
    const { manifest } = await importFiles(server, { datastoreId, files })
    const { imageSetId } = manifest.imageSetsSummary[0]!
    return { imageSetId, address: `datastores/${datastoreId}/image-sets/${imageSetId}` }
  }

  async function update(imageSetId: string, attributes: object): Promise<void> {
    const updatable = { SchemaVersion: '1.1', Patient: { DICOM: attributes } }
    await sdk.send(
      new UpdateImageSetMetadataCommand({
        datastoreId,
        imageSetId,
        latestVersionId: '1',
        updateImageSetMetadataUpdates: {
          DICOMUpdates: { updatableAttributes: Buffer.from(JSON.stringify(updatable)) },
        },
      }),
    )
    await until(async () => {
      const document = await fetchMetadata(sdk, { datastoreId, imageSetId })
      return document.Patient.DICOM.PatientComments === 'imported' ? undefined : true
    })
  }

  test('opens from the search results, and shows properties and the metadata tree', async (t) => {
    const { imageSetId } = await importSeries()
    const page = await visit(t, { browser, hilum, address: `datastores/${datastoreId}` })
    await page.getByRole('link', { name: `Image set ${imageSetId}` }).click()
    await page.getByText('Yamada, Tarou 山田 太郎').waitFor()
    await page
      .getByText(`arn:aws:medical-imaging:us-east-1:000000000000:datastore/${datastoreId}/imageset/${imageSetId}`)
      .waitFor()
    const row = (name: RegExp) => page.getByRole('row', { name })
    await row(/PatientComments.*\(0010,4000\).*LT.*imported/).waitFor()
    assert.equal(await row(/InstanceNumber/).count(), 0)
    await page.getByRole('button', { name: 'Expand Instance 9' }).click()
    await row(/InstanceNumber.*\(0020,0013\).*IS.*9/).waitFor()
    await row(/Private.*\(0019,1001\).*DS.*97/).waitFor()
    await page.getByRole('button', { name: 'Expand ReferencedImageSequence' }).click()
    await page.getByRole('button', { name: 'Expand Item 1' }).click()
    await row(/ReferencedSOPInstanceUID.*2\.25\.99/).waitFor()
    await assertAccessible(page)
    await takeScreenshot(page, 'image-set')
  })

  test('finds attributes by tag, keyword, VR or value', async (t) => {
    const { address } = await importSeries()
    const page = await visit(t, { browser, hilum, address })
    const find = page.getByPlaceholder('Find by tag, keyword, VR, or value')
    for (const [text, found] of [
      ['(0010,4000)', /1 match/],
      ['patientcomments', /1 match/],
      ['DS', /match/],
      ['2.25.99', /2 matches/],
    ] as const) {
      await find.fill(text)
      await page.getByText(found).first().waitFor()
    }
    await page.getByText('Instance 9 › ReferencedImageSequence › Item 1').waitFor()
    await find.fill('no such value')
    await page.getByText('No matches').waitFor()
  })

  test('shows every version and the changes between two versions, which are in the URL', async (t) => {
    const { imageSetId, address } = await importSeries()
    await update(imageSetId, { PatientComments: 'corrected' })
    const page = await visit(t, { browser, hilum, address })
    await page.getByText('Version 2 (latest)').waitFor()
    await page.getByRole('row', { name: /corrected/ }).waitFor()
    await page.getByRole('tab', { name: 'Changes' }).click()
    const changed = page.getByRole('row', { name: /Patient.*PatientComments.*imported.*corrected/ })
    await changed.waitFor()
    await page.getByText('(1)').waitFor()
    await assertAccessible(page)
    await takeScreenshot(page, 'image-set-changes')
    await page.getByRole('button', { name: /^Version Version 2/ }).click()
    await page.getByRole('option', { name: /^Version 1/ }).click()
    await page.getByRole('row', { name: /PatientComments.*corrected.*imported/ }).waitFor()
    assert.match(page.url(), /#show=changes&version=1$/)
    await page.reload()
    await page.getByRole('row', { name: /PatientComments.*corrected.*imported/ }).waitFor()
  })

  test('can be tagged', async (t) => {
    const { address } = await importSeries()
    const page = await visit(t, { browser, hilum, address: `${address}#show=tags` })
    await page.getByText('No tags', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Manage tags' }).click()
    await page.getByRole('button', { name: 'Add tag' }).click()
    await page.getByRole('textbox', { name: 'Key' }).fill('project')
    await page.getByRole('textbox', { name: 'Value' }).fill('knee study')
    await page.getByRole('button', { name: 'Save changes' }).click()
    await page.getByRole('row', { name: 'project knee study' }).waitFor()
    await page.getByRole('button', { name: 'Manage tags' }).click()
    await page.getByRole('button', { name: 'Remove tag project' }).click()
    await page.getByRole('button', { name: 'Save changes' }).click()
    await page.getByText('No tags', { exact: true }).waitFor()
  })

  test('is deleted after a confirmation, and disappears from the search results', async (t) => {
    const { imageSetId, address } = await importSeries()
    // The search finds the image set until it is deleted, and then its thumbnail is not found.
    const page = await visit(t, { browser, hilum, address, expectedLog: /404/ })
    await page.getByRole('button', { name: 'Delete image set' }).click()
    const deleteButton = page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true })
    assert.equal(await deleteButton.isDisabled(), true)
    await page.getByLabel('To confirm, type delete').fill('delete')
    await assertAccessible(page)
    await deleteButton.click()
    await page.getByText(`Deleting image set ${imageSetId}.`).waitFor()
    await page.getByText(/Search took/).waitFor()
    await until(async () => {
      await page.getByRole('button', { name: 'Search', exact: true }).click()
      // Another search empties the table first.
      await page.getByText(/Search took/).waitFor()
      return (await page.getByRole('link', { name: `Image set ${imageSetId}` }).count()) === 0 ? true : undefined
    })
    await page.goto(`${hilum.endpoint}/console/${address}`)
    await page.getByText('This image set was deleted').waitFor()
  })

  test('receives no more requests after DeleteImageSet', async (t) => {
    const { imageSetId, address } = await importSeries()
    // From the search on, requests are those of its results, which have the image set until it is deleted.
    const page = await visit(t, { browser, hilum, address })
    const requests: string[] = []
    let isSearched = false
    page.on('request', (request) => {
      isSearched ||= request.url().includes('searchImageSets')
      if (request.url().includes(imageSetId) && !isSearched)
        requests.push(`${request.method()} ${new URL(request.url()).pathname}`)
    })
    // The request for metadata is never answered, so it is open when the deletion is sent.
    await page.route(/getImageSetMetadata/, () => undefined)
    await page.reload()
    await page.getByRole('button', { name: 'Delete image set' }).click()
    await page.getByLabel('To confirm, type delete').fill('delete')
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByText(`Deleting image set ${imageSetId}.`).waitFor()
    await page.getByText(/Search took/).waitFor()
    const deletion = `POST /datastore/${datastoreId}/imageSet/${imageSetId}/deleteImageSet`
    assert.deepEqual(requests.slice(requests.indexOf(deletion)), [deletion])
  })

  test('that does not exist is reported', async (t) => {
    const address = `datastores/${datastoreId}/image-sets/${'0'.repeat(32)}`
    const page = await visit(t, { browser, hilum, address, expectedLog: /404/ })
    await page.getByText('Image set not found').waitFor()
    await page.getByText(`No image set has the ID ${'0'.repeat(32)}. It might have been deleted.`).waitFor()
  })
})
