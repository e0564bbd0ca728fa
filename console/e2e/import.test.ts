/** Imports of dropped files, of chosen folders, and from S3 locations. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { instance } from '../../acceptance/support/fixtures.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { until } from '../../acceptance/support/until.ts'
import { removeAtExit } from '../../src/fixtures/remove-at-exit.ts'
import { assertAccessible, openBrowser, skipUnlessChromium, takeScreenshot, visit } from './support/browser.ts'

const skip = skipUnlessChromium()

describe('importing from a browser', skip, async () => {
  if ('skip' in skip) return
  const { hilum, sdk } = await openHilum()
  const browser = await openBrowser()
  const importPage = async () => `datastores/${await activeDatastore(sdk, { datastoreName: 'ward-7' })}/import`

  const drop = (page: Page, files: Readonly<Record<string, Uint8Array>>) =>
    page.evaluate(
      (list) => {
        const dataTransfer = new DataTransfer()
        for (const [name, bytes] of list) dataTransfer.items.add(new File([new Uint8Array(bytes)], name))
        for (const type of ['dragover', 'drop'])
          window.dispatchEvent(new DragEvent(type, { dataTransfer, cancelable: true }))
      },
      Object.entries(files).map(([name, bytes]) => [name, [...bytes]] as const),
    )
  const uploadedObject = async (name: string, uploadId: string) =>
    hilum.getObject('hilum-import', `uploads/${uploadId}/${name}`)

  test('dropped files are imported, and a failed file is listed with the reason', async (t) => {
    const page = await visit(t, { browser, hilum, address: await importPage() })
    await page.getByText('Drag and drop DICOM files or folders here, or choose them').waitFor()
    await drop(page, {
      'one.dcm': instance({ StudyInstanceUID: '2.25.1', PatientName: 'Drag^One' }),
      'two.dcm': instance({ StudyInstanceUID: '2.25.2', PatientName: 'Drag^Two' }),
      'letter.txt': Buffer.from('Dear colleague'),
      '.DS_Store': Buffer.from('x'),
    })
    await page.getByText(/^3 files, /).waitFor()
    await page.getByText('1 hidden file ignored').waitFor()
    await assertAccessible(page)
    await takeScreenshot(page, 'import')
    const started = page.waitForResponse(/\/hilum\/uploads$/)
    await page.getByLabel(/Job name/).fill('from-a-browser')
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    const { uploadId } = await (await started).json()
    await page.getByRole('link', { name: 'View report of from-a-browser' }).click()
    await page.getByRole('heading', { name: 'from-a-browser' }).waitFor()
    await page.getByText('Completed with errors').first().waitFor()
    await page.getByText('2 files', { exact: true }).waitFor()
    await page.getByText('1 file', { exact: true }).waitFor()
    const failure = page.getByRole('row', { name: /letter\.txt/ })
    assert.match(await failure.innerText(), /ValidationException/)
    await assertAccessible(page)
    await takeScreenshot(page, 'import-job')
    await until(async () => ((await uploadedObject('one.dcm', uploadId)) === undefined ? true : undefined))

    await page.getByRole('link', { name: 'View image sets' }).click()
    await page.getByText('(2)').waitFor()
    await page.getByText('Drag, Two').waitFor()
  })

  test('a report groups its failures by reason, has them in pages and as CSV, and its counts are in the list of jobs', async (t) => {
    const page = await visit(t, { browser, hilum, address: await importPage() })
    const numbered = (count: number, name: string, bytes: Uint8Array) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`${name} ${String(at).padStart(2, '0')}`, bytes]))
    await drop(page, {
      ...numbered(60, 'letter', Buffer.from('Dear colleague')),
      ...numbered(55, '=scan', Buffer.from('%PDF-1.7')),
      'zzz.dcm': instance({}),
    })
    await page.getByLabel(/Job name/).fill('mixed')
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    await page.getByText('Completed with errors: 115 of 116 files failed').waitFor()
    const row = page.getByRole('row', { name: /mixed/ })
    await row.getByText('Completed with errors').waitFor()
    assert.deepEqual((await row.getByRole('cell').allInnerTexts()).slice(4, 7), ['116', '1', '115'])
    await takeScreenshot(page, 'import-jobs-with-errors')
    await page.getByRole('link', { name: 'View report of mixed' }).click()
    await page.getByRole('button', { name: 'Close uploads' }).click()
    await page.getByText('Not a DICOM file: it is a PDF').first().waitFor()
    const reasons = page.getByRole('table').first().getByRole('row')
    assert.match((await reasons.allInnerTexts()).join('|'), /a text file\s+60\|.*a PDF.*\s+55$/)
    const files = page.getByRole('table').last()
    const firstFile = () => files.getByRole('row').nth(1).getByRole('rowheader').innerText()
    assert.equal(await firstFile(), '=scan 00')
    await page.getByRole('button', { name: 'Next page' }).click()
    await files.getByText('=scan 54').waitFor()
    await page.getByRole('button', { name: 'Next page' }).click()
    await files.getByText('letter 59').waitFor()
    assert.equal(await page.getByRole('button', { name: 'Next page' }).isDisabled(), true)
    await page.getByRole('button', { name: 'Previous page' }).click()
    await files.getByText('=scan 54').waitFor()
    await page
      .getByRole('button', { name: /List the files with the reason: Not a DICOM file: it is a text file/ })
      .click()
    await page.getByText('(60)').waitFor()
    await files.getByText('letter 00').waitFor()
    assert.equal(await firstFile(), 'letter 00')
    await assertAccessible(page)
    await takeScreenshot(page, 'import-report')
    const downloading = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download CSV' }).click()
    const lines = readFileSync(await (await downloading).path(), 'utf8')
      .trimEnd()
      .split('\r\n')
    assert.equal(lines.length, 116)
    assert.equal(lines[0], '\uFEFFFile,Reason,Error')
    assert.match(lines[1]!, /^'=scan 00,DICOM attributes does not exist\. The file is .*,ValidationException$/)
    await page.getByRole('button', { name: 'Show all files' }).click()
    await files.getByText('=scan 00').waitFor()
  })

  test('files that are dragged over a page of a data store are imported into it, and elsewhere the page says what to do', async (t) => {
    const store = (await importPage()).replace('/import', '')
    const page = await visit(t, { browser, hilum, address: `${store}/details` })
    await page.getByText('Image frame format').waitFor()
    const dragOver = () =>
      page.evaluate(() => {
        const dataTransfer = new DataTransfer()
        dataTransfer.items.add(new File(['x'], 'x.dcm'))
        window.dispatchEvent(new DragEvent('dragover', { dataTransfer, cancelable: true }))
      })
    await dragOver()
    await page.getByText('Drop to import into ward-7').waitFor()
    await assertAccessible(page)
    await takeScreenshot(page, 'drop')
    await page.evaluate(() => window.dispatchEvent(new DragEvent('dragleave')))
    await page.getByText('Drop to import into ward-7').waitFor({ state: 'detached' })
    await drop(page, { 'one.dcm': instance({}), '.DS_Store': new Uint8Array(1) })
    await page.getByText(/^1 file, /).waitFor()
    await page.getByText('1 hidden file ignored').waitFor()
    // Onto the import page: added to those that are chosen.
    await drop(page, { 'two.dcm': instance({}) })
    await page.getByText(/^2 files, /).waitFor()
    await page.getByRole('link', { name: 'Data stores' }).click()
    await page.getByRole('link', { name: 'ward-7' }).first().waitFor()
    await dragOver()
    await page.getByText('Open a data store first. Then drop the files on one of its pages.').waitFor()
    await drop(page, { 'one.dcm': instance({}) })
    await page.getByText('Open a data store first. Then drop the files on one of its pages.').waitFor()
    assert.equal(new URL(page.url()).pathname, '/console/')
    // A picture of the page counts as a file for the browser.
    const isIgnored = await page.evaluate(() => {
      const dataTransfer = new DataTransfer()
      dataTransfer.items.add(new File(['x'], 'picture.png'))
      window.dispatchEvent(new DragEvent('dragstart'))
      window.dispatchEvent(new DragEvent('dragover', { dataTransfer, cancelable: true }))
      return document.querySelector('.drop-target') === null
    })
    assert.equal(isIgnored, true)
    const isDefaultPrevented = await page.evaluate(() => {
      const event = new DragEvent('drop', { dataTransfer: new DataTransfer(), cancelable: true })
      return !window.dispatchEvent(event)
    })
    assert.equal(isDefaultPrevented, true)
  })

  test('a chosen folder is imported with its subfolders, and large files are uploaded in parts', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'hilum-folder-'))
    removeAtExit(folder)
    mkdirSync(join(folder, 'a', 'b'), { recursive: true })
    writeFileSync(join(folder, 'small.dcm'), instance({ StudyInstanceUID: '2.25.3' }))
    const pixels = new Uint8Array(9 * 1024 * 1024).map((_, at) => at * 7)
    const large = instance({ StudyInstanceUID: '2.25.4', BitsAllocated: 8 }, { pixelData: { frames: [pixels] } })
    writeFileSync(join(folder, 'a', 'b', 'large.dcm'), large)
    const page = await visit(t, { browser, hilum, address: await importPage() })
    await page.getByLabel('Folder', { exact: true }).setInputFiles(folder)
    await page.getByText(/^2 files, 9\.4 MB/).waitFor()
    const parts: string[] = []
    page.on('request', (request) => {
      if (request.url().includes('large.dcm')) parts.push(`${request.method()} ${new URL(request.url()).search}`)
    })
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    await page.getByText('Imported 2 files').waitFor()
    assert.deepEqual(parts, ['PUT ?part=1', 'PUT ?part=2', 'PUT ?part=3', 'POST ?parts=3'])
  })

  test('files of an S3 location are imported, and invalid locations are reported before a request is sent', async (t) => {
    await hilum.putObject('scans', 'today/1.dcm', instance({ StudyInstanceUID: '2.25.5' }))
    await hilum.putObject('reports', 'x', new Uint8Array())
    const page = await visit(t, { browser, hilum, address: await importPage() })
    await page.getByText('S3 location').click()
    await page.getByLabel('Import source location in S3').fill('scans/today')
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    await page
      .getByText(/Enter an S3 URI/)
      .first()
      .waitFor()
    for (const label of ['Import source location in S3', 'Output destination in S3'])
      assert.equal(await page.getByLabel(label).getAttribute('aria-invalid'), 'true')
    await page.getByLabel('Import source location in S3').fill('s3://scans/today/')
    await page.getByLabel('Output destination in S3').fill('s3://reports/today/')
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    await page.getByText('1 file', { exact: true }).waitFor()
  })

  test('a failed import job shows the reason, and is in the list of import jobs', async (t) => {
    const address = await importPage()
    const page = await visit(t, { browser, hilum, address })
    await page.getByText('S3 location').click()
    await page.getByLabel('Import source location in S3').fill('s3://no-such-bucket/x/')
    await page.getByLabel('Output destination in S3').fill('s3://no-such-bucket/y/')
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    await page.getByText('Import job failed').waitFor()
    await page
      .getByText(/The bucket "no-such-bucket" does not exist/)
      .first()
      .waitFor()
    await page.getByRole('link', { name: 'Imports' }).click()
    await page.getByRole('cell', { name: 'Failed' }).waitFor()
    await assertAccessible(page)
    await takeScreenshot(page, 'import-jobs')
  })
})
