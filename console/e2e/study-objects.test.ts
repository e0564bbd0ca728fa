/** Objects that are not pictures, in the study view and on the page of the image set. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { type Attributes, instance } from '../../acceptance/support/fixtures.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { importFiles } from '../../acceptance/support/import.ts'
import { until } from '../../acceptance/support/until.ts'
import { assertAccessible, openWholeBrowser, skipUnlessChromium, takeScreenshot, visit } from './support/browser.ts'
import { imageFile, pixelOf } from './support/images.ts'

const skip = skipUnlessChromium()
const STUDY = '2.25.911'
const STORAGE = '1.2.840.10008.5.1.4.1.1.'
const SIZE = 64

/** A page with one word. The number of bytes is odd, so that the value in the file has a byte more. */
const PDF = Buffer.from(`%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj
4 0 obj<</Length 43>>stream
BT /F1 48 Tf 40 80 Td (Report) Tj ET      
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
`)
const HTML = Buffer.from('<html><script>top.document.title = "changed"</script><p>A page</p></html>')

let series = 0
/** An object in a series of its own. */
const object = (storageClass: string, Modality: string, attributes: Attributes): Uint8Array => {
  series += 1
  const SeriesInstanceUID = `${STUDY}.${100 + series}`
  return instance({
    ...{ SOPClassUID: `${STORAGE}${storageClass}`, StudyInstanceUID: STUDY, SeriesInstanceUID, Modality },
    ...{ SeriesNumber: 100 + series, PatientName: 'Okafor^Ngozi', PatientID: 'P7' },
    ...attributes,
  })
}
const documentOf = (storageClass: string, title: string, bytes: Uint8Array, mime: string): Uint8Array =>
  object(storageClass, storageClass === '104.3' ? 'M3D' : 'DOC', {
    ...{ SeriesDescription: title, DocumentTitle: title, MIMETypeOfEncapsulatedDocument: mime },
    EncapsulatedDocument: bytes,
    EncapsulatedDocumentLength: bytes.length,
  })

const SLICES = 5
const CT_SERIES = `${STUDY}.1`
const slices = Array.from({ length: SLICES }, (_, at) =>
  imageFile({
    pixel: pixelOf({ rows: SIZE, columns: SIZE, bitsStored: 12 }),
    attributes: {
      ...{ StudyInstanceUID: STUDY, SeriesInstanceUID: CT_SERIES, SOPInstanceUID: `${CT_SERIES}.${at + 1}` },
      ...{ SOPClassUID: `${STORAGE}2`, Modality: 'CT', SeriesNumber: 1, InstanceNumber: at + 1 },
      ...{ PatientName: 'Okafor^Ngozi', PatientID: 'P7', SeriesDescription: 'Axial' },
    },
  }),
)
const reference = (at: number) => ({
  ReferencedSOPClassUID: `${STORAGE}2`,
  ReferencedSOPInstanceUID: `${CT_SERIES}.${at}`,
})
const keyObjects = object('88.59', 'KO', {
  ...{ SeriesDescription: 'For the surgeon', ValueType: 'CONTAINER' },
  ConceptNameCodeSequence: [{ CodeValue: '113004', CodingSchemeDesignator: 'DCM', CodeMeaning: 'For Teaching' }],
  ContentSequence: [
    { ValueType: 'TEXT', RelationshipType: 'CONTAINS', TextValue: 'The nodule' },
    { ValueType: 'IMAGE', RelationshipType: 'CONTAINS', ReferencedSOPSequence: [reference(4)] },
    { ValueType: 'IMAGE', RelationshipType: 'CONTAINS', ReferencedSOPSequence: [reference(2)] },
  ],
  CurrentRequestedProcedureEvidenceSequence: [
    {
      StudyInstanceUID: STUDY,
      ReferencedSeriesSequence: [{ SeriesInstanceUID: CT_SERIES, ReferencedSOPSequence: [reference(4), reference(2)] }],
    },
  ],
})

