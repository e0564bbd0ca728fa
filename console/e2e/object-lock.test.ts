/** A locked image set and a locked data store: the reason is shown, and no deletion is offered. */
import { describe, test } from 'node:test'
import { GetImageSetCommand, TagResourceCommand, UntagResourceCommand } from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { importSeries } from '../../acceptance/support/image-sets.ts'
import { assertAccessible, openBrowser, skipUnlessChromium, takeScreenshot, visit } from './support/browser.ts'

const skip = skipUnlessChromium()

describe('object lock', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const { hilum, sdk } = server
  const browser = await openBrowser()

  async function newImageSet() {
    const datastoreId = await activeDatastore(sdk, { datastoreName: 'archive' })
    const set = await importSeries(server, { datastoreId })
    const { imageSetArn } = await sdk.send(new GetImageSetCommand(set))
    return {
      arn: imageSetArn!,
      storeArn: imageSetArn!.split('/imageset/')[0]!,
      address: `datastores/${datastoreId}`,
      set,
    }
  }

  for (const [width, colorScheme] of [
    [1440, 'light'],
    [900, 'dark'],
    [420, 'light'],
  ] as const) {
    test(`an image set under legal hold shows it and offers no deletion, ${width} pixels wide`, async (t) => {
      const { arn, address, set } = await newImageSet()
      await sdk.send(new TagResourceCommand({ resourceArn: arn, tags: { 'hilum:legal-hold': 'on' } }))
      const options = { viewport: { width, height: 1000 }, colorScheme }
      const at = `${address}/image-sets/${set.imageSetId}`
      const page = await visit(t, { browser, hilum, address: at, options })
      await page.getByText('Locked: under legal hold').waitFor()
      await page.locator('button[aria-disabled=true]', { hasText: 'Delete image set' }).waitFor()
      await takeScreenshot(page, `object-lock-${width}-${colorScheme}`)
      await assertAccessible(page)
      await sdk.send(new UntagResourceCommand({ resourceArn: arn, tagKeys: ['hilum:legal-hold'] }))
      await page.reload()
      await page.getByRole('button', { name: 'Delete image set' }).click()
      await page.getByRole('dialog').waitFor()
    })
  }

  test('a retained data store shows it on its own page and on those of its image sets', async (t) => {
    const { storeArn, address, set } = await newImageSet()
    await sdk.send(new TagResourceCommand({ resourceArn: storeArn, tags: { 'hilum:retain-until': '2099-12-31' } }))
    const page = await visit(t, { browser, hilum, address: `${address}/details` })
    await page.getByText('Locked: retained until 2099-12-31').waitFor()
    await page.locator('button[aria-disabled=true]', { hasText: 'Delete data store' }).waitFor()
    await takeScreenshot(page, 'object-lock-data-store')
    await page.goto(`${hilum.endpoint}/console/${address}/image-sets/${set.imageSetId}`)
    await page.getByText('Locked: in a data store that is retained until 2099-12-31').waitFor()
  })
})
