/**
 * Runs the test suite that npm's dicomweb-client has in its package, as it is, in a page of the browser: as Karma does, on the origin that the
 * suite expects, with Jasmine. Requests to the server of the suite (dcm4chee) go to a data store of Hilum, with a bearer token.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Browser } from 'playwright-core'

const require = createRequire(import.meta.url)
const CLIENT = join(dirname(require.resolve('dicomweb-client')), '..')
const JASMINE = dirname(require.resolve('jasmine-core/lib/jasmine-core/jasmine.js'))

/** As the suite names them. */
const KARMA = 'http://localhost:9876'
const DCM4CHEE = 'http://localhost:8008/dcm4chee-arc/aets/DCM4CHEE/rs'

const SCRIPTS: Readonly<Record<string, string>> = {
  '/jasmine.js': join(JASMINE, 'jasmine.js'),
  '/jasmine-html.js': join(JASMINE, 'jasmine-html.js'),
  '/boot0.js': join(JASMINE, 'boot0.js'),
  '/client.js': join(CLIENT, 'build', 'dicomweb-client.js'),
  '/test.js': join(CLIENT, 'test', 'test.js'),
}
const PAGE = `<!doctype html><link rel="icon" href="data:,">${Object.keys(SCRIPTS)
  .map((path) => `<script src="${path}"></script>`)
  .join('')}`

/** By the full name of each case, what failed in it. */
export type SuiteResults = Readonly<Record<string, readonly string[]>>

/** @param browser without web security, as in the suite's own configuration */
export async function runClientSuite(
  browser: Browser,
  { root, token }: { readonly root: string; readonly token: string },
): Promise<SuiteResults> {
  const page = await browser.newPage()
  await page.route(`${KARMA}/**`, (route) => {
    const { pathname } = new URL(route.request().url())
    if (pathname === '/') return route.fulfill({ contentType: 'text/html', body: PAGE })
    const path = SCRIPTS[pathname] ?? join(CLIENT, pathname.replace('/base/', ''))
    if (!existsSync(path)) return route.fulfill({ status: 404 })
    return route.fulfill({ body: readFileSync(path), contentType: path.endsWith('.js') ? 'text/javascript' : '' })
  })
  await page.route(`${DCM4CHEE}/**`, (route) => {
    const request = route.request()
    const headers = { ...request.headers(), authorization: `Bearer ${token}` }
    return route.continue({ url: request.url().replace(DCM4CHEE, root), headers })
  })
  await page.goto(`${KARMA}/`)
  const results = await page.evaluate(
    () =>
      new Promise<[string, string[]][]>((resolve) => {
        const results: [string, string[]][] = []
        // biome-ignore lint/suspicious/noExplicitAny: set by the scripts of Jasmine.
        const environment = (window as any).jasmine.getEnv()
        environment.addReporter({
          specDone: (spec: { fullName: string; failedExpectations: { message: string }[] }) =>
            results.push([spec.fullName, spec.failedExpectations.map(({ message }) => message)]),
          jasmineDone: () => resolve(results),
        })
        environment.execute()
      }),
  )
  await page.close()
  return Object.fromEntries(results)
}
