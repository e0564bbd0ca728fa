/** Serves a page with AWS's SDK from another origin than the server. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build, type Rollup } from 'vite'

/** Sets `window.aws` to the published SDK. */
const ENTRY = 'sdk-entry'
const SCRIPT = "import * as aws from '@aws-sdk/client-medical-imaging'; Object.assign(window, { aws })"

async function sdkScript(): Promise<string> {
  const output = await build({
    configFile: false,
    logLevel: 'warn',
    root: fileURLToPath(new URL('../..', import.meta.url)),
    plugins: [
      {
        name: ENTRY,
        resolveId: (id) =>
          id === ENTRY ? fileURLToPath(new URL(`../../src/${ENTRY}.js`, import.meta.url)) : undefined,
        load: (id) => (id.endsWith(`/${ENTRY}.js`) ? SCRIPT : undefined),
      },
    ],
    build: { write: false, target: 'es2022', rollupOptions: { input: ENTRY } },
  })
  return (output as Rollup.RollupOutput).output[0].code
}

/** @returns the URL of the page. The server is stopped after the last test of the file. */
export async function openOtherOrigin(): Promise<string> {
  const script = await sdkScript()
  const server = createServer((request, response) => {
    const isScript = request.url === '/sdk.js'
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html')
    response.end(
      isScript ? script : '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/sdk.js"></script>',
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
