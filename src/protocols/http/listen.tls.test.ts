/** The HTTP server over TLS: versions, certificates that change under load, and limits on connections. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request as httpsRequest } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { openAuthority } from '../../fixtures/certificates.ts'
import { ask, echo, reply, started } from './listening.fixture.ts'

const authority = openAuthority()
const [first, second] = [authority.issue(['ahi.example']), authority.issue(['ahi.example'])]
const contextOf = ({ cert, key }: { readonly cert: string; readonly key: string }) => ({
  cert: Buffer.from(cert),
  key: Buffer.from(key),
})
const tls = contextOf(first)
const TRUSTED = { ca: authority.cert, servername: 'ahi.example' }

async function secured(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ...TRUSTED, ...options })
  await once(socket, 'secureConnect')
  return socket
}

/** Resolves with the reply's body and the serial number of the server's certificate. */
function get(port: number, agent: Agent): Promise<{ readonly text: string; readonly serial: string }> {
  return new Promise((resolve, reject) => {
    const sent = httpsRequest({ host: '127.0.0.1', port, path: '/x', agent, ...TRUSTED }, (reply) => {
      const { serialNumber: serial } = (reply.socket as TLSSocket).getPeerCertificate()
      let text = ''
      reply.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      reply.on('end', () => resolve({ text, serial })).on('error', reject)
    })
    sent.on('error', reject).end()
  })
}

test('TLS 1.2 and 1.3 are accepted, older versions and plain HTTP are not', async (t) => {
  const { port } = await started(t, echo, {}, { tls })
  for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
    const socket = await secured(port, { minVersion: version, maxVersion: version })
    assert.equal(socket.getProtocol(), version)
    socket.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
    const [reply] = await once(socket.setEncoding('utf8'), 'data')
    assert.match(reply, /^HTTP\/1.1 200 OK/)
    socket.destroy()
  }
  // OpenSSL refuses to send older ones, except at its lowest level of security.
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  await assert.rejects(secured(port, old), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' })
  assert.equal(await ask(port, 'GET / HTTP/1.1', 'Host: h', '', ''), '')
})

test('another certificate is used for new connections, and no request fails', async (t) => {
  const { port, useCertificate } = await started(t, echo, {}, { tls })
  const serials = new Set<string>()
  let isDone = false
  const agents = [true, false].flatMap((keepAlive) => [1, 2].map(() => new Agent({ keepAlive, maxCachedSessions: 0 })))
  const clients = agents.map(async (agent) => {
    let count = 0
    for (; !isDone; count++) {
      const { text, serial } = await get(port, agent)
      assert.equal(text, 'GET /x ')
      serials.add(serial)
    }
    return count
  })
  for (let swaps = 0; swaps < 10; swaps++) {
    useCertificate(contextOf(swaps % 2 === 0 ? second : first))
    await get(port, new Agent({ keepAlive: false, maxCachedSessions: 0 }))
    await setImmediate()
  }
  useCertificate(contextOf(second))
  const last = await get(port, new Agent({ keepAlive: false, maxCachedSessions: 0 }))
  isDone = true
  for (const count of await Promise.all(clients)) assert.ok(count > 0)
  for (const agent of agents) agent.destroy()
  assert.equal(serials.size, 2, 'both certificates were served')
  assert.equal((await get(port, new Agent({ keepAlive: false, maxCachedSessions: 0 }))).serial, last.serial)
})

test('a new connection replaces the one that has been idle longest, before and after its handshake', async (t) => {
  const { port } = await started(t, echo, { connections: 2 }, { tls })
  const silent = connectPlain({ port, host: '127.0.0.1' })
  const silentClosed = once(
    silent.on('error', () => {}),
    'close',
  )
  await once(silent, 'connect')
  const idle = await secured(port)
  const idleClosed = once(idle.on('error', () => {}).resume(), 'close')
  const agent = new Agent({ keepAlive: true })
  await get(port, agent)
  await silentClosed
  const other = await secured(port)
  await idleClosed
  assert.equal((await get(port, agent)).text, 'GET /x ')
  other.destroy()
  agent.destroy()
})

test('a request is secure, and browsers are told to use TLS only, for names of their own', async (t) => {
  const { port } = await started(t, async ({ isSecure }) => reply(`secure: ${isSecure}`), {}, { tls })
  const policyFor = async (host: string) => {
    const socket = await secured(port)
    socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    const [text] = await once(socket.setEncoding('utf8'), 'data')
    socket.destroy()
    assert.match(text, /secure: true$/)
    return /^strict-transport-security: (.*)$/im.exec(text)?.[1]
  }
  assert.equal(await policyFor('ahi.example:8104'), 'max-age=31536000')
  for (const host of ['127.0.0.1', '[::1]:8104', 'localhost:8104', 'hilum.localhost', 'runtime-localhost']) {
    assert.equal(await policyFor(host), undefined, host)
  }
  const plain = await started(t, async ({ isSecure }) => reply(`secure: ${isSecure}`))
  const text = await ask(plain.port, 'GET / HTTP/1.1', 'Host: ahi.example', 'Connection: close', '', '')
  assert.match(text, /secure: false$/)
  assert.doesNotMatch(text, /strict-transport-security/i)
})

test('a stop finishes requests in flight over TLS and closes the others', async (t) => {
  const { promise: release, resolve } = Promise.withResolvers<void>()
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>()
  const { port, stop } = await started(
    t,
    async (request) => {
      reach()
      await release
      return echo(request)
    },
    { shutdownMs: 60_000 },
    { tls },
  )
  const idle = await secured(port)
  const closed = once(idle.on('error', () => {}).resume(), 'close')
  const agent = new Agent({ keepAlive: true })
  const answered = get(port, agent)
  await reached
  const stopped = stop()
  await closed
  resolve()
  assert.equal((await answered).text, 'GET /x ')
  await stopped
  agent.destroy()
})
