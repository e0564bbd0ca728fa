/** The console's protocol handler over a folder as a build leaves it. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { bodyOf } from '../http/request-body.fixture.ts'
import { createRouter } from '../http/router.ts'
import type { ProtocolHandler, WireReply } from '../http/wire.ts'
import { CONSOLE_PATHS, consoleHandler } from './serve.ts'

const SCRIPT = 'console.log("a page")'.repeat(20)

function builtConsole(_t: TestContext): { readonly handler: ProtocolHandler; readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-console-'))
  removeAtExit(folder)
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), '<!doctype html>')
  writeFileSync(join(folder, 'assets', 'index-Abc1.js'), SCRIPT)
  writeFileSync(join(folder, 'assets', 'index-Abc1.js.gz'), gzipSync(SCRIPT))
  writeFileSync(join(folder, 'assets', 'index-Abc1.js.br'), brotliCompressSync(SCRIPT))
  return { handler: consoleHandler(folder), folder }
}

const get = (
  handler: ProtocolHandler,
  target: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<WireReply> => handler({ method, target, headers, body: bodyOf() })

const textOf = ({ body }: WireReply): string => Buffer.from(body as Uint8Array).toString()

test('the console is at the root, at /console and below it, and nowhere else', () => {
  const find = createRouter(CONSOLE_PATHS.map((path) => ({ http: `* ${path}` as const })))
  const paths = ['/', '/console', '/console/', '/console/datastores/x', '/consoles', '/datastore', '/hilum/uploads', '']
  assert.deepEqual(
    paths.filter((path) => find('GET', path) !== undefined),
    ['/', '/console', '/console/', '/console/datastores/x'],
  )
})

test('the root redirects to the console', async (t) => {
  const { handler } = builtConsole(t)
  for (const path of ['/', '/console']) {
    const { status, headers } = await get(handler, path)
    assert.deepEqual([status, headers.Location], [302, '/console/'])
  }
})

test('one page serves every address of the console, and is revalidated each time', async (t) => {
  const { handler } = builtConsole(t)
  for (const path of [
    '/console/',
    '/console/datastores/1/imports?x',
    '/console/datastores/1/studies/1.2.34',
    '/console/index.html',
  ]) {
    const reply = await get(handler, path)
    assert.deepEqual(
      [reply.status, reply.headers['Cache-Control'], textOf(reply)],
      [200, 'no-cache', '<!doctype html>'],
    )
    assert.equal(reply.headers['Content-Type'], 'text/html; charset=utf-8')
  }
})

test('scripts are cached forever, and compressed where the client accepts it', async (t) => {
  const { handler } = builtConsole(t)
  const unpack = { br: brotliDecompressSync, gzip: gunzipSync, none: (bytes: Uint8Array) => Buffer.from(bytes) }
  for (const [accepted, encoding] of [
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip, br;q=0', 'gzip'],
    ['GZIP', 'gzip'],
    ['zstd', 'none'],
    ['', 'none'],
  ] as const) {
    const { headers, body } = await get(handler, '/console/assets/index-Abc1.js', { 'accept-encoding': accepted })
    assert.equal(headers['Content-Encoding'] ?? 'none', encoding, accepted)
    assert.equal(unpack[encoding](body as Uint8Array).toString(), SCRIPT)
    assert.match(headers['Cache-Control']!, /immutable/)
    assert.equal(headers.Vary, 'Accept-Encoding')
  }
})

test('a client that has the current file gets 304', async (t) => {
  const { handler } = builtConsole(t)
  const { headers } = await get(handler, '/console/')
  const again = await get(handler, '/console/', { 'if-none-match': `"other", W/${headers.ETag}` })
  assert.deepEqual([again.status, again.body], [304, ''])
  assert.equal((await get(handler, '/console/', { 'if-none-match': '"other"' })).status, 200)
})

test('every reply has the content security policy: no other origin, no eval, no framing', async (t) => {
  const { handler } = builtConsole(t)
  for (const path of ['/', '/console/', '/console/assets/index-Abc1.js', '/console/assets/none.js']) {
    const { headers } = await get(handler, path)
    const policy = headers['Content-Security-Policy']!
    assert.match(policy, /default-src 'none'/)
    assert.match(policy, /script-src 'self' 'wasm-unsafe-eval';/)
    assert.match(policy, /frame-ancestors 'none'/)
    assert.match(policy, /frame-src blob:;/)
    assert.doesNotMatch(policy, /object-src/)
    assert.doesNotMatch(policy, /http|\*|'unsafe-eval'/)
    assert.deepEqual([headers['X-Content-Type-Options'], headers['Referrer-Policy']], ['nosniff', 'no-referrer'])
  }
})

test('a path that is not a built file is 404', async (t) => {
  const { handler } = builtConsole(t)
  for (const path of [
    '/console/assets/none.js',
    '/console/assets/',
    '/console/assets/index-Abc1.js.gz',
    '/console/../../../../etc/passwd.json',
    '/console/%2e%2e/%2e%2e/package.json',
    '/console/assets/%69ndex-Abc1.js',
    '/console/__proto__.js',
  ]) {
    assert.equal((await get(handler, path)).status, 404, path)
  }
})

test('the console is read-only', async (t) => {
  const { handler } = builtConsole(t)
  const reply = await get(handler, '/console/', {}, 'POST')
  assert.deepEqual([reply.status, reply.headers.Allow], [405, 'GET, HEAD'])
})

test('a build is served without a restart, the first one too', async (t) => {
  const { handler, folder } = builtConsole(t)
  const empty = consoleHandler(join(folder, 'not-built'))
  const reply = await get(empty, '/console/')
  assert.deepEqual([reply.status, reply.body], [404, 'The console is not built here. Run: npm run build\n'])
  mkdirSync(join(folder, 'not-built'))
  writeFileSync(join(folder, 'not-built', 'index.html'), 'now')
  assert.equal(textOf(await get(empty, '/console/')), 'now')

  await get(handler, '/console/')
  writeFileSync(join(folder, 'index.html'), 'next')
  utimesSync(join(folder, 'index.html'), 1, 1)
  writeFileSync(join(folder, 'assets', 'index-Def2.js'), 'next')
  assert.equal(textOf(await get(handler, '/console/datastores')), 'next')
  assert.equal((await get(handler, '/console/assets/index-Def2.js')).status, 200)
})
