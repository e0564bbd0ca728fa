import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { loadConfig } from '../../server/config.ts'
import { loadCredentials } from '../../server/credentials.ts'
import { openClient, parseProgress, serverFor } from './client.ts'

const OF_AWS = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'aws' }

async function folderWithKey(_t: TestContext) {
  const cwd = await mkdtemp(join(tmpdir(), 'hilum-client-'))
  removeAtExit(cwd)
  return { cwd, key: await loadCredentials(cwd), config: loadConfig({ cwd, flags: { data: '.', port: '9' } }) }
}

test("the server on this machine gets the data folder's key, even if AWS's variables have another", async (t) => {
  const { config, key } = await folderWithKey(t)
  const server = await serverFor({ config, flags: {}, env: OF_AWS })
  assert.equal(server.endpoint, 'http://127.0.0.1:9')
  assert.equal(server.credentials.accessKeyId, key.accessKeyId)
})

test("a named endpoint gets the key in AWS's variables, else the data folder's", async (t) => {
  const { config, key } = await folderWithKey(t)
  const flags = { endpoint: 'http://far:1/' }
  const named = await serverFor({ config, flags, env: OF_AWS })
  assert.deepEqual([named.endpoint, named.credentials.accessKeyId], ['http://far:1', OF_AWS.AWS_ACCESS_KEY_ID])
  assert.equal((await serverFor({ config, flags, env: {} })).credentials.accessKeyId, key.accessKeyId)
  const env = { ...OF_AWS, AWS_ENDPOINT_URL_MEDICAL_IMAGING: 'http://env:2' }
  assert.equal((await serverFor({ config, flags: {}, env })).endpoint, 'http://env:2')
})

test('without a key the message names its sources, and an endpoint must be an address', async (t) => {
  const { cwd } = await folderWithKey(t)
  const config = loadConfig({ cwd, flags: { data: 'absent' } })
  await assert.rejects(
    serverFor({ config, flags: {}, env: {} }),
    /There is no access key: .*absent has no credentials\.json/,
  )
  await assert.rejects(
    serverFor({ config, flags: { endpoint: 'far' }, env: {} }),
    /'far' is not the address of a server/,
  )
})

test('a wildcard address is called by its loopback address', async (t) => {
  const { cwd } = await folderWithKey(t)
  for (const [host, endpoint] of [
    ['0.0.0.0', 'http://127.0.0.1:8104'],
    ['::', 'http://[::1]:8104'],
    ['::1', 'http://[::1]:8104'],
    ['10.0.0.1', 'http://10.0.0.1:8104'],
  ] as const) {
    const config = loadConfig({ cwd, flags: { data: '.', host: [host] } })
    assert.equal((await serverFor({ config, flags: {}, env: {} })).endpoint, endpoint)
  }
})

test('AWS is called with host prefixes, and with the session token of a temporary key', async (t) => {
  const { config } = await folderWithKey(t)
  const flags = { endpoint: 'https://medical-imaging.eu-west-1.amazonaws.com' }
  const env = { ...OF_AWS, AWS_SESSION_TOKEN: 'token' }
  const server = await serverFor({ config, flags, env })
  assert.equal(server.credentials.sessionToken, 'token')
  const isPrefixOff = (named: typeof server) => openClient(named).config.disableHostPrefix
  assert.deepEqual([isPrefixOff(server), isPrefixOff({ ...server, endpoint: 'http://127.0.0.1:9' })], [false, true])
  assert.equal((await serverFor({ config, flags: {}, env })).credentials.sessionToken, undefined)
})

test('progress is parsed from its header, and an invalid header is ignored', () => {
  assert.deepEqual(parseProgress('3/10'), { done: 3, found: 10 })
  assert.deepEqual(parseProgress('3/?'), { done: 3, found: undefined })
  for (const header of [undefined, '', '3', 'x/10', '3/10 ']) assert.equal(parseProgress(header), undefined)
})
