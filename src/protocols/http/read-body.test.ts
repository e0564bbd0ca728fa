/** Request bodies: read on demand, within one memory limit for all, and not read for a refused client. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Client, echo, reply, started } from './listening.fixture.ts'
import type { ProtocolHandler } from './wire.ts'

/** The lines before the body. */
const post = (bytes: number, ...more: string[]) => [
  'POST / HTTP/1.1',
  'Host: h',
  `Content-Length: ${bytes}`,
  ...more,
  '',
]
const refuseUnread: ProtocolHandler = async () => reply('no', 403)

test('a body beyond the limit for all bodies is refused with 503 until another reply is sent', async (t) => {
  const release = Promise.withResolvers<void>()
  const holding = Promise.withResolvers<void>()
  const { port } = await started(
    t,
    async (request) => {
      const answer = await echo(request)
      if (request.target === '/held') {
        holding.resolve()
        await release.promise
      }
      return answer
    },
    { requestBodiesBytes: 10 },
  )
  const held = new Client(port).send('POST /held HTTP/1.1', 'Host: h', 'Content-Length: 8', '', '12345678')
  await holding.promise
  for (const length of ['Content-Length: 3', 'Transfer-Encoding: chunked']) {
    const refused = new Client(port).send('POST / HTTP/1.1', 'Host: h', length, 'Connection: close', '', '')
    if (length.startsWith('T')) refused.send('b', '12345678901', '0', '', '')
    else refused.send('abc')
    const text = await refused.closed()
    assert.match(text, /^HTTP\/1.1 503 [\s\S]*\r\nx-amzn-ErrorType: ServiceUnavailableException\r\n/)
    assert.match(text, /\r\nRetry-After: 1\r\n/)
  }
  const small = new Client(port).send(...post(2), 'ab')
  assert.match(await small.until(/ab$/), /^HTTP\/1.1 200 /)
  release.resolve()
  await held.until(/12345678$/)
  // The memory is released once the response is closed, which this client cannot see.
  for (;;) {
    const text = await new Client(port).send(...post(9, 'Connection: close'), '123456789').closed()
    if (text.endsWith('123456789')) break
    assert.match(text, /^HTTP\/1.1 503 /)
  }
})

test('a refused client that expects 100 Continue does not get it', async (t) => {
  const { port } = await started(t, refuseUnread)
  const text = await new Client(port).send(...post(5, 'Expect: 100-continue'), '').closed()
  assert.match(text, /^HTTP\/1.1 403 Forbidden\r\n[\s\S]*Connection: close\r\n[\s\S]*no$/)
  const busy = await started(t, echo, { requestBodiesBytes: 4 })
  assert.match(await new Client(busy.port).send(...post(5, 'Expect: 100-continue'), '').closed(), /^HTTP\/1.1 503 /)
})

test('a connection is kept open after a small unread body, and closed after a large one', async (t) => {
  const { port } = await started(t, refuseUnread, { discardedBodyBytes: 10, refusedLingerMs: 60_000 })
  const client = new Client(port)
  for (let n = 1; n <= 3; n++) {
    await client.send(...post(10), '1234567890').until(new RegExp(`^(HTTP/1.1 403 [\\s\\S]*?no){${n}}$`))
  }
  const text = await client.send(...post(11), '12345678901').closed()
  assert.match(text, /Connection: close\r\n[\s\S]*no$/)
})

test('a refused client that continues to send is disconnected, and later requests on its connection are not answered', async (t) => {
  const targets: string[] = []
  const { port } = await started(
    t,
    async (request) => {
      targets.push(request.target)
      return refuseUnread(request)
    },
    { refusedLingerBytes: 1_000_000, refusedLingerMs: 600_000, discardedBodyBytes: 10 },
  )
  const endless = new Client(port).send('POST /endless HTTP/1.1', 'Host: h', 'Transfer-Encoding: chunked', '', '')
  const chunk = `${(100_000).toString(16)}\r\n${'x'.repeat(100_000)}\r\n`
  const sending = setInterval(() => endless.socket.write(chunk), 1)
  t.after(() => clearInterval(sending))
  assert.match(await endless.closed(), /^HTTP\/1.1 403 /)
  clearInterval(sending)
  const pipelined = new Client(port).send('POST /first HTTP/1.1', 'Host: h', 'Content-Length: 11', '', '12345')
  await pipelined.until(/no$/)
  pipelined.send('678901GET /second HTTP/1.1', 'Host: h', '', '')
  await pipelined.closed()
  assert.deepEqual(targets, ['/endless', '/first'])
})

