/**
 * Requests as real clients send them: variations of the official SDKs, the AWS CLI and other clients that a server must accept, each with
 * the name of the client.
 */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { activeDatastore } from '../support/datastores.ts'
import { studies } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { exchange, type RawRequest, sendSigned, signedHeaders, textOf } from '../support/raw-request.ts'
import { choice, recorded } from '../support/sources.ts'

const server = await openHilum({ limits: { requestBodyBytes: 64 * 1024, requestHeaderBytes: 16 * 1024 } })
const { hilum, sdk } = server
const datastoreId = await activeDatastore(sdk)
const SEARCH = { method: 'POST', path: `/datastore/${datastoreId}/searchImageSets`, body: '{}' } as const
const GET = { method: 'GET', path: `/datastore/${datastoreId}` } as const
const { port } = new URL(hilum.endpoint)

before(() => importFiles(server, { datastoreId, files: studies({ from: 1, count: 3 }) }))

async function assertFound(request: RawRequest, count = 3): Promise<void> {
  const reply = await sendSigned(hilum, request)
  assert.equal(reply.status, 200, reply.body)
  assert.equal(reply.json().imageSetsMetadataSummaries.length, count)
}

const errorOf = async (request: RawRequest) => {
  const reply = await sendSigned(hilum, request)
  return [reply.status, reply.headers['x-amzn-errortype']]
}

describe('the host', recorded, () => {
  for (const host of [
    `127.0.0.1:${port}`,
    `runtime-127.0.0.1:${port}`,
    `localhost:${port}`,
    `runtime-localhost:${port}`,
    'ahi.internal',
    'runtime-ahi.internal',
    'dicom-medical-imaging.us-east-1.amazonaws.com',
    'runtime-medical-imaging.us-east-1.amazonaws.com',
    'RUNTIME-Ahi.Internal',
  ]) {
    test(`${host.replace(port, 'PORT')} is accepted`, () => assertFound({ ...SEARCH, host }))
  }

  test('an absolute-form target, as clients behind a proxy send it, is accepted', async () => {
    const host = 'runtime-ahi.internal'
    await assertFound({ ...SEARCH, host, target: `http://${host}${SEARCH.path}` })
    await assertFound(
      { ...SEARCH, host, query: 'maxResults=2', target: `http://${host}${SEARCH.path}?maxResults=2` },
      2,
    )
  })
})

describe('the headers', recorded, () => {
  test('names in lower case (JavaScript), capitals (Python, Go) and upper case', async () => {
    const capitals = (name: string) => name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())
    for (const spell of [(name: string) => name, capitals, (name: string) => name.toUpperCase()]) {
      await assertFound({ ...SEARCH, spell })
    }
  })

  test('no content type, one with a charset, and an unrelated one', async () => {
    for (const type of [undefined, 'application/json', 'application/json; charset=utf-8', 'text/plain']) {
      await assertFound({ ...SEARCH, headers: type === undefined ? {} : { 'content-type': type } })
    }
  })

  test('a content type on requests without a body (C++)', async () => {
    const headers = { 'content-type': 'application/json', accept: '*/*', 'x-amz-api-version': '2023-07-19' }
    assert.equal((await sendSigned(hilum, { ...GET, headers, bodyHashHeader: true })).status, 200)
    const path = `/datastore/${datastoreId}/imageSet/${datastoreId}/getImageSet`
    assert.deepEqual(await errorOf({ method: 'POST', path, headers, body: '' }), [404, 'ResourceNotFoundException'])
  })

  test('other values of Accept and Accept-Encoding have no effect', async () => {
    for (const headers of [
      { 'accept-encoding': 'gzip, br' },
      { 'accept-encoding': 'identity' },
      { accept: 'text/html' },
    ]) {
      const reply = await sendSigned(hilum, { ...SEARCH, headers: headers as Record<string, string> })
      assert.deepEqual(
        [reply.headers['content-encoding'], reply.headers['content-type']],
        [undefined, 'application/json'],
      )
      assert.equal(reply.json().imageSetsMetadataSummaries.length, 3)
    }
  })

  test('a body after 100 Continue (C++)', async () => {
    const reply = await sendSigned(hilum, { ...SEARCH, headers: { expect: '100-continue' } })
    // The reply has the interim response and the final one.
    assert.equal(reply.status, 100)
    assert.match(reply.body, /^HTTP\/1\.1 200 OK\r\n/)
  })

  test('headers above the limit are refused with a JSON error', choice, async () => {
    const reply = await sendSigned(hilum, { ...GET, headers: { 'x-long': 'x'.repeat(20_000) } })
    assert.deepEqual([reply.status, reply.headers['x-amzn-errortype']], [431, 'RequestHeaderFieldsTooLargeException'])
    assert.equal(typeof reply.json().message, 'string')
  })
})

