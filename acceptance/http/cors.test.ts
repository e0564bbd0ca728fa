/** Cross-origin requests (CORS): preflight requests, and the headers that let a page read a response. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { operations } from '../../src/contract/operations.ts'
import { openHilum } from '../support/hilum.ts'
import { exchange, sendSigned, textOf } from '../support/raw-request.ts'
import { choice } from '../support/sources.ts'

const VIEWER = 'https://viewer.example'
const open = (await openHilum({ limits: { requestHeaderBytes: 8 * 1024 } })).hilum
const listed = (await openHilum({ corsOrigin: [VIEWER, 'http://127.0.0.1:3000'] })).hilum
const closed = (await openHilum({ corsOrigin: ['none'] })).hilum

const preflight = (hilum: typeof open, path: string, more: Record<string, string> = {}) =>
  exchange(
    hilum,
    textOf(
      { method: 'OPTIONS', path },
      {
        host: new URL(hilum.endpoint).host,
        origin: VIEWER,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,x-amz-date,x-hilum-count',
        ...more,
      },
    ),
  )

const SIGNED_ROUTES = [
  ...Object.values(operations).map(({ http }) => http.split(' ')[1]!.replaceAll(/\{\w+\}/g, 'x')),
  '/hilum/console-link',
  '/hilum/uploads',
  '/hilum/uploads/x/y',
  '/hilum/reports/x/y',
]

describe('a preflight request', choice, () => {
  test('is allowed for every signed route, without a signature', async () => {
    for (const path of SIGNED_ROUTES) {
      const { status, headers, body } = await preflight(open, path)
      assert.deepEqual([status, body], [204, ''], path)
      assert.equal(headers['access-control-allow-origin'], '*')
      assert.equal(headers['access-control-allow-methods'], 'GET, POST, PUT, DELETE, OPTIONS')
      assert.equal(headers['access-control-allow-headers'], 'authorization,x-amz-date,x-hilum-count')
      assert.equal(headers['access-control-allow-credentials'], undefined)
      assert.match(headers['access-control-max-age']!, /^\d+$/)
    }
  })

  test('is allowed from a public address to a private one', async () => {
    const more = { 'access-control-request-private-network': 'true' }
    assert.equal((await preflight(open, '/datastore', more)).headers['access-control-allow-private-network'], 'true')
    assert.equal((await preflight(open, '/datastore')).headers['access-control-allow-private-network'], undefined)
  })

  test('is allowed only for the configured origins', async () => {
    for (const origin of [VIEWER, 'http://127.0.0.1:3000']) {
      const { status, headers } = await preflight(listed, '/datastore', { origin })
      assert.deepEqual([status, headers['access-control-allow-origin']], [204, origin])
      assert.match(headers.vary!, /\bOrigin\b/)
    }
    for (const origin of ['http://127.0.0.1:3001', 'https://viewer.example.evil', 'null']) {
      const { status, headers } = await preflight(listed, '/datastore', { origin })
      assert.deepEqual([status, headers['access-control-allow-origin']], [403, undefined])
      assert.match(headers.vary!, /\bOrigin\b/)
    }
  })

  test('is denied for the unsigned route, for the console, and if CORS is disabled', async () => {
    for (const [hilum, path] of [
      [open, '/hilum/console-link/redeem'],
      [open, '/console/'],
      [closed, '/datastore'],
    ] as const) {
      const { status, headers } = await preflight(hilum, path)
      assert.ok(status >= 400, path)
      assert.equal(headers['access-control-allow-origin'], undefined, path)
    }
  })

  test('is distinguished from other OPTIONS requests', async () => {
    const host = new URL(open.endpoint).host
    const reply = await exchange(open, textOf({ method: 'OPTIONS', path: '/datastore' }, { host }))
    assert.equal(reply.headers['x-amzn-errortype'], 'UnknownOperationException')
  })
})

describe('a response to a page', choice, () => {
  const list = { method: 'GET', path: '/datastore' } as const

  test('can be read, with the headers of the service and of Hilum', async () => {
    const { status, headers } = await sendSigned(open, { ...list, headers: { origin: VIEWER } })
    assert.deepEqual([status, headers['access-control-allow-origin']], [200, '*'])
    const exposed = headers['access-control-expose-headers']!.toLowerCase().split(', ')
    for (const name of ['x-amzn-requestid', 'x-amzn-errortype', 'content-type', 'etag', 'date', 'retry-after']) {
      assert.ok(exposed.includes(name), name)
    }
    const folder = new URL('../../src/operations/', import.meta.url)
    for (const file of readdirSync(folder, { encoding: 'utf8', recursive: true })) {
      if (!file.endsWith('.ts')) continue
      const text = readFileSync(new URL(file, folder), 'utf8')
      for (const [, name] of text.matchAll(/replyHeaders\['(x-hilum-[\w-]+)'\]/g))
        assert.ok(exposed.includes(name!), name)
    }
    assert.equal((await sendSigned(open, list)).headers['access-control-allow-origin'], undefined)
  })

  test('can be read if it is an error: unsigned, unknown, or refused before it reached a handler', async () => {
    const host = new URL(open.endpoint).host
    const ask = (path: string, headers: Record<string, string>) =>
      exchange(open, textOf({ method: 'POST', path }, { host, origin: VIEWER, ...headers }))
    for (const [status, reply] of [
      [403, await ask('/datastore', {})],
      [403, await ask('/hilum/uploads', {})],
      [404, await ask('/nothing', {})],
      [400, await ask('/datastore', { Host: 'twice' })],
      [431, await ask('/datastore', { 'x-long': 'x'.repeat(10_000) })],
    ] as const) {
      assert.deepEqual([reply.status, reply.headers['access-control-allow-origin']], [status, '*'])
      assert.match(reply.headers['access-control-expose-headers']!, /x-amzn-ErrorType/)
    }
  })

  test('names the origin and varies by it if origins are configured', async () => {
    const allowed = await sendSigned(listed, { ...list, headers: { origin: VIEWER } })
    assert.equal(allowed.headers['access-control-allow-origin'], VIEWER)
    const others = [
      await sendSigned(listed, { ...list, headers: { origin: 'https://evil.example' } }),
      await sendSigned(listed, list),
    ]
    for (const { status, headers } of others) {
      assert.deepEqual([status, headers['access-control-allow-origin'], headers.vary], [200, undefined, 'Origin'])
    }
    assert.equal(allowed.headers.vary, 'Origin')
  })

  test('cannot be read if it is from the unsigned route', async () => {
    const host = new URL(open.endpoint).host
    const path = '/hilum/console-link/redeem'
    const reply = await exchange(open, textOf({ method: 'POST', path, body: '{}' }, { host, origin: VIEWER }))
    assert.deepEqual([reply.status, reply.headers['access-control-allow-origin']], [400, undefined])
  })
})
