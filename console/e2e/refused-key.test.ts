/** A data store whose KMS key does not let Hilum use it: what the pages say, and where they say how it is mended. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { CreateDatastoreCommand, GetDatastoreCommand, MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { removeAtExit } from '../../src/fixtures/remove-at-exit.ts'
import { startServer } from '../../src/main.ts'
import { withServiceStatement } from '../../src/security/keys/key-policy.ts'
import { openKeyRing } from '../../src/security/keys/key-ring.ts'
import { loadConfig } from '../../src/server/config.ts'
import { openLog } from '../../src/server/log.ts'
import { keyPlacesOf } from '../../src/server/open-data-keys.ts'
import { assertAccessible, openBrowser, skipUnlessChromium, takeScreenshot, visit } from './support/browser.ts'

const skip = skipUnlessChromium()
const credentials = { accessKeyId: 'HILUMTESTACCESSKEY', secretAccessKey: 'a-secret-of-tests' }
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true }
const TABLET = { viewport: { width: 820, height: 1180 } }

describe('a data store with a refused key', skip, async () => {
  if ('skip' in skip) return
  const folder = await mkdtemp(join(tmpdir(), 'hilum-refused-key-'))
  removeAtExit(folder)
  await mkdir(join(folder, 'buckets'), { recursive: true })
  await writeFile(join(folder, 'hilum.json'), JSON.stringify({ limits: { dataKeyMs: 100 } }))
  const config = loadConfig({
    cwd: folder,
    env: { HILUM_ACCESS_KEY_ID: credentials.accessKeyId, HILUM_SECRET_ACCESS_KEY: credentials.secretAccessKey },
    flags: { data: folder, port: '0', host: ['127.0.0.1'] },
  })
  const server = await startServer(config, { log: openLog({ logLevel: 'error' }) })
  const { endpoint, region } = server
  const sdk = new MedicalImagingClient({ endpoint, region, credentials, disableHostPrefix: true })
  after(async () => {
    sdk.destroy()
    await server.stop()
  })
  const keys = await openKeyRing(keyPlacesOf(config).ring, config)
  const { keyArn } = await keys.create(undefined)
  const { datastoreId } = await sdk.send(new CreateDatastoreCommand({ datastoreName: 'theirs', kmsKeyArn: keyArn }))
  const statusOf = async () =>
    (await sdk.send(new GetDatastoreCommand({ datastoreId }))).datastoreProperties?.datastoreStatus
  while ((await statusOf()) !== 'ACTIVE');
  const browser = await openBrowser()
  const hilum = { endpoint, client: { credentials } }
  const TITLE = "The KMS key of this data store can't be used"

  for (const [name, options] of Object.entries({
    light: { colorScheme: 'light' },
    dark: { colorScheme: 'dark' },
    'tablet-dark': { ...TABLET, colorScheme: 'dark' },
    'phone-light': { ...PHONE, colorScheme: 'light' },
  } as const)) {
    test(`the search shows the missing statement and a link to how the key is mended, ${name}`, async (t) => {
      const page = await visit(t, { browser, hilum, address: `datastores/${datastoreId}`, options, expectedLog: /403/ })
      await page.getByText(TITLE).waitFor()
      const statement = JSON.parse((await page.locator('pre.code-block').textContent())!)
      assert.equal(statement.Principal.Service, 'medical-imaging.amazonaws.com')
      assert.equal(
        statement.Condition.StringEquals['kms:EncryptionContext:aws:medical-imaging:datastoreId'],
        datastoreId,
      )
      assert.equal(await page.getByRole('button', { name: 'Sign in again' }).count(), 0)
      await assertAccessible(page)
      await takeScreenshot(page, `refused-key-${name}`)
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)) <= 0)
      await page.getByRole('link', { name: 'How to make the key usable again' }).click()
      await page.getByText(`hilum keys put-policy ${keyArn} policy.json`).waitFor()
      await assertAccessible(page)
      await takeScreenshot(page, `encryption-keys-${name}`)
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)) <= 0)
    })
  }

  test('the details of the data store have the state of the key, and what its policy lacks', async (t) => {
    const address = `datastores/${datastoreId}/details`
    const page = await visit(t, { browser, hilum, address, expectedLog: /403/ })
    await page.getByText('Not usable: the data can’t be read or changed').waitFor()
    await page.getByText(keyArn, { exact: true }).waitFor()
    const statement = JSON.parse((await page.locator('pre.code-block').textContent())!)
    assert.equal(statement.Principal.Service, 'medical-imaging.amazonaws.com')
    await assertAccessible(page)
    await takeScreenshot(page, 'refused-key-details')
    await keys.putPolicy(keyArn, withServiceStatement(await keys.policyOf(keyArn)))
    await page.getByRole('button', { name: 'Retry' }).click()
    await page.getByText('Usable', { exact: true }).waitFor()
    assert.equal(await page.getByText(TITLE).count(), 0)
  })

  test('a disabled key is named on the page of an image set, and a key that was mended works after Retry', async (t) => {
    await keys.disable(keyArn)
    const imageSet = `datastores/${datastoreId}/image-sets/${'0'.repeat(32)}`
    const page = await visit(t, { browser, hilum, address: imageSet, expectedLog: /40[34]/ })
    await page.getByText(TITLE).first().waitFor()
    await page
      .getByText(/is disabled\. Enable it to use this data store/)
      .first()
      .waitFor()
    await takeScreenshot(page, 'refused-key-image-set')
    await page.goto(`${endpoint}/console/datastores/${datastoreId}`)
    await page.getByText(TITLE).waitFor()
    await keys.enable(keyArn)
    await page.getByRole('button', { name: 'Retry' }).click()
    await page.getByText('No image sets', { exact: true }).waitFor()
  })
})
