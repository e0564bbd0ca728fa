/** The capabilities description of DICOMweb: what the server says that it has, and that it has it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { activeDatastore } from '../support/datastores.ts'
import { openHilum } from '../support/hilum.ts'
import { signedHeaders } from '../support/raw-request.ts'
import { choice, clause } from '../support/sources.ts'

const server = await openHilum()
const { hilum, sdk } = server
const datastoreId = await activeDatastore(sdk)
const WADL = 'application/vnd.sun.wadl+xml'

async function request(method: string, below = '', headers: Record<string, string> = {}) {
  const path = `/datastore/${datastoreId}${below}`
  const signed = await signedHeaders(hilum, { method, path })
  const response = await fetch(`${hilum.endpoint}${path}`, { method, headers: { ...signed, ...headers } })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

interface Described {
  readonly method: string
  readonly path: string
}

/** The methods of the tree, each with the path of its resource. */
function methodsIn(wadl: string): readonly Described[] {
  const path: string[] = []
  const found: Described[] = []
  for (const [, end, tag, first = ''] of wadl.matchAll(
    /<(\/?)(resource|method)\b(?: (?:path|name)="([^"]*)")?[^>]*>/g,
  )) {
    if (tag === 'method' && end === '') found.push({ method: first, path: path.map((each) => `/${each}`).join('') })
    if (tag === 'resource') {
      if (end === '') path.push(first)
      else path.pop()
    }
  }
  assert.deepEqual(path, [])
  return found
}

describe('the description', async () => {
  const { text: wadl, ...reply } = await request('OPTIONS', '', { accept: WADL })

  test('is WADL with the data store as its base', clause('8.9 and H'), () => {
    assert.deepEqual([reply.status, reply.headers.get('content-type')], [200, WADL])
    assert.ok(wadl.includes(`<resources base="${hilum.endpoint}/datastore/${datastoreId}">`))
    const parse = 'import sys, xml.dom.minidom as m; print(m.parse(sys.stdin).documentElement.namespaceURI)'
    const python = spawnSync('python3', ['-c', parse], { input: wadl, encoding: 'utf8' })
    if (python.error === undefined) assert.equal(python.stdout.trim(), 'http://wadl.dev.java.net/2009/02')
  })

  test('names requests that the server answers, and no others', clause('H'), async () => {
    const described = methodsIn(wadl)
    const paths = described.map(({ method, path }) => `${method} ${path}`)
    for (const expected of ['POST /studies', 'GET /studies/{study}', 'DELETE /studies/{study}']) {
      assert.ok(paths.includes(expected), expected)
    }
    for (const { method, path } of described) {
      const below = path
        .replace('{frames}', '1')
        .replace('{hash}', 'PixelData')
        .replace(/\{\w+\}/g, '1.2.3')
      const { status, headers } = await request(method, below, { accept: '*/*' })
      assert.notEqual(headers.get('x-amzn-errortype'), 'UnknownOperationException', `${method} ${path}`)
      assert.ok(status < 500, `${status} ${method} ${path}`)
    }
  })

  test('is sent for any type, and as nothing else', choice, async () => {
    assert.equal((await request('OPTIONS', '', { accept: '*/*' })).text, wadl)
    const { status, headers } = await request('OPTIONS', '', { accept: 'text/html' })
    assert.deepEqual([status, headers.get('x-amzn-errortype')], [406, 'NotAcceptableException'])
  })
})

test('GET of a data store is GetDatastore, whatever is accepted', choice, async () => {
  const { text } = await request('GET', '', { accept: WADL })
  assert.equal(JSON.parse(text).datastoreProperties.datastoreId, datastoreId)
})

test('a preflight request of a browser is not answered with the description', choice, async () => {
  const headers = { origin: 'https://viewer.example', 'access-control-request-method': 'OPTIONS' }
  const response = await fetch(`${hilum.endpoint}/datastore/${datastoreId}`, { method: 'OPTIONS', headers })
  assert.deepEqual([response.status, await response.text()], [204, ''])
  assert.match(response.headers.get('access-control-allow-methods')!, /OPTIONS/)
})

test('a data store that does not exist has no description', choice, async () => {
  const path = `/datastore/${'0'.repeat(32)}`
  const headers = await signedHeaders(hilum, { method: 'OPTIONS', path })
  assert.equal((await fetch(`${hilum.endpoint}${path}`, { method: 'OPTIONS', headers })).status, 404)
})
