/** The last backup and the last verification, on the details of a data store. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { CreateDatastoreCommand, MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { startHilumProcess } from '../../src/fixtures/hilum-process.ts'
import { removeAtExit } from '../../src/fixtures/remove-at-exit.ts'
import { assertAccessible, openBrowser, skipUnlessChromium, takeScreenshot, visit } from './support/browser.ts'

const skip = skipUnlessChromium()

describe('backup and verification', skip, async () => {
  if ('skip' in skip) return
  const browser = await openBrowser()

  test('are shown with their time and what they found', async (t) => {
    const cwd = mkdtempSync(join(tmpdir(), 'hilum-maintenance-'))
    removeAtExit(cwd)
    const words = ['serve', '--data', 'data', '--port', '0', '--host', '127.0.0.1']
    const server = startHilumProcess(t, words, { cwd, isBuilt: true })
    const [, endpoint = ''] = await server.printed(/^Hilum answers at (http:\S+)/m)
    const credentials = JSON.parse(readFileSync(join(cwd, 'data/credentials.json'), 'utf8'))
    const sdk = new MedicalImagingClient({ endpoint, region: 'us-east-1', credentials, disableHostPrefix: true })
    const { datastoreId } = await sdk.send(new CreateDatastoreCommand({ datastoreName: 'archive' }))
    sdk.destroy()
    const hilum = { endpoint, client: { credentials } }
    const page = await visit(t, { browser, hilum, address: `datastores/${datastoreId}/details` })
    const section = page.getByText('Backup and verification of the server')
    await section.waitFor()
    assert.equal(await page.getByText('None yet').count(), 2)
    const backup = startHilumProcess(t, ['backup', '--data', 'data', '--to', 'place'], { cwd, isBuilt: true })
    assert.equal(await backup.ended, 0, backup.output())
    await page.reload()
    await page.getByText('no missing or damaged blobs').waitFor()
    await takeScreenshot(page, 'maintenance')
    await assertAccessible(page)
  })
})
