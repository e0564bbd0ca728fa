/** The memory of a server process that receives many large bodies is limited. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startHilumProcess } from '../fixtures/hilum-process.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { signed, type Unsigned } from './aws/signed-request.fixture.ts'

const CONNECTIONS = 200
const BODY = Buffer.alloc(4 * 1024 * 1024, 'x')
const KEY = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
/** Mostly the limit for all bodies, and garbage that is not collected yet. All bodies together are 800 MiB. */
const MAX_GROWTH_MIB = 350

/** Resolves with the status of the reply. */
function send(
  port: number,
  { lines, body }: { readonly lines: readonly string[]; readonly body: Uint8Array },
): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => {
      socket.write([...lines, `Content-Length: ${body.length}`, 'Connection: close', '', ''].join('\r\n'))
      socket.write(body)
    })
    socket.setEncoding('latin1').on('data', (more) => {
      text += more
    })
    // The server may reset the connection once it has replied.
    socket.on('error', () => {})
    socket.on('close', () => {
      const status = /^HTTP\/1.1 (\d+) /.exec(text)?.[1]
      if (status === undefined) reject(new Error('closed without an answer'))
      else resolve(Number(status))
    })
  })
}

const peakMiB = (pid: number): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024

test('hundreds of 4 MiB bodies from clients without a key, or with its id only, take little memory', {
  skip: process.platform === 'linux' ? false : 'the memory of a process is read from /proc',
}, async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-bodies-'))
  removeAtExit(cwd)
  const server = startHilumProcess(t, ['serve', '--data', 'data', '--port', '0', '--host', '127.0.0.1'], {
    cwd,
    env: { HILUM_ACCESS_KEY_ID: KEY.accessKeyId, HILUM_SECRET_ACCESS_KEY: KEY.secret },
  })
  const [, endpoint] = await server.printed(/^Hilum answers at (http:\S+) /m)
  const port = Number(new URL(endpoint!).port)

  const signedStatus = async (unsigned: Unsigned) => {
    const { headers } = await signed(unsigned, { ...KEY, at: Date.now() })
    const { host: _, ...others } = headers
    const { method, path, body } = unsigned
    const lines = Object.entries({ ...others, host: headers.host }).map(([name, value]) => `${name}: ${value}`)
    return send(port, { lines: [`${method} ${path} HTTP/1.1`, ...lines], body: Buffer.from(body ?? '') })
  }
  const list: Unsigned = { method: 'GET', path: '/datastore' }
  const create: Unsigned = { method: 'POST', path: '/datastore', body: '{"clientToken":"one"}' }
  const { headers } = await signed(create, { ...KEY, secret: 'wrong', at: Date.now() })
  const claim = [`Authorization: ${headers.authorization}`, `X-Amz-Date: ${headers['x-amz-date']}`]

  const idle = peakMiB(server.child.pid!)
  for (const { lines, refusals, meanwhile } of [
    { lines: [], refusals: [403], meanwhile: create },
    { lines: claim, refusals: [403, 503], meanwhile: list },
  ]) {
    const flood = Array.from({ length: CONNECTIONS }, (_, index) => {
      const path = index % 2 === 0 ? '/datastore' : '/hilum/uploads'
      return send(port, { lines: [`POST ${path} HTTP/1.1`, `Host: ${headers.host}`, ...lines], body: BODY })
    })
    assert.equal(await signedStatus(meanwhile), 200)
    const answers = await Promise.all(flood)
    assert.deepEqual(
      answers.filter((status) => !refusals.includes(status)),
      [],
    )
  }
  const grown = peakMiB(server.child.pid!) - idle
  t.diagnostic(`grown by ${Math.round(grown)} MiB`)
  assert.ok(grown < MAX_GROWTH_MIB, `grew by ${Math.round(grown)} MiB for ${CONNECTIONS} bodies of 4 MiB at a time`)
})
