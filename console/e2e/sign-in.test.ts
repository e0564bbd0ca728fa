/** Sign-in, invalid access keys, and unreachable servers. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { instance } from '../../acceptance/support/fixtures.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { sendSigned } from '../../acceptance/support/raw-request.ts'
import { startHilumProcess } from '../../src/fixtures/hilum-process.ts'
import { removeAtExit } from '../../src/fixtures/remove-at-exit.ts'
import { assertAccessible, openBrowser, skipUnlessChromium, takeScreenshot, visit } from './support/browser.ts'

const skip = skipUnlessChromium()

describe('signing in', skip, async () => {
  if ('skip' in skip) return
  const { hilum, sdk } = await openHilum()
  await activeDatastore(sdk, { datastoreName: 'clinic' })
  const browser = await openBrowser()
  const { accessKeyId, secretAccessKey } = hilum.client.credentials

  test('the access key is stored for one tab only', async (t) => {
    const page = await visit(t, { browser, hilum, address: '../', isSignedIn: false })
    await assertAccessible(page)
    await takeScreenshot(page, 'sign-in')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('Enter the access key ID.').waitFor()
    await page.getByLabel('Access key ID').fill(` ${accessKeyId} `)
    await page.getByLabel('Secret access key').fill(secretAccessKey)
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'clinic' }).waitFor()
    await page.reload()
    await page.getByRole('link', { name: 'clinic' }).waitFor()
    const kept = await page.evaluate(() => ({ local: localStorage.length, cookie: document.cookie }))
    assert.deepEqual(kept, { local: 0, cookie: '' })
    const other = await page.context().newPage()
    await other.goto(`${hilum.endpoint}/console/`)
    await other.getByLabel('Access key ID').waitFor()

    await page.getByRole('button', { name: 'Access key' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByLabel('Access key ID').waitFor()
    assert.equal(await page.evaluate(() => sessionStorage.length), 0)
  })

  test('a wrong access key ID and a wrong secret have different messages', async (t) => {
    const page = await visit(t, { browser, hilum, isSignedIn: false, expectedLog: /403/ })
    await page.getByLabel('Access key ID').fill('AKIAIOSFODNN7EXAMPLE')
    await page.getByLabel('Secret access key').fill(secretAccessKey)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('Access key not found').waitFor()
    await page.getByLabel('Access key ID').fill(accessKeyId)
    await page.getByLabel('Secret access key').fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('Incorrect secret access key').waitFor()
  })

  test('a sign-in link works once, and its token is removed from the URL', async (t) => {
    const { token } = (await sendSigned(hilum, { method: 'POST', path: '/hilum/console-link' })).json()
    const page = await visit(t, { browser, hilum, address: `#open=${token}`, isSignedIn: false, expectedLog: /403/ })
    await page.getByRole('link', { name: 'clinic' }).waitFor()
    assert.equal(page.url(), `${hilum.endpoint}/console/`)
    const stored = await page.evaluate(() => sessionStorage.getItem('hilum.access-key') ?? '')
    assert.ok(JSON.parse(stored).sessionToken.length > 100)
    assert.ok(!stored.includes(secretAccessKey) && !stored.includes(accessKeyId))
    await page.reload()
    await page.getByRole('link', { name: 'clinic' }).waitFor()
    const second = await page.context().newPage()
    await second.goto(`${hilum.endpoint}/console/#open=${token}`)
    await second.getByText(/This sign-in link has expired or was already used/).waitFor()
    assert.equal(second.url(), `${hilum.endpoint}/console/`)
  })

  test('an access key that is no longer valid leads to sign-in', async (t) => {
    const page = await visit(t, { browser, hilum, isSignedIn: false, expectedLog: /403/ })
    await page.evaluate(() =>
      sessionStorage.setItem('hilum.access-key', JSON.stringify({ accessKeyId: 'GONE', secretAccessKey: 'x' })),
    )
    await page.reload()
    await page.getByRole('button', { name: 'Sign in again' }).click()
    await page.getByLabel('Access key ID').waitFor()
  })
})

test('an unreachable server is reported, and the page recovers when the server is back', skip, async (t) => {
  if ('skip' in skip) return
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-console-'))
  removeAtExit(cwd)
  const start = async (port: string) => {
    const server = startHilumProcess(t, ['serve', '--port', port, '--host', '127.0.0.1'], { cwd })
    const [, endpoint] = await server.printed(/^Hilum answers at (http:\S+)/m)
    return { server, endpoint: endpoint! }
  }
  const first = await start('0')
  const credentials = JSON.parse(readFileSync(join(cwd, 'hilum-data', 'credentials.json'), 'utf8'))
  const browser = await openBrowser()
  const hilum = { endpoint: first.endpoint, client: { credentials } }
  const page = await visit(t, { browser, hilum, expectedLog: /ERR_CONNECTION_REFUSED/ })
  await page.getByText('No data stores', { exact: true }).waitFor()
  first.server.child.kill('SIGTERM')
  assert.equal(await first.server.ended, 0)
  await page.getByRole('button', { name: 'Refresh' }).click()
  await page.getByText("Can't connect to the server").waitFor()
  await takeScreenshot(page, 'server-unreachable')
  await start(new URL(first.endpoint).port)
  await page.getByText("Can't connect to the server").waitFor({ state: 'detached' })
  await page.getByText('No data stores', { exact: true }).waitFor()
})

test('the console works over plain HTTP from another host, where browsers have no Web Crypto', skip, async (t) => {
  if ('skip' in skip) return
  const { hilum, sdk } = await openHilum()
  await activeDatastore(sdk, { datastoreName: 'ward' })
  const browser = await openBrowser('--host-resolver-rules=MAP hospital.test 127.0.0.1')
  const endpoint = `http://hospital.test:${new URL(hilum.endpoint).port}`
  const page = await visit(t, { browser, hilum: { ...hilum, endpoint } })
  await page.getByRole('link', { name: 'ward' }).waitFor()
  assert.equal(await page.evaluate(() => window.isSecureContext), false)
  await page.getByRole('link', { name: 'ward' }).click()
  await page.getByText('No image sets', { exact: true }).waitFor()
  await page.getByRole('link', { name: 'Import DICOM data' }).first().click()
  await page
    .getByLabel('Files', { exact: true })
    .setInputFiles({ name: 'one.dcm', mimeType: 'application/dicom', buffer: Buffer.from(instance({})) })
  await page.getByRole('button', { name: 'Import', exact: true }).click()
  await page.getByText('1 file', { exact: true }).waitFor()
})
