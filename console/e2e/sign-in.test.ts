/** Sign-in, invalid access keys, and unreachable servers. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { movableClock } from '../../acceptance/support/clock.ts'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { instance } from '../../acceptance/support/fixtures.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { sendSigned } from '../../acceptance/support/raw-request.ts'
import { freePort } from '../../src/fixtures/free-port.ts'
import { startHilumProcess } from '../../src/fixtures/hilum-process.ts'
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

describe('signing in', skip, async () => {
  if ('skip' in skip) return
  const clock = movableClock(new Date().toISOString())
  const { hilum, sdk } = await openHilum(clock.options)
  const datastoreId = await activeDatastore(sdk, { datastoreName: 'clinic' })
  const browser = await openBrowser()
  const { accessKeyId, secretAccessKey } = hilum.client.credentials

  const signIn = async (page: Page) => {
    await page.getByLabel('Access key ID').fill(` ${accessKeyId} `)
    await page.getByLabel('Secret access key').fill(secretAccessKey)
    await page.keyboard.press('Enter')
  }
  const storedIn = (page: Page) => page.evaluate(() => sessionStorage.getItem('hilum.access-key') ?? '')
  const signOut = async (page: Page, where = '') => {
    await page.getByRole('button', { name: 'Account Owner' }).click()
    await page.getByRole('menuitem', { name: `Sign out${where}`, exact: true }).click()
  }

  test('an access key is exchanged for a session, which only the open tabs have, and a link keeps its parameters', async (t) => {
    const address = `datastores/${datastoreId}#patient=P-1&created=-30d`
    const page = await visit(t, { browser, hilum, address, isSignedIn: false })
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    await assertAccessible(page)
    await takeScreenshot(page, 'sign-in')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('Enter the access key ID.').first().waitFor()
    await signIn(page)
    await page.getByText('No matches').waitFor()
    assert.equal(page.url(), `${hilum.endpoint}/console/${address}`)
    const stored = await storedIn(page)
    assert.ok(JSON.parse(stored).sessionToken.length > 100)
    assert.ok(!stored.includes(secretAccessKey) && !stored.includes(accessKeyId))
    const kept = await page.evaluate(() => ({ local: localStorage.length, cookie: document.cookie }))
    assert.deepEqual(kept, { local: 0, cookie: '' })
    await page.reload()
    await page.getByText('No matches').waitFor()
  })

  test('links in new tabs need no other sign-in, and signing out signs out all tabs', async (t) => {
    const page = await visit(t, { browser, hilum, isSignedIn: false })
    await signIn(page)
    const link = page.getByRole('link', { name: 'clinic' })
    const tabOf = async (open: () => Promise<unknown>) => {
      const [tab] = await Promise.all([page.context().waitForEvent('page'), open()])
      await tab.getByText('No image sets', { exact: true }).waitFor()
      return tab
    }
    const byCtrl = await tabOf(() => link.click({ modifiers: ['ControlOrMeta'] }))
    await tabOf(() => link.click({ button: 'middle' }))
    const pasted = await page.context().newPage()
    await pasted.goto(`${hilum.endpoint}/console/datastores/${datastoreId}/details`)
    await pasted.getByText('Data store ID').waitFor()
    assert.equal(await storedIn(pasted), await storedIn(page))

    // A page of a tab that the browser put aside, and that hears no message.
    const beforeSignOut = await storedIn(page)
    await signOut(pasted)
    for (const tab of page.context().pages()) {
      await tab.getByLabel('Access key ID').waitFor()
      assert.equal(await storedIn(tab), '')
    }
    await byCtrl.evaluate((stored) => sessionStorage.setItem('hilum.access-key', stored), beforeSignOut)
    await byCtrl.reload()
    await byCtrl.getByLabel('Access key ID').waitFor()
    const later = await page.context().newPage()
    await later.goto(`${hilum.endpoint}/console/`)
    await signIn(later)
    await page.getByRole('link', { name: 'clinic' }).waitFor()
    await byCtrl.getByText('No image sets', { exact: true }).waitFor()
  })

  test('one of the tabs renews the session for all', async (t) => {
    const page = await visit(t, { browser, hilum, address: '../', isSignedIn: false })
    const context = page.context()
    await context.clock.install({ time: clock.now() })
    await page.goto(`${hilum.endpoint}/console/`)
    await signIn(page)
    await page.getByRole('link', { name: 'clinic' }).waitFor()
    const first = await storedIn(page)
    const tabs = [page, await context.newPage(), await context.newPage()]
    for (const tab of tabs.slice(1)) {
      await tab.goto(`${hilum.endpoint}/console/`)
      await tab.getByRole('link', { name: 'clinic' }).waitFor()
    }
    let renewals = 0
    context.on('request', (request) => {
      if (request.url().endsWith('/hilum/session')) renewals++
    })
    clock.advance(45 * 60_000)
    await context.clock.fastForward('45:00')
    for (const tab of tabs) {
      await tab.waitForFunction((before) => sessionStorage.getItem('hilum.access-key') !== before, first)
      await tab.getByRole('button', { name: 'Refresh' }).click()
      await tab.getByRole('link', { name: 'clinic' }).waitFor()
    }
    assert.deepEqual([...new Set(await Promise.all(tabs.map(storedIn)))].length, 1)
    assert.equal(renewals, 1)
  })

  test('signing out everywhere ends the sessions of other browsers', async (t) => {
    const here = await visit(t, { browser, hilum, isSignedIn: false })
    await signIn(here)
    const elsewhere = await visit(t, { browser, hilum, isSignedIn: false, expectedLog: /403/ })
    await signIn(elsewhere)
    await elsewhere.getByRole('link', { name: 'clinic' }).waitFor()
    await here.getByRole('link', { name: 'clinic' }).waitFor()
    clock.advance(1_000)
    await signOut(here, ' everywhere')
    await here.getByLabel('Access key ID').waitFor()
    await elsewhere.getByRole('button', { name: 'Refresh' }).click()
    await elsewhere.getByText('Your session has expired').waitFor()
    await signIn(here)
    await here.getByRole('link', { name: 'clinic' }).waitFor()
  })

  test('a principal of whom a policy denies sessions works in one tab', async (t) => {
    const statement = (Effect: string, Action: string) => ({ Effect, Action, Resource: '*' })
    const Statement = [statement('Allow', 'medical-imaging:*'), statement('Deny', 'hilum:CreateSession')]
    const body = JSON.stringify({
      principalName: 'device',
      policies: [{ policyName: 'own', policyDocument: JSON.stringify({ Statement }) }],
    })
    const reply = await sendSigned(hilum, { method: 'POST', path: '/hilum/principals', body })
    const page = await visit(t, { browser, hilum, isSignedIn: false, expectedLog: /403/ })
    const key = reply.json() as { accessKeyId: string; secretAccessKey: string }
    await page.getByLabel('Access key ID').fill(key.accessKeyId)
    await page.getByLabel('Secret access key').fill(key.secretAccessKey)
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'clinic' }).waitFor()
    const other = await page.context().newPage()
    await other.goto(`${hilum.endpoint}/console/`)
    await other.getByLabel('Access key ID').waitFor()
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
    const stored = await storedIn(page)
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
    await page.getByLabel('Access key ID').waitFor()
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
  // Both times the same port, which the system gives to no other process meanwhile.
  const port = await freePort()
  const start = async () => {
    const server = startHilumProcess(t, ['serve', '--port', `${port}`, '--host', '127.0.0.1'], { cwd })
    const [, endpoint] = await server.printed(/^Hilum answers at (http:\S+)/m)
    return { server, endpoint: endpoint! }
  }
  const first = await start()
  const credentials = JSON.parse(readFileSync(join(cwd, 'hilum-data', 'credentials.json'), 'utf8'))
  const browser = await openBrowser()
  const hilum = { endpoint: first.endpoint, client: { credentials } }
  const page = await visit(t, { browser, hilum, expectedLog: /ERR_CONNECTION_REFUSED/ })
  await page.getByText('No data stores', { exact: true }).waitFor()
  await waitForLastScript(page)
  first.server.child.kill('SIGTERM')
  assert.equal(await first.server.ended, 0)
  await page.getByRole('button', { name: 'Refresh' }).click()
  await page.getByText("Can't connect to the server").waitFor()
  await takeScreenshot(page, 'server-unreachable')
  await start()
  await page.getByText("Can't connect to the server").waitFor({ state: 'detached' })
  await page.getByText('No data stores', { exact: true }).waitFor()
})

test('the console works over plain HTTP from another host, where browsers have no Web Crypto', skip, async (t) => {
  if ('skip' in skip) return
  const { hilum, sdk } = await openHilum()
  await activeDatastore(sdk, { datastoreName: 'ward' })
  const browser = await openBrowser('--host-resolver-rules=MAP hospital.test 127.0.0.1')
  const endpoint = `http://hospital.test:${new URL(hilum.endpoint).port}`
  const page = await visit(t, { browser, hilum: { ...hilum, endpoint }, isSignedIn: false })
  await page.getByLabel('Access key ID').fill(hilum.client.credentials.accessKeyId)
  await page.getByLabel('Secret access key').fill(hilum.client.credentials.secretAccessKey)
  await page.keyboard.press('Enter')
  await page.getByRole('link', { name: 'ward' }).waitFor()
  assert.equal(await page.evaluate(() => window.isSecureContext), false)
  const other = await page.context().newPage()
  await other.goto(`${endpoint}/console/`)
  await other.getByRole('link', { name: 'ward' }).waitFor()
  await page.getByRole('link', { name: 'ward' }).click()
  await page.getByText('No image sets', { exact: true }).waitFor()
  await page.getByRole('link', { name: 'Import DICOM data' }).first().click()
  await page
    .getByLabel('Files', { exact: true })
    .setInputFiles({ name: 'one.dcm', mimeType: 'application/dicom', buffer: Buffer.from(instance({})) })
  await page.getByRole('button', { name: 'Import', exact: true }).click()
  await page.getByText('Imported 1 file').waitFor()
})
