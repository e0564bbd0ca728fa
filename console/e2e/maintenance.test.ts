/** The pages for audit log, backup and verification, and their summary on the details of a data store, of a server with a data folder. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import {
  CreateDatastoreCommand,
  GetDatastoreCommand,
  ListDatastoresCommand,
  MedicalImagingClient,
} from '@aws-sdk/client-medical-imaging'
import type { Hilum } from '../../acceptance/support/hilum.ts'
import { until } from '../../acceptance/support/until.ts'
import { startHilumProcess } from '../../src/fixtures/hilum-process.ts'
import { removeAtExit } from '../../src/fixtures/remove-at-exit.ts'
import { assertAccessible, openBrowser, skipUnlessChromium, takeScreenshot, visit } from './support/browser.ts'

const skip = skipUnlessChromium()

describe('the server', skip, async () => {
  if ('skip' in skip) return
  const browser = await openBrowser()
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-maintenance-'))
  removeAtExit(cwd)
  mkdirSync(join(cwd, 'data'))
  writeFileSync(join(cwd, 'data/hilum.json'), JSON.stringify({ limits: { verifyLookMs: 3_000 } }))
  // Ends after all tests.
  const whole = { after } as TestContext
  const run = (...words: string[]) => startHilumProcess(whole, [...words, '--data', 'data'], { cwd, isBuilt: true })
  const server = run('serve', '--port', '0', '--host', '127.0.0.1')
  const [, endpoint = ''] = await server.printed(/^Hilum answers at (http:\S+)/m)
  const clientOf = (credentials: Hilum['client']['credentials']) => {
    const options = { endpoint, region: 'us-east-1', credentials, maxAttempts: 1, disableHostPrefix: true }
    const sdk = new MedicalImagingClient(options)
    after(() => sdk.destroy())
    return sdk
  }
  const credentials = JSON.parse(readFileSync(join(cwd, 'data/credentials.json'), 'utf8'))
  const sdk = clientOf(credentials)
  const hilum = { endpoint, client: { credentials } }
  const { datastoreId } = await sdk.send(new CreateDatastoreCommand({ datastoreName: 'archive' }))
  const created = run(
    'principals',
    'create',
    'mary',
    '--policy',
    'AWSHealthImagingReadOnlyAccess',
    '--json',
    '--port',
    new URL(endpoint).port,
  )
  assert.equal(await created.ended, 0, created.output())
  const mary = JSON.parse(created.output())

  test('backups and verifications: before and after the first one', async (t) => {
    const page = await visit(t, { browser, hilum, address: `datastores/${datastoreId}/details` })
    await page.getByText('Backup and verification of the server').waitFor()
    await page.getByText('None yet').first().waitFor()
    await page.goto(`${endpoint}/console/backup`)
    await page.getByText('No backups', { exact: true }).waitFor()
    await assertAccessible(page)
    const backup = run('backup', '--to', 'place')
    assert.equal(await backup.ended, 0, backup.output())
    await page.getByRole('button', { name: 'Refresh' }).click()
    await page.getByText('No blob missing or damaged').waitFor()
    await page.getByText('Less than a day').waitFor()
    assert.equal(await page.getByText('place', { exact: true }).count(), 2)
    await assertAccessible(page)
    await takeScreenshot(page, 'backup')
    await page.goto(`${endpoint}/console/datastores/${datastoreId}/details`)
    await page.getByText('no missing or damaged blobs').waitFor()
    await takeScreenshot(page, 'maintenance')
    await assertAccessible(page)
    await page.getByRole('link', { name: 'View verifications' }).click()
    await page.getByText('Last complete verification').waitFor()
    await page.getByRole('rowheader', { name: 'Metadata documents' }).waitFor()
    await assertAccessible(page)
    await takeScreenshot(page, 'verification')
  })

  test('the audit log: newest first, filtered, page by page, verified', async (t) => {
    const reading = clientOf(mary)
    for (let at = 0; at < 70; at++) await reading.send(new ListDatastoresCommand({}))
    await assert.rejects(reading.send(new CreateDatastoreCommand({ datastoreName: 'hers' })))
    await sdk.send(new GetDatastoreCommand({ datastoreId }))
    const page = await visit(t, { browser, hilum })
    await page.getByRole('button', { name: 'Server' }).click()
    await page.getByRole('menuitem', { name: 'Audit log' }).click()
    await page.getByText(/^Verified back to .*: \d+ lines, none missing or changed\.$/).waitFor()
    const rows = page.locator('table tbody tr')
    // The requests of the page itself are the newest.
    await page.getByRole('rowheader', { name: 'GetDatastore', exact: true }).first().waitFor()
    assert.equal(await rows.count(), 50)
    await assertAccessible(page)
    await takeScreenshot(page, 'audit')

    await page.getByRole('searchbox', { name: 'Principal' }).fill('mary')
    await page.getByRole('button', { name: 'Search', exact: true }).click()
    await page.getByRole('cell', { name: '403 AccessDeniedException' }).waitFor()
    assert.equal(await rows.filter({ hasText: 'mary' }).count(), 50)
    await page.getByRole('button', { name: 'Next page' }).click()
    await page.getByText('back to the first event').waitFor()
    await until(async () => (await rows.count()) < 50 || undefined)
    assert.equal(await rows.filter({ hasText: 'ListDatastores' }).count(), 21)
    await page.getByRole('button', { name: 'Previous page' }).click()

    await page.getByRole('button', { name: 'Outcome All' }).click()
    await page.getByRole('option', { name: 'Failed or refused' }).click()
    await page.getByRole('button', { name: 'Search', exact: true }).click()
    await page.getByRole('rowheader', { name: 'CreateDatastore' }).waitFor()
    assert.equal(await rows.count(), 1)
    assert.match(page.url(), /#principal=mary&outcome=failed$/)
    await page.reload()
    await page.getByRole('rowheader', { name: 'CreateDatastore' }).waitFor()
    await page.getByRole('searchbox', { name: 'Operation' }).fill('NoSuchOperation')
    await page.keyboard.press('Enter')
    await page.getByText('No matches', { exact: true }).waitFor()
  })

  test('a principal without the permission reads a plain sentence on each page', async (t) => {
    const hers = { endpoint, client: { credentials: mary } }
    const page = await visit(t, { browser, hilum: hers, expectedLog: /403/ })
    for (const [address, action] of [
      ['audit', 'hilum:SearchAuditLog'],
      ['backup', 'hilum:ListMaintenanceRuns'],
      ['verification', 'hilum:ListMaintenanceRuns'],
    ]) {
      await page.goto(`${endpoint}/console/${address}`)
      await page.getByText("You don't have permission to see").waitFor()
      await page.getByText(action!).waitFor()
      assert.equal(await page.getByRole('button', { name: 'Sign in again' }).count(), 0)
    }
    await assertAccessible(page)
    await takeScreenshot(page, 'audit-not-allowed')
  })
})
