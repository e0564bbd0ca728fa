/** The HTTP server over real sockets: which requests reach the protocol handler, and how the others are refused. */
import assert from 'node:assert/strict'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { ask, Client, echo, echoUpTo, reply, started } from './listening.fixture.ts'
import type { ProtocolHandler } from './wire.ts'

const unreachable: ProtocolHandler = async () => assert.fail('the handler was reached')
const LAST = 'Connection: close'

function refusedWith(text: string, status: number, name: string): void {
  assert.match(text, new RegExp(`^HTTP/1.1 ${status} `))
  assert.match(text, /\r\nContent-Type: application\/json\r\n/)
  assert.match(text, new RegExp(`\r\nx-amzn-ErrorType: ${name}\r\n`))
  assert.match(text, /\r\nx-amzn-RequestId: [0-9a-f]{8}-/)
  assert.match(text, /\r\nDate: .+ GMT\r\n/)
  assert.match(text, /\r\nConnection: close\r\n/i)
  assert.match(text, /\r\n\r\n\{"message":".+"\}$/)
}

test('a reply in memory has one Content-Length, its own, also on a connection that closes', async (t) => {
  const headers = { 'Content-Type': 'text/plain', 'Content-Length': '9', ETag: '"e"' }
  const { port } = await started(t, async ({ target }) => ({
    ...{ status: 200, headers, body: target === '/empty' ? '' : ['he', 'llo'].map((part) => Buffer.from(part)) },
  }))
  for (const [target, body] of [
    ['/', 'hello'],
    ['/empty', ''],
  ] as const) {
    for (const lines of [[LAST], []]) {
      const client = new Client(port).send(`GET ${target} HTTP/1.1`, 'Host: h', ...lines, '', '')
      const text = await client.until(new RegExp(`\r\n\r\n${body}$`))
      client.socket.destroy()
      assert.deepEqual(text.match(/content-length: \d+/gi), [`Content-Length: ${body.length}`])
      assert.match(text, /\r\nETag: "e"\r\n/)
    }
  }
  const refused = await ask(port, 'GET / HTTP/1.1', 'Host: h', 'Content-Length: 70000', 'Expect: 100-continue', '', '')
  assert.match(refused, /\r\nConnection: close\r\n/i)
  assert.deepEqual(refused.match(/content-length: \d+/gi), ['Content-Length: 5'])
})

