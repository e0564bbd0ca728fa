/** The tray of uploads: what runs while a person goes on working, and what happens when it can't. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { Page } from 'playwright-core'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { instance } from '../../acceptance/support/fixtures.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { removeAtExit } from '../../src/fixtures/remove-at-exit.ts'
import {
  assertAccessible,
  openBrowser,
  skipUnlessChromium,
  takeScreenshot,
  visit,
  waitForLastScript,
} from './support/browser.ts'

const skip = skipUnlessChromium()
const QUOTA_BYTES = 200_000

describe('uploads', skip, async () => {
  if ('skip' in skip) return
  const { hilum, sdk } = await openHilum({ limits: { uploadBytesPerKey: QUOTA_BYTES } })
  const browser = await openBrowser()
  const datastoreId = await activeDatastore(sdk, { datastoreName: 'ward-7' })
  const store = `datastores/${datastoreId}`
  let studies = 0

  const open = (t: TestContext, expectedLog?: RegExp) =>
    visit(t, { browser, hilum, address: `${store}/import`, ...(expectedLog && { expectedLog }) })

  /** A folder on this computer with an instance in each file. */
  function folderOf(names: readonly string[]): string {
    const folder = mkdtempSync(join(tmpdir(), 'hilum-scans-'))
    removeAtExit(folder)
    studies += 1
    for (const [at, name] of names.entries()) {
      const SOPInstanceUID = `2.25.70.${studies}.${at}`
      writeFileSync(join(folder, name), instance({ StudyInstanceUID: `2.25.7.${studies}`, SOPInstanceUID }))
    }
    return folder
  }

  async function importFolder(page: Page, folder: string, jobName: string): Promise<void> {
    await page.getByLabel('Folder', { exact: true }).setInputFiles(folder)
    await page.getByText(/^\d+ files?, /).waitFor()
    await page.getByLabel(/Job name/).fill(jobName)
    await page.getByRole('button', { name: 'Import', exact: true }).click()
  }

  /** Requests with files wait until they are let go. */
  async function holdFiles(page: Page): Promise<{ letGo(): void }> {
    let letGo = () => {}
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    await page.route(/\/hilum\/uploads\/.+/, async (route) => {
      await held
      // Of a page that has cancelled it.
      await route.continue().catch(() => {})
    })
    return { letGo }
  }

  const tray = (page: Page) => page.getByRole('region', { name: 'Uploads' })
  const isAskedBeforeLeaving = (page: Page) =>
    page.evaluate(() => !window.dispatchEvent(new Event('beforeunload', { cancelable: true })))

  test('an upload goes on while the person visits other pages, another one waits for it, and the tab asks before it is closed', async (t) => {
    const page = await open(t)
    assert.equal(await isAskedBeforeLeaving(page), false)
    const { letGo } = await holdFiles(page)
    await importFolder(page, folderOf(['1.dcm', '2.dcm', '3.dcm']), 'first')
    await page.getByRole('heading', { name: 'Import jobs' }).waitFor()
    await page
      .getByRole('button', { name: 'Import DICOM data' })
      .or(page.getByRole('link', { name: 'Import DICOM data' }))
      .click()
    await importFolder(page, folderOf(['4.dcm', '5.dcm']), 'second')
    await tray(page).getByText('Waiting for the uploads before it').waitFor()
    await page.getByRole('link', { name: 'Data stores' }).first().click()
    await page.getByRole('link', { name: 'ward-7' }).first().waitFor()
    assert.match(await tray(page).innerText(), /0 of 3 files/)
    assert.equal(await isAskedBeforeLeaving(page), true)
    await assertAccessible(page)
    await takeScreenshot(page, 'uploads')
    letGo()
    await tray(page).getByText('Imported 3 files').waitFor()
    await tray(page).getByText('Imported 2 files').waitFor()
    assert.equal(await isAskedBeforeLeaving(page), false)
    await tray(page).getByRole('link', { name: 'View report of first' }).click()
    await page.getByRole('heading', { name: 'first', exact: true }).waitFor()
    await page.getByRole('button', { name: 'Close uploads' }).click()
    await tray(page).waitFor({ state: 'detached' })
  })

  test('an upload is paused and goes on, and one that is cancelled leaves nothing on the server', async (t) => {
    const page = await open(t)
    const { letGo } = await holdFiles(page)
    await importFolder(page, folderOf(['1.dcm', '2.dcm']), 'paused')
    await page.getByRole('button', { name: 'Pause upload of paused' }).click()
    await tray(page).getByText('Paused', { exact: true }).waitFor()
    assert.equal(await isAskedBeforeLeaving(page), true)
    letGo()
    await page.getByRole('button', { name: 'Collapse uploads' }).click()
    await tray(page).getByText('Upload paused 0 %').waitFor()
    await page.getByRole('button', { name: 'Expand uploads' }).click()
    await page.getByRole('button', { name: 'Resume upload of paused' }).click()
    await tray(page).getByText('Imported 2 files').waitFor()

    await page.unrouteAll()
    const again = await holdFiles(page)
    await page.goto(`${hilum.endpoint}/console/${store}/import`)
    const removed = page.waitForRequest((request) => request.method() === 'DELETE')
    await importFolder(page, folderOf(['3.dcm']), 'cancelled')
    await page.getByRole('button', { name: 'Cancel upload of cancelled' }).click()
    await tray(page).getByText('Cancelled', { exact: true }).waitFor()
    assert.equal(await isAskedBeforeLeaving(page), false)
    again.letGo()
    await (await removed).response()
  })

  test('files that cannot be read or stored are listed with the reason, can be sent again, and the others are imported', async (t) => {
    const page = await open(t, /400/)
    const names = ['1.dcm', '2.dcm', 'gone.dcm']
    const folder = folderOf(names)
    await page.getByLabel('Folder', { exact: true }).setInputFiles(folder)
    await page.getByText(/^3 files, /).waitFor()
    rmSync(join(folder, 'gone.dcm'))
    await page.evaluate(
      (name) => {
        const dataTransfer = new DataTransfer()
        dataTransfer.items.add(new File(['x'], name))
        window.dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }))
      },
      `${'long'.repeat(64)}.dcm`,
    )
    await page.getByText(/^4 files, /).waitFor()
    await page.getByLabel(/Job name/).fill('partly')
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    await tray(page).getByText("2 files couldn't be uploaded").waitFor()
    await tray(page).getByText('Failed files (2)').click()
    await tray(page)
      .getByText("The browser can't read the file. It might have been changed, moved or deleted.")
      .waitFor()
    await tray(page)
      .getByText(/A file cannot have this name: a part of it is longer than 255 bytes\./)
      .waitFor()
    assert.equal(await isAskedBeforeLeaving(page), true)
    await assertAccessible(page)
    await takeScreenshot(page, 'uploads-failed')
    await page.getByRole('button', { name: 'Retry upload of partly' }).click()
    await tray(page).getByText("2 files couldn't be uploaded").waitFor()
    await page.getByRole('button', { name: 'Import the other 2 files' }).click()
    await tray(page).getByText('Imported 2 files').waitFor()
  })

  test('an upload waits while the browser is offline, and goes on by itself', async (t) => {
    const page = await open(t, /ERR_INTERNET_DISCONNECTED/)
    const { letGo } = await holdFiles(page)
    await importFolder(page, folderOf(['1.dcm', '2.dcm']), 'offline')
    await tray(page).getByText('0 of 2 files').waitFor()
    await waitForLastScript(page)
    await page.context().setOffline(true)
    letGo()
    await tray(page).getByText('Offline. Continues when the network is back.').waitFor()
    await page.context().setOffline(false)
    await tray(page).getByText('Imported 2 files').waitFor()
  })

  test('a refusal that concerns all files stops the upload with the reason', async (t) => {
    const page = await open(t, /402/)
    const folder = folderOf(['1.dcm'])
    writeFileSync(join(folder, '2.dcm'), new Uint8Array(QUOTA_BYTES))
    await importFolder(page, folder, 'stopped')
    await tray(page).getByText('Quota exceeded').waitFor()
    await tray(page)
      .getByText(/raise limits\.uploadBytesPerKey/)
      .waitFor()
    await takeScreenshot(page, 'uploads-stopped')
    await page.getByRole('button', { name: 'Retry upload of stopped' }).click()
    await tray(page).getByText('Quota exceeded').waitFor()
    await page.getByRole('button', { name: 'Cancel upload of stopped' }).click()
    await tray(page).getByText('Cancelled', { exact: true }).waitFor()
  })

  test('signing out asks before it cancels what is not on the server yet', async (t) => {
    const page = await open(t)
    await holdFiles(page)
    await importFolder(page, folderOf(['1.dcm']), 'signed-out')
    await tray(page).getByText('0 of 1 file').waitFor()
    const signOut = async (answer: 'accept' | 'dismiss') => {
      const asked = page.waitForEvent('dialog')
      await page.getByRole('button', { name: /^Account / }).click()
      const click = page.getByRole('menuitem', { name: 'Sign out', exact: true }).click()
      const dialog = await asked
      assert.equal(dialog.message(), 'Files are still being uploaded. Sign out and cancel the uploads?')
      await dialog[answer]()
      await click
    }
    await signOut('dismiss')
    await tray(page).getByText('0 of 1 file').waitFor()
    await signOut('accept')
    await tray(page).waitFor({ state: 'detached' })
    assert.equal(await isAskedBeforeLeaving(page), false)
  })
})
