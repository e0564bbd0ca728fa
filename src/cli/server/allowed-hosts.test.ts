/** Requests whose Host header has a name that the server does not know, as a page with a name of its own can send them (DNS rebinding). */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync } from 'node:fs'
import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ListDatastoresCommand, MedicalImagingClient, SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import { startHilumProcess } from '../../fixtures/hilum-process.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'

async function serveIn(t: TestContext, env: Record<string, string> = {}) {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-hosts-'))
  removeAtExit(cwd)
  const server = startHilumProcess(t, ['serve', '--data', 'data', '--port', '0', '--host', '127.0.0.1'], { cwd, env })
  const [, endpoint] = await server.printed(/^Hilum answers at (http:\S+) /m)
  const { port } = new URL(endpoint!)
  const credentials = JSON.parse(readFileSync(join(cwd, 'data', 'credentials.json'), 'utf8'))
  return { port: Number(port), credentials }
}

function ask(port: number, path: string, headers: OutgoingHttpHeaders, method = 'GET') {
  return new Promise<{ status: number; type: string | undefined; text: string }>((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port, path, method, headers }, (reply) => {
      let text = ''
      reply.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      const type = reply.headers['x-amzn-errortype'] as string | undefined
      reply.on('end', () => resolve({ status: reply.statusCode!, type, text }))
    })
    sent.on('error', reject).end()
  })
}

test('a page of another site that resolves to the server reads nothing, from any path', async (t) => {
  const { port } = await serveIn(t)
  const headers = { host: `evil.example:${port}`, origin: `http://evil.example:${port}` }
  for (const path of [
    '/',
    '/console/',
    '/metrics',
    '/healthz',
    '/readyz',
    '/datastore',
    '/hilum/principals',
    '/nothing',
  ]) {
    const { status, type, text } = await ask(port, path, headers)
    assert.deepEqual([status, type], [403, 'AccessDeniedException'], path)
    assert.match(
      text,
      /^\{"message":"This server does not answer to the name evil\.example\. .*--allowed-host evil\.example/,
    )
  }
  assert.equal((await ask(port, '/hilum/console-link/redeem', headers, 'POST')).status, 403)
  const own = { host: `localhost:${port}` }
  for (const path of ['/console/', '/metrics', '/healthz']) assert.equal((await ask(port, path, own)).status, 200, path)
  assert.equal((await ask(port, '/healthz', { host: '192.0.2.1' })).status, 200, 'a probe by address')
  assert.match((await ask(port, '/metrics', own)).text, /^hilum_refused_requests_total\{reason="host"\} 9$/m)
})

test('the name of a service in a container network is allowed for every operation', async (t) => {
  const { port, credentials } = await serveIn(t, { HILUM_ALLOWED_HOST: 'hilum' })
  const names: string[] = []
  const client = new MedicalImagingClient({
    ...{ endpoint: `http://hilum:${port}`, region: 'us-east-1', credentials },
    requestHandler: {
      httpAgent: {
        lookup: (name: string, _options: object, callback: (error: null, found: object[]) => void) => {
          names.push(name)
          callback(null, [{ address: '127.0.0.1', family: 4 }])
        },
      },
    },
  })
  await client.send(new ListDatastoresCommand({}))
  const search = new SearchImageSetsCommand({ datastoreId: '0'.repeat(32) })
  await assert.rejects(client.send(search), { name: 'ResourceNotFoundException' })
  client.destroy()
  assert.deepEqual(names, ['hilum', 'runtime-hilum'])
})
