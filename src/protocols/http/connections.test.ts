/** Limits on open connections: idle connections are replaced first. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { addressOf, Connections } from './connections.ts'
import { Client, echo, reply, started } from './listening.fixture.ts'
import { trustedProxies } from './request-origin.ts'
import type { ProtocolHandler } from './wire.ts'

const get = (path = '/') => [`GET ${path} HTTP/1.1`, 'Host: h', '', '']

/** Answers /held on release, and reports when it was requested. */
function holding(): { readonly handler: ProtocolHandler; readonly asked: Promise<void>; readonly release: () => void } {
  const asked = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  const handler: ProtocolHandler = async ({ target }) => {
    if (target !== '/held') return reply(target)
    asked.resolve()
    await released.promise
    return reply('held')
  }
  return { handler, asked: asked.promise, release: () => released.resolve() }
}

/** A connection that was admitted and answered, and is idle now. */
async function idle(port: number, host?: string): Promise<Client> {
  const client = new Client(port, host).send(...get())
  await client.until(/200 OK[\s\S]*\r\n\r\n./)
  return client
}

describe('when all connections are taken', () => {
  test('a new client is served at once, and replaces the connection that was idle longest', async (t) => {
    const { port } = await started(t, echo, { connections: 3 })
    const [first, second, third] = [await idle(port), await idle(port), await idle(port)]
    await first.send(...get('/again')).until(/GET \/again $/)
    assert.match(await new Client(port).send(...get('/new')).until(/GET \/new $/), /^HTTP\/1.1 200 /)
    await second.closed()
    for (const kept of [first, third]) assert.equal(kept.socket.closed, false)
  })

  test('hundreds of silent connections do not delay other clients', async (t) => {
    const { port } = await started(t, echo, {
      connections: 300,
      connectionsPerAddress: 100,
      requestHeaderTimeoutMs: 600_000,
      requestBodyTimeoutMs: 600_000,
    })
    const silent = Array.from({ length: 600 }, (_, index) =>
      connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${2 + (index % 6)}` }).on('error', () => {}),
    )
    t.after(() => {
      for (const socket of silent) socket.destroy()
    })
    for (let n = 0; n < 5; n++) await idle(port)
    await idle(port, '::1')
  })

  test('an incomplete request counts as idle since its last byte', async (t) => {
    const connections = new Connections({ connections: 2, connectionsPerAddress: 2 })
    const sockets: Socket[] = []
    const server = createServer((socket) => {
      sockets.push(socket.on('error', () => {}))
      connections.admit(socket)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const { port } = server.address() as AddressInfo
    const halves = [new Client(port), new Client(port)]
    while (sockets.length < 2) await setImmediate()
    for (const [client, ...lines] of [
      [halves[0]!, 'GET /'],
      [halves[1]!, 'GET /'],
      [halves[0]!, ' HTTP/1.1', 'X-A'],
    ] as const) {
      const server = sockets.find(({ remotePort }) => remotePort === client.socket.localPort)!
      client.send(...lines)
      await once(server, 'data')
      connections.noteActivity()
    }
    const newest = new Client(port)
    await halves[1]!.closed()
    assert.equal(halves[0]!.socket.closed, false)
    for (const { socket } of [halves[0]!, newest]) socket.destroy()
  })

  test('a request in flight is never cut off; a new connection is refused where all have requests in flight', async (t) => {
    const { handler, asked, release } = holding()
    const { port, lines } = await started(t, handler, { connections: 1 })
    const held = new Client(port).send(...get('/held'))
    await asked
    assert.equal(await new Client(port).send(...get()).closed(), '')
    release()
    await held.until(/held$/)
    assert.deepEqual(
      lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields),
      [{ limit: 'connections', value: 1 }],
    )
    await idle(port)
    await held.closed()
  })

  test('a trusted proxy has all of them: it forwards the connections of many clients', async (t) => {
    const proxies = trustedProxies(['127.0.0.1'])
    const { port } = await started(t, echo, { connections: 3, connectionsPerAddress: 1 }, { proxies })
    const of = [await idle(port), await idle(port), await idle(port)]
    for (const { socket } of of) assert.equal(socket.closed, false)
    await idle(port)
    await of[0]!.closed()
  })

  test('a refused client that is still sending is replaced', async (t) => {
    const { port } = await started(t, async () => reply('no', 403), { connections: 1, refusedLingerMs: 600_000 })
    const refused = new Client(port).send('POST / HTTP/1.1', 'Host: h', 'Content-Length: 1000000', '', 'x')
    await refused.until(/no$/)
    await new Client(port).send(...get()).until(/no$/)
    await refused.closed()
  })
})

describe('one address', () => {
  test('has its own limit, within which its own idle connections are replaced', async (t) => {
    const { port } = await started(t, echo, { connections: 10, connectionsPerAddress: 2 })
    const other = await idle(port, '::1')
    const own = [await idle(port), await idle(port)]
    const newest = await idle(port)
    await own[0]!.closed()
    for (const kept of [other, own[1]!, newest]) assert.equal(kept.socket.closed, false)
  })

  test('cannot exceed its limit with requests in flight, while other addresses are served', async (t) => {
    const { handler, asked, release } = holding()
    const { port, lines } = await started(t, handler, { connections: 10, connectionsPerAddress: 1 })
    const held = new Client(port).send(...get('/held'))
    await asked
    assert.equal(await new Client(port).send(...get()).closed(), '')
    await idle(port, '::1')
    release()
    await held.until(/held$/)
    assert.equal(lines.find(({ level }) => level === 'warn')?.fields.limit, 'connectionsPerAddress')
  })

  test('is an IPv4 address in any spelling, or an IPv6 /64 network', () => {
    const same = [
      ['127.0.0.1', '::ffff:127.0.0.1'],
      ['2001:db8:1:2::1', '2001:db8:1:2:3:4:5:6'],
      ['2001:db8::1', '2001:db8:0:0:ffff::'],
      ['fe80::1', 'fe80::2'],
    ]
    for (const [one, other] of same) assert.equal(addressOf(one), addressOf(other))
    const all = [
      '127.0.0.1',
      '127.0.0.2',
      '::1',
      '2001:db8:1:2::1',
      '2001:db8:1:3::1',
      '2001:db8::1',
      'fe80::1',
      undefined,
    ]
    assert.equal(new Set(all.map(addressOf)).size, all.length)
  })
})