describe('a request reaches the handler', () => {
  test('on both loopback addresses, at one port', async (t) => {
    const { port } = await started(t, echo)
    for (const host of ['127.0.0.1', '::1']) {
      const client = new Client(port, host).send('GET /a?b HTTP/1.1', 'Host: h', LAST, '', '')
      assert.match(await client.closed(), /\r\n\r\nGET \/a\?b $/)
    }
  })

  test('with its target byte for byte, without the scheme and host that a proxy adds', async (t) => {
    const { port } = await started(t, echo)
    const targets = [
      ['/a%2Fb//c?d=%zz&&', '/a%2Fb//c?d=%zz&&'],
      ['http://runtime-ahi.internal/datastore/x?y=%20', '/datastore/x?y=%20'],
      ['HTTP://h:80', '/'],
      ['http://h?x', '/?x'],
    ]
    for (const [sent, seen] of targets) {
      const text = await ask(port, `GET ${sent} HTTP/1.1`, 'Host: h', LAST, '', '')
      assert.ok(text.endsWith(`\r\n\r\nGET ${seen} `), text)
    }
    assert.match(await ask(port, 'OPTIONS * HTTP/1.1', 'Host: h', LAST, '', ''), /\r\n\r\nOPTIONS \* $/)
  })

  test('with its body, sent with a length or in chunks', async (t) => {
    const { port } = await started(t, echo)
    const whole = await ask(port, 'POST / HTTP/1.1', 'Host: h', 'Content-Length: 5', LAST, '', 'hello')
    assert.match(whole, /\r\n\r\nPOST \/ hello$/)
    const chunks = ['2', 'he', '3', 'llo', '0', '', '']
    const chunked = await ask(port, 'POST / HTTP/1.1', 'Host: h', 'Transfer-Encoding: chunked', LAST, '', ...chunks)
    assert.match(chunked, /\r\n\r\nPOST \/ hello$/)
  })

  test('after 100 Continue, which the AWS SDK for C++ waits for', async (t) => {
    const { port } = await started(t, echo)
    const client = new Client(port)
    client.send('POST / HTTP/1.1', 'Host: h', 'Content-Length: 5', 'Expect: 100-continue', LAST, '', '')
    await client.until(/^HTTP\/1.1 100 Continue\r\n\r\n$/)
    assert.match(await client.send('hello').closed(), /HTTP\/1.1 200 OK[\s\S]+POST \/ hello$/)
  })

  test('in order when several are pipelined, even if the first is the slowest', async (t) => {
    const first = Promise.withResolvers<void>()
    const seen: string[] = []
    const { port } = await started(t, async (request) => {
      seen.push(request.target)
      if (request.target === '/1') await first.promise
      if (request.target === '/3') first.resolve()
      return echo(request)
    })
    const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: h\r\n`
    const text = await ask(port, get('/1'), get('/2'), `${get('/3')}Connection: close\r\n`, '')
    assert.deepEqual(seen, ['/1', '/2', '/3'])
    assert.deepEqual(
      [...text.matchAll(/GET (\/\d)/g)].map((match) => match[1]),
      ['/1', '/2', '/3'],
    )
  })

  test('from 2,000 open connections', async (t) => {
    const { port } = await started(t, echo)
    const clients = Array.from({ length: 2_000 }, (_, index) => new Client(port, index % 2 === 0 ? '127.0.0.1' : '::1'))
    for (const client of clients) client.send('POST / HTTP/1.1', 'Host: h', 'Content-Length: 1', '', '')
    for (const client of clients) client.send('x')
    for (const client of clients) assert.match(await client.until(/POST \/ x$/), /^HTTP\/1.1 200 OK/)
    for (const client of clients) client.socket.destroy()
  })
})

describe('a reply', () => {
  test('has a date, keeps the connection open, and has no body where HTTP allows none', async (t) => {
    const { port } = await started(t, async ({ target }) =>
      reply(target === '/204' ? '' : 'text', target === '/204' ? 204 : 200),
    )
    const client = new Client(port).send('HEAD / HTTP/1.1', 'Host: h', '', '')
    const head = await client.until(/\r\n\r\n$/)
    assert.match(head, /^HTTP\/1.1 200 OK\r\nContent-Length: 4\r\nDate: .+ GMT\r\n/)
    client.send('GET /204 HTTP/1.1', 'Host: h', LAST, '', '')
    const none = (await client.closed()).slice(head.length)
    assert.match(none, /^HTTP\/1.1 204 No Content\r\n[\s\S]*\r\n\r\n$/)
    assert.doesNotMatch(none, /Content-Length|Transfer-Encoding/)
  })

  test('may be bytes or a stream', async (t) => {
    const parts = async function* () {
      yield Buffer.from('ab')
      yield Buffer.from('cd')
    }
    const { port } = await started(t, async ({ target }) => reply(target === '/bytes' ? Buffer.from('abcd') : parts()))
    assert.match(
      await ask(port, 'GET /bytes HTTP/1.1', 'Host: h', LAST, '', ''),
      /Content-Length: 4\r\n[\s\S]*\r\n\r\nabcd$/,
    )
    assert.match(await ask(port, 'GET / HTTP/1.0', '', ''), /\r\n\r\nabcd$/)
    const chunked = await ask(port, 'GET / HTTP/1.1', 'Host: h', LAST, '', '')
    assert.match(chunked, /Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n$/)
  })

  test('is produced no faster than it is read, and its source is closed when the client disconnects', async (t) => {
    const CHUNK_BYTES = 1024 * 1024
    let produced = 0
    const sourceClosed = Promise.withResolvers<void>()
    const source = async function* () {
      try {
        for (; produced < 500; produced++) yield Buffer.alloc(CHUNK_BYTES)
      } finally {
        sourceClosed.resolve()
      }
    }
    const { port } = await started(t, async () => reply(source()))
    const client = new Client(port).send('GET / HTTP/1.1', 'Host: h', '', '')
    await client.until(/\r\n\r\n/)
    client.socket.pause().destroy()
    await sourceClosed.promise
    assert.ok(produced < 50, `${produced} MB were produced for a client that had disconnected`)
  })

  test('is aborted when the client stops reading', { timeout: 30_000 }, async (t) => {
    const { port, lines } = await started(t, async () => reply('x'.repeat(50_000_000)), { requestBodyTimeoutMs: 200 })
    const client = new Client(port).send('GET / HTTP/1.1', 'Host: h', LAST, '', '')
    await client.until(/\r\n\r\n/)
    client.socket.pause()
    while (lines.length === 0) await setImmediate()
    assert.equal(lines[0]!.fields.isWhole, false)
    client.socket.destroy()
  })

  test('is aborted when its stream fails, so that a part is not taken for the whole', async (t) => {
    const source = async function* () {
      yield Buffer.from('part')
      throw new Error('the disk is gone')
    }
    const { port, lines } = await started(t, async () => reply(source()))
    const text = await ask(port, 'GET / HTTP/1.1', 'Host: h', '', '')
    assert.doesNotMatch(text, /0\r\n\r\n$/)
    assert.deepEqual(
      lines.map(({ level, message }) => [level, message]),
      [['error', 'a reply was aborted']],
    )
  })

  test('is 500 when the handler throws', async (t) => {
    const { port, lines } = await started(t, async () => assert.fail('a fault of ours'))
    refusedWith(await ask(port, 'GET / HTTP/1.1', 'Host: h', LAST, '', ''), 500, 'InternalServerException')
    assert.equal(lines[0]?.message, 'a protocol handler threw instead of replying')
  })

  test('is logged in one line, without path, query and body', async (t) => {
    const { port, lines } = await started(t, async () => ({
      ...reply('secret'),
      operation: 'GetDatastore',
      requestId: 'id',
    }))
    await ask(port, 'POST /secret?secret HTTP/1.1', 'Host: h', 'Content-Length: 6', LAST, '', 'secret')
    const [line] = lines
    const { durationMs, ...fields } = line!.fields
    assert.equal(typeof durationMs, 'number')
    assert.deepEqual(fields, { method: 'POST', operation: 'GetDatastore', status: 200, requestId: 'id', isWhole: true })
    assert.equal(line!.level, 'debug')
    assert.doesNotMatch(JSON.stringify(lines), /secret/)
  })
})

describe('a request is refused', () => {
  test('whose announced body is too large: 413 at once, without 100 Continue', async (t) => {
    const { port } = await started(t, echoUpTo(10))
    const head = ['POST / HTTP/1.1', 'Host: h', 'Content-Length: 11', 'Expect: 100-continue', '', '']
    refusedWith(await ask(port, ...head), 413, 'RequestEntityTooLargeException')
  })

  test('whose chunked body becomes too large: 413', async (t) => {
    const { port } = await started(t, echoUpTo(10))
    const chunks = ['6', '123456', '6', '123456', '6', '123456', '0', '', '']
    const text = await ask(port, 'POST / HTTP/1.1', 'Host: h', 'Transfer-Encoding: chunked', '', ...chunks)
    refusedWith(text, 413, 'RequestEntityTooLargeException')
  })

  test('that is too large, and the client reads the reply instead of a reset', async (t) => {
    const { port } = await started(t, echo)
    const { statusCode } = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = httpRequest({ port, host: '127.0.0.1', method: 'POST' }, (response) => {
        response.resume().on('end', () => resolve(response))
      })
      request.on('error', reject).end(Buffer.alloc(32 * 1024 * 1024))
    })
    assert.equal(statusCode, 413)
  })

  test('whose headers are too large: 431', async (t) => {
    const { port } = await started(t, unreachable, { requestHeaderBytes: 8 * 1024 })
    const text = await ask(port, 'GET / HTTP/1.1', 'Host: h', `X-A: ${'a'.repeat(20_000)}`, '', '')
    refusedWith(text, 431, 'RequestHeaderFieldsTooLargeException')
    const target = await ask(port, `GET /${'a'.repeat(20_000)} HTTP/1.1`, 'Host: h', '', '')
    refusedWith(target, 431, 'RequestHeaderFieldsTooLargeException')
  })

  test('whose headers or body take too long: 408', async (t) => {
    const { port } = await started(t, echo, { requestHeaderTimeoutMs: 100, requestBodyTimeoutMs: 200 })
    refusedWith(await ask(port, 'GET / HTTP/1.1', 'Host: h', 'X-A'), 408, 'RequestTimeoutException')
    const body = await ask(port, 'POST / HTTP/1.1', 'Host: h', 'Content-Length: 10', '', 'abc')
    refusedWith(body, 408, 'RequestTimeoutException')
  })

  test('that is not HTTP: 400', async (t) => {
    const { port } = await started(t, echo)
    const others = [
      ['hello', '', ''],
      ['GET / HTTP/9.9', '', ''],
      ['GET  HTTP/1.1', 'Host: h', '', ''],
      ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
      ['POST / HTTP/1.1', 'Host: h', 'Content-Length: x', '', ''],
      ['POST / HTTP/1.1', 'Host: h', 'Content-Length: 1', 'Transfer-Encoding: chunked', '', '0', '', ''],
      ['POST / HTTP/1.1', 'Host: h', 'Content-Length: 1', 'Content-Length: 2', '', 'ab'],
      ['POST / HTTP/1.1', 'Host: h', 'Transfer-Encoding: chunked', '', 'zz', ''],
      ['GET / HTTP/1.1', 'Host: h', 'X A: 1', '', ''],
      ['GET / HTTP/1.1', '', ''],
    ]
    for (const lines of others) refusedWith(await ask(port, ...lines), 400, 'BadRequestException')
  })

  test('that has two Host headers: 400, since a proxy may have used the other one', async (t) => {
    const { port } = await started(t, unreachable)
    for (const hosts of [
      ['Host: a', 'Host: b'],
      ['Host: a', 'X-A: 1', 'HOST: a'],
    ]) {
      for (const version of ['1.1', '1.0']) {
        refusedWith(await ask(port, `GET / HTTP/${version}`, ...hosts, '', ''), 400, 'BadRequestException')
      }
    }
  })

  test('of another version of HTTP than 1.1 and 1.0: 400', async (t) => {
    const { port } = await started(t, unreachable)
    for (const version of ['2.0', '0.9', '3.0']) {
      refusedWith(await ask(port, `GET / HTTP/${version}`, 'Host: h', '', ''), 400, 'BadRequestException')
    }
    refusedWith(await ask(port, 'PRI * HTTP/2.0', '', 'SM', '', ''), 400, 'BadRequestException')
  })

  test('whose client disconnects before its end', async (t) => {
    const { port } = await started(t, async (request) => {
      const answer = await echo(request)
      assert.equal(request.target, '/whole')
      return answer
    })
    const client = new Client(port).send('POST /part HTTP/1.1', 'Host: h', 'Content-Length: 10', '', 'abc')
    client.socket.end()
    await client.closed()
    const other = new Client(port).send('POST /part HTTP/1.1', 'Host: h', 'Content-Length: 10', '', 'abc')
    other.socket.resetAndDestroy()
    assert.match(await ask(port, 'GET /whole HTTP/1.1', 'Host: h', LAST, '', ''), /\/whole/)
  })
})

test('garbage after a good request is refused after that request was answered', async (t) => {
  const { port } = await started(t, echo)
  const text = await ask(port, 'GET /good HTTP/1.1', 'Host: h', '', 'garbage', '', '')
  assert.match(text, /^HTTP\/1.1 200 OK[\s\S]+GET \/good HTTP\/1.1 400 Bad Request\r\n/)
})
