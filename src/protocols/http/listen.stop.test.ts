/** Start and stop of the HTTP server: addresses, ports, and requests in flight. */
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'
import { DEFAULT_LIMITS } from '../../default-limits.ts'
import { type LogLine, logInto } from '../aws/handler.fixture.ts'
import { writeRefusal } from '../aws/write-error.ts'
import { listen } from './listen.ts'
import { Client, echo, reply, started } from './listening.fixture.ts'

const GET = ['GET / HTTP/1.1', 'Host: h', '', '']

describe('a graceful stop', () => {
  test('lets a request in flight finish, closes idle connections at once and takes no new ones', async (t) => {
    const asked = Promise.withResolvers<void>()
    const answered = Promise.withResolvers<void>()
    const { port, stop } = await started(
      t,
      async ({ target }) => {
        if (target === '/slow') {
          asked.resolve()
          await answered.promise
        }
        return reply('done')
      },
      { shutdownMs: 60_000 },
    )
    const idle = new Client(port).send(...GET)
    await idle.until(/done$/)
    const silent = new Client(port, '::1')
    const slow = new Client(port).send('GET /slow HTTP/1.1', 'Host: h', '', '')
    await asked.promise

    const stopped = stop()
    await Promise.all([idle.closed(), silent.closed()])
    assert.equal(await new Client(port).closed(), '')
    answered.resolve()
    assert.match(await slow.closed(), /^HTTP\/1.1 200 OK\r\n[\s\S]*Connection: close\r\n[\s\S]*done$/)
    await stopped
  })

  test('completes a reply that has begun', async (t) => {
    const rest = Promise.withResolvers<void>()
    const body = async function* () {
      yield Buffer.from('first')
      await rest.promise
      yield Buffer.from('last')
    }
    const { port, stop } = await started(t, async () => reply(body()), { shutdownMs: 60_000 })
    const client = new Client(port).send(...GET)
    await client.until(/first/)
    const stopped = stop()
    rest.resolve()
    assert.match(await client.closed(), /last\r\n0\r\n\r\n$/)
    await stopped
  })

  test('closes connections whose requests exceed shutdownMs', async (t) => {
    const never = Promise.withResolvers<never>()
    const asked = Promise.withResolvers<void>()
    const { port, stop, lines } = await started(t, () => {
      asked.resolve()
      return never.promise
    })
    const client = new Client(port).send(...GET)
    await asked.promise
    await stop()
    assert.equal(await client.closed(), '')
    assert.deepEqual(
      lines.map(({ level, fields }) => [level, fields]),
      [['warn', { connections: 1 }]],
    )
  })
})

describe('listening', () => {
  const options = (lines: LogLine[]) => ({
    handler: echo,
    refuse: writeRefusal,
    limits: DEFAULT_LIMITS,
    log: logInto(lines),
  })

  test('fails on a port that is taken, and releases every address', async () => {
    const taken = await listen({ ...options([]), hosts: ['::1'], port: 0 })
    const { port } = taken
    await assert.rejects(listen({ ...options([]), hosts: ['127.0.0.1', '::1'], port }), { code: 'EADDRINUSE' })
    const free = createServer()
    await new Promise<void>((resolve, reject) => free.on('error', reject).listen(port, '127.0.0.1', resolve))
    free.close()
    await taken.stop()
  })

  test('continues without a second address that the machine lacks, but not without the first', async () => {
    const lines: LogLine[] = []
    const hosts = ['127.0.0.1', '192.0.2.1']
    const { port, stop } = await listen({ ...options(lines), hosts, port: 0 })
    await new Client(port).send('GET / HTTP/1.1', 'Host: h', 'Connection: close', '', '').closed()
    assert.deepEqual(lines[0], {
      level: 'debug',
      fields: { host: '192.0.2.1', code: 'EADDRNOTAVAIL' },
      message: 'this machine has no such address; not listening on it',
    })
    await stop()
    await assert.rejects(listen({ ...options([]), hosts: hosts.reverse(), port: 0 }), { code: 'EADDRNOTAVAIL' })
  })
})
