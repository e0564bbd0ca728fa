/** A server behind a real proxy, nginx with TLS, that the server trusts or does not trust. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent, request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ListDatastoresCommand, MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { openAuthority } from '../../fixtures/certificates.ts'
import { freePort } from '../../fixtures/free-port.ts'
import { startHilumProcess } from '../../fixtures/hilum-process.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { makeConsoleLink } from './console-link.ts'

const NGINX = '/usr/sbin/nginx'
const skip = existsSync(NGINX) ? false : 'nginx is not installed'
const authority = openAuthority()
const agent = new Agent({ ca: authority.cert, servername: 'ahi.example' })

/** @param headers the headers that it sets, as lines of its configuration */
async function startNginx(t: TestContext, folder: string, to: { readonly port: string; readonly headers: string }) {
  const port = await freePort()
  const { cert, key } = authority.issue(['ahi.example'])
  writeFileSync(join(folder, 'nginx.crt'), cert)
  writeFileSync(join(folder, 'nginx.key'), key)
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  )
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr crit; events {}
     http { access_log off; ${paths.join(' ')} server {
       listen 127.0.0.1:${port} ssl; ssl_certificate ${folder}/nginx.crt; ssl_certificate_key ${folder}/nginx.key;
       location / { proxy_pass http://127.0.0.1:${to.port}; proxy_set_header Host $http_host; ${to.headers} } } }`,
  )
  const nginx: ChildProcess = spawn(NGINX, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' })
  const ended = once(nginx, 'exit')
  t.after(async () => {
    nginx.kill()
    await ended
  })
  while (!(await accepts(port))) assert.equal(nginx.exitCode, null, 'nginx ended')
  return port
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const done = (isOpen: boolean) => setTimeout(() => resolve(isOpen), isOpen ? 0 : 20)
    socket
      .on('connect', () => done(true))
      .on('error', () => done(false))
      .on('connect', () => socket.destroy())
  })

const FORWARDS =
  'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;'

async function behind(t: TestContext, options: { readonly headers: string; readonly env?: Record<string, string> }) {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-nginx-'))
  removeAtExit(cwd)
  const words = ['serve', '--data', 'data', '--port', '0', '--host', '127.0.0.1']
  const env = { HILUM_ALLOWED_HOST: 'ahi.example', ...options.env }
  const server = startHilumProcess(t, words, { cwd, env })
  const [, endpoint] = await server.printed(/^Hilum answers at (http:\S+) /m)
  const port = await startNginx(t, cwd, { port: new URL(endpoint!).port, headers: options.headers })
  const credentials = JSON.parse(readFileSync(join(cwd, 'data', 'credentials.json'), 'utf8'))
  const direct = { endpoint: endpoint!, region: 'us-east-1', credentials }
  const ask = (path: string, headers: Record<string, string> = {}, body?: string) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const method = body === undefined ? 'GET' : 'POST'
      const to = { host: '127.0.0.1', port, path, method, agent, headers: { host: `ahi.example:${port}`, ...headers } }
      const sent = httpsRequest(to, (reply) => {
        let text = ''
        reply.setEncoding('utf8').on('data', (chunk) => {
          text += chunk
        })
        reply.on('end', () => resolve({ status: reply.statusCode!, text }))
      })
      sent.on('error', reject).end(body)
    })
  const redeem = async (headers: Record<string, string> = {}) => {
    const { link } = await makeConsoleLink(direct)
    const token = link.replace(/^.*#open=/, '')
    return ask(
      '/hilum/console-link/redeem',
      { 'content-type': 'application/json', ...headers },
      JSON.stringify({ token }),
    )
  }
  /** `sourceIPAddress` of the requests of the SDK, which come through the proxy. */
  const listThrough = async (headers: Record<string, string>) => {
    const client = new MedicalImagingClient({
      ...{ endpoint: `https://ahi.example:${port}`, region: 'us-east-1', credentials, maxAttempts: 1 },
      requestHandler: {
        httpsAgent: new Agent({
          ca: authority.cert,
          lookup: (_name, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
        }),
      },
    })
    client.middlewareStack.add(
      (next) => (args) => {
        Object.assign((args.request as { headers: Record<string, string> }).headers, headers)
        return next(args)
      },
      { step: 'finalizeRequest', priority: 'low' },
    )
    await client.send(new ListDatastoresCommand({}))
    client.destroy()
    const folder = join(cwd, 'data', 'audit')
    const lines = readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    return lines.filter((line) => line.includes('"ListDatastores"')).map((line) => JSON.parse(line).sourceIPAddress)
  }
  return { ask, redeem, listThrough }
}

test('a trusted proxy names the client, and what the client claims is ignored', { skip }, async (t) => {
  const { ask, redeem, listThrough } = await behind(t, { headers: FORWARDS, env: { HILUM_TRUSTED_PROXY: '127.0.0.1' } })
  // nginx appends the address of its client, 127.0.0.1, which is trusted here: so the entry before it counts.
  assert.deepEqual(await listThrough({ 'X-Forwarded-For': '203.0.113.9, 198.51.100.7' }), ['198.51.100.7'])
  assert.match((await redeem()).text, /made on the machine of the server works only there/)
  assert.equal((await ask('/metrics')).status, 403)
  assert.equal((await ask('/healthz')).text, 'ok\n')
})

test('another proxy is the client itself, and what it forwards is not local', { skip }, async (t) => {
  const { ask, redeem, listThrough } = await behind(t, { headers: FORWARDS })
  assert.deepEqual(await listThrough({ 'X-Forwarded-For': '198.51.100.7' }), ['127.0.0.1'])
  for (const headers of [{}, { host: 'localhost' }]) assert.equal((await redeem(headers)).status, 403)
  assert.equal((await ask('/metrics', { host: 'localhost' })).status, 403)
})

test('nor is what a proxy forwards without saying so, under the name that its clients use', { skip }, async (t) => {
  const { ask, redeem } = await behind(t, { headers: '' })
  assert.equal((await redeem()).status, 403)
  assert.equal((await ask('/metrics')).status, 403)
})