const TIMES = { idleMs: 60_000, totalMs: 60_000 }

/** Replies with the number of chunks and the text of the streamed body. */
const streaming =
  (limitBytes: number): ProtocolHandler =>
  async ({ body }) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of body.stream(limitBytes, TIMES)) chunks.push(chunk)
    return reply(`streamed ${Buffer.concat(chunks)}`)
  }

test('a handler can stream a body that is larger than the memory for all bodies', async (t) => {
  const { port } = await started(t, streaming(20), { requestBodiesBytes: 4 })
  const client = new Client(port).send(...post(10, 'Expect: 100-continue'), '')
  await client.until(/^HTTP\/1.1 100 Continue/)
  assert.match(await client.send('1234567890').until(/streamed 1234567890$/), /HTTP\/1.1 200 /)
  const next = (await client.send(...post(3), 'abc').until(/streamed abc$/)).match(/HTTP\/1.1 200 /g)
  assert.equal(next?.length, 2, 'the connection is kept open')
})

test('a streamed body has the limit of its route', async (t) => {
  const { port } = await started(t, streaming(10))
  assert.match(await new Client(port).send(...post(11), '12345678901').until(/bytes/), /^HTTP\/1.1 413 /)
  const chunked = [
    'POST / HTTP/1.1',
    'Host: h',
    'Transfer-Encoding: chunked',
    '',
    '6',
    '123456',
    '6',
    '123456',
    '0',
    '',
    '',
  ]
  assert.match(await new Client(port).send(...chunked).closed(), /^HTTP\/1.1 413 [\s\S]*Connection: close/)
})

test('a handler that stops reading a stream can still reply', async (t) => {
  const { port } = await started(t, async ({ body }) => {
    for await (const chunk of body.stream(1_000, TIMES)) return reply(`first ${chunk.length > 0}`)
    return reply('none')
  })
  assert.match(await new Client(port).send(...post(10), '12345').until(/first true$/), /^HTTP\/1.1 200 /)
})

test('a stream whose client disconnects throws a refusal', async (t) => {
  const thrown = Promise.withResolvers<unknown>()
  const { port } = await started(t, async ({ body }) => {
    try {
      for await (const _ of body.stream(1_000, TIMES)) client.socket.destroy()
    } catch (error) {
      thrown.resolve(error)
    }
    return reply('')
  })
  const client = new Client(port).send(...post(10), '12345')
  assert.match(String(await thrown.promise), /^HttpRefusal: The connection closed/)
})

test('a streamed body may be slow as long as bytes keep arriving, and is refused with 408 when none arrive', async (t) => {
  const received: number[] = []
  const { port } = await started(
    t,
    async ({ body }) => {
      for await (const chunk of body.stream(1_000, { idleMs: 1_500, totalMs: 60_000 })) received.push(chunk.length)
      return reply('whole')
    },
    { requestBodyTimeoutMs: 100 },
  )
  const client = new Client(port).send(...post(6), '')
  // Longer than a body that is read into memory may take.
  for (const letter of 'abcde') {
    client.send(letter)
    await setTimeout(60)
  }
  assert.match(await client.send('f').until(/whole$/), /^HTTP\/1.1 200 /)
  const silent = await new Client(port).send(...post(6), 'abc').closed()
  assert.match(silent, /^HTTP\/1.1 408 [\s\S]*Connection: close/)
  assert.equal(
    received.reduce((sum, length) => sum + length),
    9,
  )
})

test('a streamed body that is not complete in its total time is refused with 408, although bytes arrive', async (t) => {
  const { port } = await started(
    t,
    async ({ body }) => {
      for await (const _ of body.stream(1_000, { idleMs: 60_000, totalMs: 200 }));
      return reply('whole')
    },
    { requestBodyTimeoutMs: 300 },
  )
  const client = new Client(port).send(...post(1_000), 'a')
  const sending = setInterval(() => client.send('b'), 20)
  t.after(() => clearInterval(sending))
  assert.match(await client.closed(), /^HTTP\/1.1 408 /)
})