describe('the path', recorded, () => {
  test('double slashes, which the SDK for JavaScript sends if the endpoint ends in a slash', async () => {
    const headers = await signedHeaders(hilum, SEARCH)
    assert.equal((await exchange(hilum, textOf({ ...SEARCH, target: `/${SEARCH.path}` }, headers))).status, 200)
    assert.equal((await sendSigned(hilum, { ...GET, path: `//datastore//${datastoreId}` })).status, 200)
  })

  test('an empty label (JavaScript, CLI) is refused with a ValidationException', async () => {
    assert.deepEqual(await errorOf({ method: 'GET', path: '/datastore/' }), [400, 'ValidationException'])
    assert.deepEqual(await errorOf({ method: 'DELETE', path: '/datastore/' }), [400, 'ValidationException'])
    assert.deepEqual(await errorOf({ method: 'POST', path: '/datastore//searchImageSets', body: '{}' }), [
      400,
      'ValidationException',
    ])
  })

  test('labels with path traversal are treated as labels', choice, async () => {
    for (const label of ['..%2F..%2Fetc%2Fpasswd', '%00', '%FF', 'a%20b', '%2e%2e']) {
      const [status, name] = await errorOf({ method: 'GET', path: `/datastore/${label}` })
      assert.equal(status, 400, label)
      assert.ok(name === 'ValidationException' || name === 'SerializationException', label)
    }
  })

  test('the ARN of a tagged resource, with its colons encoded (all clients) and raw (C++)', async () => {
    const arn = `arn:aws:medical-imaging:us-east-1:000000000000:datastore/${datastoreId}`
    for (const label of [encodeURIComponent(arn), arn.replaceAll('/', '%2F')]) {
      for (const [method, query, body, answer] of [
        ['POST', '', '{"tags":{"a":"b","c":"d"}}', [204, '']],
        ['GET', '', undefined, [200, '{"tags":{"a":"b","c":"d"}}']],
        ['DELETE', 'tagKeys=a&tagKeys=b%2Fc&tagKeys=c', undefined, [204, '']],
        ['GET', '', undefined, [200, '{"tags":{}}']],
      ] as const) {
        const request = { method, path: `/tags/${label}`, query, ...(body === undefined ? {} : { body }) }
        const reply = await sendSigned(hilum, request)
        assert.deepEqual([reply.status, reply.body], answer, `${method} ${label}`)
      }
    }
  })
})

describe('the query', recorded, () => {
  test('a trailing ampersand, which is not signed (OHIF)', async () => {
    const headers = await signedHeaders(hilum, { ...SEARCH, query: 'maxResults=2' })
    for (const query of ['maxResults=2&', '&maxResults=2&&']) {
      const reply = await exchange(hilum, textOf({ ...SEARCH, query }, headers))
      assert.equal(reply.status, 200, reply.body)
      assert.equal(reply.json().imageSetsMetadataSummaries.length, 2)
    }
  })

  test('a token without a value is ignored', choice, async () => {
    assert.deepEqual(await errorOf({ ...SEARCH, query: 'nextToken=' }), [400, 'ValidationException'])
  })

  test('a token without URL encoding (OHIF)', async () => {
    const first = await sendSigned(hilum, { ...SEARCH, query: 'maxResults=2' })
    const token: string = first.json().nextToken
    assert.equal(encodeURIComponent(token), token)
    await assertFound({ ...SEARCH, query: `maxResults=2&nextToken=${token}` }, 1)
  })

  test('unknown parameters', () => assertFound({ ...SEARCH, query: 'imageFrameId=1&x=y&flag' }))
})

