/** npm's dicomweb-client, with its own test suite. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { openDemoTokens } from '../../src/cli/demo/ohif/demo-tokens.ts'
import { openBrowser, skipUnlessChromium } from './support/browser.ts'
import { runClientSuite } from './support/client-suite.ts'

/** It wants a BulkDataURI for a palette of 512 bytes, which is in the metadata, as on AWS: only values of more than a megabyte have one. */
const BULK_DATA = 'dicomweb.api.DICOMwebClient should retrieve bulk data'

test(
  'the test suite of dicomweb-client passes unchanged, but for the bulk data of a small value',
  skipUnlessChromium(),
  async () => {
    const tokens = await openDemoTokens({ region: 'us-east-1', accountId: '000000000000' })
    after(() => tokens.stop())
    const { hilum, sdk } = await openHilum(tokens.settings)
    const datastoreId = await activeDatastore(sdk, { lambdaAuthorizerArn: tokens.authorizerArn })
    const browser = await openBrowser('--disable-web-security')
    const root = `${hilum.endpoint}/datastore/${datastoreId}`
    const results = await runClientSuite(browser, { root, token: await tokens.newToken() })
    const failed = Object.keys(results).filter((name) => results[name]!.length > 0)
    assert.equal(Object.keys(results).length, 11)
    assert.deepEqual(failed, [BULK_DATA])
  },
)
