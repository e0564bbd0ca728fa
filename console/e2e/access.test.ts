/** The pages for principals and policies. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ListDatastoresCommand, MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { assertAccessible, openBrowser, skipUnlessChromium, takeScreenshot, visit } from './support/browser.ts'

const skip = skipUnlessChromium()

describe('access', skip, async () => {
  if ('skip' in skip) return
  const { hilum } = await openHilum()
  const browser = await openBrowser()

  test('a policy is created, a principal gets it with a key that is shown once, and is disabled', async (t) => {
    const page = await visit(t, { browser, hilum, address: 'policies', expectedLog: /400/ })
    await page.getByText('AWSHealthImagingReadOnlyAccess').waitFor()
    await page.getByRole('button', { name: 'Create policy' }).click()
    await page.getByLabel('Name', { exact: true }).fill('ward')
    const document = page.getByLabel('Document')
    await document.fill('{"Statement": {"Effect": "Allow", "Action": "medical-imaging:Lst*", "Resource": "*"}}')
    await page.getByRole('dialog').getByRole('button', { name: 'Create policy' }).click()
    await page
      .getByText(/'medical-imaging:Lst\*' matches no action/)
      .first()
      .waitFor()
    await document.fill('{"Statement": {"Effect": "Allow", "Action": "medical-imaging:List*", "Resource": "*"}}')
    await page.getByRole('dialog').getByRole('button', { name: 'Create policy' }).click()
    await page.getByRole('button', { name: 'ward', exact: true }).waitFor()
    await assertAccessible(page)
    await takeScreenshot(page, 'policies')

    await page.getByRole('link', { name: 'View principals' }).click()
    await page.getByText('No principals', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Create principal' }).first().click()
    await page.getByLabel('Name', { exact: true }).fill('mary')
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /Policies/ })
      .click()
    await page.getByRole('option', { name: 'ward' }).click()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').getByRole('button', { name: 'Create principal' }).click()
    await page.getByText('Copy the secret access key now. It is not shown again.').waitFor()
    await takeScreenshot(page, 'access-key')
    const text = await page.getByRole('dialog').innerText()
    const [accessKeyId] = /HILUM[A-Z2-7]{15}/.exec(text)!
    const [secretAccessKey] = /[A-Za-z0-9+/]{40}/.exec(text)!
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('cell', { name: 'ward' }).waitFor()
    await assertAccessible(page)
    await takeScreenshot(page, 'principals')

    const client = new MedicalImagingClient({
      ...hilum.client,
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts: 1,
    })
    t.after(() => client.destroy())
    await client.send(new ListDatastoresCommand({}))
    await page.getByTitle('Select mary').click()
    await page.getByRole('button', { name: 'Actions' }).click()
    await page.getByRole('menuitem', { name: 'Disable' }).click()
    await page.getByText('Disabled', { exact: true }).waitFor()
    await assert.rejects(client.send(new ListDatastoresCommand({})), { name: 'UnrecognizedClientException' })

    await page.getByRole('button', { name: 'Actions' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await page.getByLabel('To confirm, type mary').fill('mary')
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByText('No principals', { exact: true }).waitFor()
  })
})
