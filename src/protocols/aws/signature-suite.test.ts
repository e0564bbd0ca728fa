/**
 * Cases of AWS's signature test suite (https://github.com/awslabs/aws-c-auth, aws-signing-test-suite/v4), sent over a socket, so that
 * Node's handling of headers is tested too. Each case is sent with signed headers and as a presigned URL, with the signatures of the suite.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEFAULT_LIMITS } from '../../default-limits.ts'
import { ask, reply, started } from '../http/listening.fixture.ts'
import { bodyOf } from '../http/request-body.fixture.ts'
import type { WireRequest } from '../http/wire.ts'
import { signingKey } from './signed-request.fixture.ts'
import { createVerifier } from './sigv4.ts'

const NOW = Date.UTC(2015, 7, 30, 12, 36)
const CREDENTIAL = 'AKIDEXAMPLE/20150830/us-east-1/service/aws4_request'
const TOKEN =
  'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=='

const verify = createVerifier({
  credentials: {
    find: ({ accessKeyId }) =>
      accessKeyId === 'AKIDEXAMPLE' ? signingKey(accessKeyId, 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY') : undefined,
  },
  limits: DEFAULT_LIMITS,
  service: 'service',
})
const callerOf = async (request: WireRequest) =>
  (await verify(request, { now: NOW, bodyBytes: 1_000 })).caller.accessKeyId

interface Case {
  readonly name: string
  readonly line: string
  readonly headers?: readonly string[]
  /** Beside host and x-amz-date. */
  readonly signed?: readonly string[]
  readonly token?: { readonly text: string; readonly isSigned: boolean }
  readonly header: string
  readonly query: string
}

/** Except cases that are not valid HTTP (spaces and raw UTF-8 in the path), and those of S3, which does not normalise paths. */
const CASES: readonly Case[] = [
  {
    name: 'get-header-key-duplicate',
    line: 'GET /',
    headers: ['My-Header1:value2', 'My-Header1:value2', 'My-Header1:value1'],
    signed: ['my-header1'],
    header: 'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
    query: '3349ee0b81b4b589da0ff28a395c3591e04de515651dd74f298fa992d1507a97',
  },
  {
    name: 'get-header-value-order',
    line: 'GET /',
    headers: ['My-Header1:value4', 'My-Header1:value1', 'My-Header1:value3', 'My-Header1:value2'],
    signed: ['my-header1'],
    header: '08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01',
    query: '313720e71ca6202fdcfa9b20f88de01a4eb0638a83c833b1c184359a4eda864e',
  },
  {
    name: 'get-header-value-trim',
    line: 'GET /',
    headers: ['My-Header1: value1', 'My-Header2: "a   b   c"'],
    signed: ['my-header1', 'my-header2'],
    header: 'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
    query: 'e7bb0fd515e125e1aec2ecc4c0c17484fb06f6846b927c35e46005dd3df3acd4',
  },
  {
    name: 'post-header-value-case',
    line: 'POST /',
    headers: ['My-Header1:VALUE1'],
    signed: ['my-header1'],
    header: 'cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d',
    query: '0698bc9e4f7f9139065ba2909c0e99da257e8e2a42492a097bcd46d792391fed',
  },
  {
    name: 'post-sts-header-after',
    line: 'POST /',
    token: { text: TOKEN, isSigned: false },
    header: '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    query: '2ce6e6d2e0cf2f9d1b55fafec88cd20574c31dc2e7631979f71ba2310083e95b',
  },
  {
    name: 'post-sts-header-before',
    line: 'POST /',
    token: { text: TOKEN, isSigned: true },
    header: '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
    query: '46c2e3c63c1dbe7d39f8ada16fe7f001c1f56c5791441565323677f96308871c',
  },
  {
    name: 'get-vanilla-with-session-token',
    line: 'GET /',
    token: { text: '6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267', isSigned: true },
    header: '07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8',
    query: '7ff2b50b376cb4d151970630573d6291dc128cc5c2a12ffb237f73cc53f67b6c',
  },
  {
    name: 'get-vanilla',
    line: 'GET /',
    header: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    query: 'e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d',
  },
  {
    name: 'get-vanilla-query-order-encoded',
    line: 'GET /?Param-3=Value3&Param=Value2&%E1%88%B4=Value1',
    header: '371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac',
    query: 'c5f1848ceec943ac2ca68ee720460c23aaae30a2300586597ada94c4a65e4787',
  },
  {
    name: 'get-unreserved',
    line: 'GET /-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
    header: '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
    query: '95968482db1b9e0fadef6efc1bd24689f77c77d9ef56919c96a28cc92e0d6005',
  },
  {
    name: 'get-slashes-normalized',
    line: 'GET //example//',
    header: '9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84',
    query: 'c1834e8fb0307243711f0f907f6ab7311ed300d87f13792d7ee4da89ab93e082',
  },
  {
    name: 'get-relative-relative-normalized',
    line: 'GET /example1/example2/../..',
    header: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    query: 'e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d',
  },
]