describe('objects that are not pictures', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const { hilum, sdk } = server
  const datastoreId = await activeDatastore(sdk, { datastoreName: 'ward-7' })
  const files = [
    ...slices,
    documentOf('104.1', 'Lab report', PDF, 'application/pdf'),
    documentOf('104.1', 'Not a PDF', HTML, 'application/pdf'),
    documentOf('104.2', 'Letter', Buffer.from('<ClinicalDocument/>'), 'text/XML'),
    documentOf('104.3', 'Model', Buffer.from('solid a\nendsolid a\n'), 'model/stl'),
    keyObjects,
    object('481.3', 'RTSTRUCT', { SeriesDescription: 'Contours', StructureSetLabel: 'Prostate' }),
    object('9.1.1', 'ECG', { SeriesDescription: 'Resting' }),
    object('66', 'MR', { SeriesDescription: 'Raw lines' }),
    imageFile({
      pixel: pixelOf({ rows: SIZE, columns: SIZE, bitsAllocated: 8, numberOfFrames: 10, samplesPerPixel: 3 }),
      frames: [Uint8Array.of(0, 0, 1, 0xb3, ...new Uint8Array(200))],
      transferSyntaxUID: '1.2.840.10008.1.2.4.100',
      attributes: {
        ...{ StudyInstanceUID: STUDY, SeriesInstanceUID: `${STUDY}.90`, SOPInstanceUID: `${STUDY}.90.1` },
        ...{ SOPClassUID: `${STORAGE}77.1.1.1`, Modality: 'ES', SeriesNumber: 90, SeriesDescription: 'Endoscopy' },
        ...{ PatientName: 'Okafor^Ngozi', PatientID: 'P7' },
      },
    }),
  ]
  await importFiles(server, {
    datastoreId,
    files: Object.fromEntries(files.map((file, at) => [`${String(at).padStart(4, '0')}.dcm`, file])),
  })
  const browser = await openWholeBrowser()
  const address = (fragment = '') => `datastores/${datastoreId}/studies/${STUDY}${fragment && `#${fragment}`}`
  const open = (page: Page, description: string) => page.getByRole('button', { name: description }).click()
  const saved = async (page: Page, button: string) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: button, exact: true }).click(),
    ])
    return { name: download.suggestedFilename(), bytes: readFileSync((await download.path())!) }
  }

  test('a PDF opens in its pane, and is saved byte for byte', async (t) => {
    const page = await visit(t, { browser, hilum, address: address() })
    await page.getByText(`Image 1 of ${SLICES}`).waitFor()
    await open(page, 'Lab report')
    const frame = page.getByTitle('Lab report')
    await frame.waitFor()
    const url = (await frame.getAttribute('src'))!
    assert.match(url, /^blob:/)
    const file = await saved(page, 'Download PDF')
    assert.match(file.name, /\.pdf$/)
    assert.ok(file.bytes.equals(PDF))
    // The viewer of the browser draws it: the page of the document is white, around it is the gray of the viewer.
    if (await page.evaluate(() => navigator.pdfViewerEnabled)) {
      // A frame is there before it has its address.
      await until(async () => page.frames().some((each) => each.url().startsWith('chrome-extension:')) || undefined)
    }
    await takeScreenshot(page, 'study-pdf')
  })

  test('bytes that claim to be a PDF and are a page are not opened, and can be saved', async (t) => {
    const page = await visit(t, { browser, hilum, address: address() })
    await open(page, 'Not a PDF')
    await page.getByText('PDF document: its bytes are not a PDF, so it is not shown. Download it.').waitFor()
    assert.equal(await page.locator('iframe').count(), 0)
    assert.ok((await saved(page, 'Download PDF')).bytes.equals(HTML))
    assert.doesNotMatch(await page.title(), /changed/)
  })

  test('a page from memory in a frame can neither run scripts nor load anything', async (t) => {
    const page = await visit(t, { browser, hilum, address: address(), expectedLog: /Content Security Policy/ })
    await page.getByText(`Image 1 of ${SLICES}`).waitFor()
    await page.evaluate(async (html) => {
      const frame = document.createElement('iframe')
      frame.src = URL.createObjectURL(new Blob([html], { type: 'text/html' }))
      document.body.append(frame)
      await new Promise((resolve) => frame.addEventListener('load', resolve))
    }, HTML.toString())
    assert.doesNotMatch(await page.title(), /changed/)
  })

  test('other objects have a sentence and a download', async (t) => {
    const page = await visit(t, { browser, hilum, address: address() })
    for (const [description, sentence] of [
      ['Letter', 'CDA document: Hilum does not show it. Download it.'],
      ['Model', 'STL model: Hilum does not show it. Download it.'],
      ['Contours', 'RT Structure Set “Prostate”: Hilum does not draw it. Download it.'],
      ['Resting', 'ECG: Hilum does not draw it. Download it.'],
      ['Raw lines', 'Raw data: Hilum does not draw it. Download it.'],
      ['Endoscopy', "Browsers can't play MPEG-2. Download the video."],
    ] as const) {
      await open(page, description)
      await page.getByText(sentence).waitFor()
    }
    assert.deepEqual([...(await saved(page, 'Download video')).bytes.subarray(0, 4)], [0, 0, 1, 0xb3])
    await open(page, 'Letter')
    assert.equal((await saved(page, 'Download CDA document')).bytes.toString(), '<ClinicalDocument/>')
    await open(page, 'Contours')
    const { name, bytes } = await saved(page, 'Download RT Structure Set')
    assert.match(name, /\.dcm$/)
    assert.equal(bytes.subarray(128, 132).toString(), 'DICM')
    await takeScreenshot(page, 'study-not-drawn')
    await assertAccessible(page)
  })

  test('key images are a list, and each opens beside it', async (t) => {
    const page = await visit(t, { browser, hilum, address: address() })
    await page.getByText(`Image 1 of ${SLICES}`).waitFor()
    await open(page, 'For the surgeon')
    await page.getByRole('heading', { name: 'For Teaching' }).waitFor()
    await page.getByText('The nodule').waitFor()
    const beside = page.locator('.study-pane[data-pane="2"]')
    await page.getByRole('button', { name: 'Key image 1: Series 1, CT, Axial' }).click()
    await beside.getByText(`Image 4 of ${SLICES}`).waitFor()
    await page.getByRole('button', { name: 'Key image 2: Series 1, CT, Axial' }).click()
    await beside.getByText(`Image 2 of ${SLICES}`).waitFor()
    await takeScreenshot(page, 'study-key-images')
    await assertAccessible(page)
  })

  test('the page of an image set shows the same', async (t) => {
    const page = await visit(t, { browser, hilum, address: address() })
    const seen: string[] = []
    for (const description of ['Lab report', 'For the surgeon', 'Resting']) {
      await open(page, description)
      await page.getByRole('region', { name: 'Objects without images' }).waitFor()
      await page.getByRole('link', { name: 'Open image set' }).click()
      await page.locator('.viewer-objects').waitFor()
      seen.push(...(await page.locator('.objects p, .objects h2').allInnerTexts()))
      if (description === 'Lab report') await takeScreenshot(page, 'image-set-pdf')
      await page.getByRole('link', { name: 'Open study' }).click()
    }
    for (const words of ['Lab report', 'For Teaching', 'Open the study to go to these images.'])
      assert.ok(seen.includes(words), `${words} is not in ${seen.join(' | ')}`)
    assert.ok(seen.some((text) => /^ECG: Hilum does not draw it/.test(text)))
  })
})