describe('the body', choice, () => {
  test('spaces, tabs, escapes, members in any order, nulls and unknown members', recorded, async () => {
    for (const body of [
      '{}',
      ' {\n\t"sort" : { "sortField": "updatedAt", "sortOrder": "ASC" }\r\n} ',
      '{"filters":null,"sort":null}',
      '{"more":{"nested":[1,2,{"deep":null}]}}',
      '{"filters": [{"values": [{"isPrimary": true, "DICOMPatientId": null}], "operator": "EQUAL"}]}',
      '{"\\u0066ilters":[{"operator":"EQUAL","values":[{"isPrimary":true}]}]}',
    ]) {
      await assertFound({ ...SEARCH, body })
    }
  })

  test('a body of an operation without a body is ignored (OHIF, aws-samples)', recorded, async () => {
    const path = `/datastore/${datastoreId}/imageSet/${datastoreId}/getImageSetMetadata`
    for (const body of ['{"imageFrameId":"x"}', 'no JSON']) {
      assert.deepEqual(await errorOf({ method: 'POST', path, body }), [404, 'ResourceNotFoundException'])
    }
    assert.equal((await sendSigned(hilum, { ...GET, body: 'no JSON' })).status, 200)
  })

  test('malformed JSON is refused for every operation that has a body', async () => {
    for (const path of ['/datastore', `/startDICOMImportJob/datastore/${datastoreId}`, SEARCH.path]) {
      for (const body of ['{', '[]', '"text"', 'null', '{"a":1}}', '{"filters":{}}', `${'['.repeat(20_000)}`]) {
        const [status, name] = await errorOf({ method: 'POST', path, body })
        assert.equal(status, 400, `${path} ${body.slice(0, 20)}`)
        assert.ok(name === 'SerializationException' || name === 'ValidationException', `${path} ${body.slice(0, 20)}`)
      }
    }
  })

  test('values of the wrong type are refused', async () => {
    for (const filter of [
      '{"operator":"EQUAL","values":[{"isPrimary":"true"}]}',
      '{"operator":"EQUAL","values":[{"DICOMPatientId":7}]}',
      '{"operator":"EQUAL","values":{"DICOMPatientId":"a"}}',
      '{"operator":1,"values":[{"DICOMPatientId":"a"}]}',
      '{"operator":"BETWEEN","values":[{"createdAt":"yesterday"},{"createdAt":1}]}',
      '{"operator":"BETWEEN","values":[{"createdAt":1e999},{"createdAt":1}]}',
      '{"operator":"EQUAL","values":[null]}',
    ]) {
      const [status, name] = await errorOf({ ...SEARCH, body: `{"filters":[${filter}]}` })
      assert.equal(status, 400, filter)
      assert.ok(name === 'SerializationException' || name === 'ValidationException', filter)
    }
  })

  test('a body of the maximum size is accepted, and one byte more is refused', async () => {
    const padded = (bytes: number) => `{${' '.repeat(bytes - 2)}}`
    await assertFound({ ...SEARCH, body: padded(64 * 1024) })
    assert.deepEqual(await errorOf({ ...SEARCH, body: padded(64 * 1024 + 1) }), [413, 'RequestEntityTooLargeException'])
  })
})

describe('other methods', choice, () => {
  test('HEAD, PUT, PATCH and OPTIONS are unknown operations', async () => {
    for (const method of ['PUT', 'PATCH', 'OPTIONS']) {
      assert.deepEqual(await errorOf({ method, path: '/datastore' }), [404, 'UnknownOperationException'], method)
    }
    const head = await sendSigned(hilum, { method: 'HEAD', path: '/datastore' })
    assert.deepEqual([head.status, head.body], [404, ''])
  })

  test('bytes that are not HTTP get an HTTP error', async () => {
    const reply = await exchange(hilum, 'DICM\r\n\r\n')
    assert.equal(reply.status, 400)
    assert.equal(reply.headers['content-type'], 'application/json')
  })
})