/** The lines of the request, without the empty line after its headers. */
function signedInHeaders({ line, headers = [], signed = [], token, header }: Case): string[] {
  const names = ['host', ...signed, 'x-amz-date', ...(token?.isSigned ? ['x-amz-security-token'] : [])]
  return [
    `${line} HTTP/1.1`,
    'Host:example.amazonaws.com',
    ...headers,
    ...(token === undefined ? [] : [`X-Amz-Security-Token:${token.text}`]),
    'X-Amz-Date:20150830T123600Z',
    `Authorization:AWS4-HMAC-SHA256 Credential=${CREDENTIAL}, SignedHeaders=${names.join(';')}, Signature=${header}`,
  ]
}

function presigned({ line, headers = [], signed = [], token, query }: Case): string[] {
  const parameters = new URLSearchParams({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': CREDENTIAL,
    'X-Amz-Date': '20150830T123600Z',
    'X-Amz-SignedHeaders': ['host', ...signed].join(';'),
    'X-Amz-Expires': '3600',
    ...(token && { 'X-Amz-Security-Token': token.text }),
    'X-Amz-Signature': query,
  })
  return [`${line}${line.includes('?') ? '&' : '?'}${parameters} HTTP/1.1`, 'Host:example.amazonaws.com', ...headers]
}

describe("AWS's signature test suite", () => {
  for (const each of CASES) {
    test(`${each.name} is accepted, in headers and as a presigned URL`, async (t) => {
      const { port } = await started(t, async (request) => reply(await callerOf(request)))
      for (const lines of [signedInHeaders(each), presigned(each)]) {
        assert.match(
          await ask(port, ...lines, 'Connection: close', '', ''),
          /^HTTP\/1.1 200 [\s\S]*AKIDEXAMPLE$/,
          lines[0],
        )
      }
    })
  }

  // A header over several lines is not valid HTTP (RFC 9112 5.2); a proxy may have joined them.
  test('get-header-value-multiline is accepted when its lines are joined', async () => {
    const signature = 'cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd'
    const headers = {
      host: 'example.amazonaws.com',
      'my-header1': 'value1\r\n  value2\r\n     value3',
      'x-amz-date': '20150830T123600Z',
      authorization: `AWS4-HMAC-SHA256 Credential=${CREDENTIAL}, SignedHeaders=host;my-header1;x-amz-date, Signature=${signature}`,
    }
    assert.equal(await callerOf({ method: 'GET', target: '/', headers, body: bodyOf() }), 'AKIDEXAMPLE')
  })

  test('a repeated header in another order is refused, and so is one header with commas in place of a repeated one', async (t) => {
    const { port } = await started(t, async (request) =>
      callerOf(request).then(
        (caller) => reply(caller),
        ({ status }) => reply('', status),
      ),
    )
    const [duplicate] = CASES
    for (const headers of [
      ['My-Header1:value1', 'My-Header1:value2', 'My-Header1:value2'],
      ['My-Header1:value2, value2, value1'],
    ]) {
      const lines = signedInHeaders({ ...duplicate!, headers })
      assert.match(await ask(port, ...lines, 'Connection: close', '', ''), /^HTTP\/1.1 403 /)
    }
  })
})
