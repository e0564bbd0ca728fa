/** Signatures of streamed bodies: AWS's own example, and what a changed body does. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ContractError } from '../../contract/errors.ts'
import { DEFAULT_LIMITS } from '../../default-limits.ts'
import type { Caller } from '../../security/callers/caller.ts'
import { bodyOf } from '../http/request-body.fixture.ts'
import { decodeAwsChunked } from './aws-chunked.ts'
import { streamVerifierOver } from './signed-stream.ts'
import { createSignatureReader } from './sigv4.ts'

const NOW = Date.UTC(2013, 4, 24)
/** AWS "Signature calculations for the Authorization header: transferring payload in multiple chunks". */
const SEED = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9'
const CHUNKS = [
  [65_536, 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648'],
  [1_024, '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497'],
  [0, 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9'],
] as const
const EXAMPLE = CHUNKS.map(
  ([size, signature]) => `${size.toString(16)};chunk-signature=${signature}\r\n${'a'.repeat(size)}\r\n`,
).join('')

const caller = { id: 'mary' } as Caller
const failures = { waitSeconds: () => undefined, count: () => {}, refused: () => {} }
const verify = streamVerifierOver(
  createSignatureReader({
    credentials: { find: () => ({ secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', caller }) },
    ...{ limits: DEFAULT_LIMITS, service: 's3' },
  }),
  { limits: DEFAULT_LIMITS, failures: failures as never },
)

async function receive(body: string): Promise<string> {
  const names =
    'content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class'
  const credential = 'Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request'
  const { bytes, isHeld } = await verify(
    {
      method: 'PUT',
      target: '/examplebucket/chunkObject.txt',
      headers: {
        ...{ host: 's3.amazonaws.com', 'x-amz-date': '20130524T000000Z', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
        authorization: `AWS4-HMAC-SHA256 ${credential},SignedHeaders=${names},Signature=${SEED}`,
        'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
        ...{ 'content-encoding': 'aws-chunked', 'x-amz-decoded-content-length': '66560', 'content-length': '66824' },
      },
      body: bodyOf(body),
    },
    { now: NOW },
  )
  assert.equal(isHeld, false)
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const refusedAs = (name: string) => (error: unknown) => error instanceof ContractError && error.name === name

describe('a body in signed chunks', () => {
  test('that AWS documents is accepted', async () => {
    assert.equal(await receive(EXAMPLE), 'a'.repeat(66_560))
    // Some clients leave out the last empty line.
    assert.equal((await receive(EXAMPLE.slice(0, -2))).length, 66_560)
  })

  test('that was changed in any chunk is refused', async () => {
    const mismatch = refusedAs('InvalidSignatureException')
    await assert.rejects(receive(EXAMPLE.replace('aaa', 'aba')), mismatch)
    await assert.rejects(receive(EXAMPLE.replace(/a\r\n0;/, 'b\r\n0;')), mismatch)
    await assert.rejects(receive(EXAMPLE.replace('b6c6', 'b6c7')), mismatch)
    const [first, second, end] = CHUNKS.map(([size], n) => {
      const from = CHUNKS.slice(0, n).reduce((sum, [each]) => sum + each.toString(16).length + 83 + each + 2, 0)
      return EXAMPLE.slice(from, from + size.toString(16).length + 83 + size + 2)
    }) as [string, string, string]
    assert.equal(first + second + end, EXAMPLE)
    await assert.rejects(receive(second + first + end), mismatch)
    // The length was signed, and a body without its last chunk is no whole body.
    await assert.rejects(receive(first + end), mismatch)
    await assert.rejects(receive(first + second), refusedAs('ValidationException'))
  })
})

test('a body in aws-chunked is decoded or refused, in whatever chunks it arrives', async () => {
  const piece = fc.constantFrom(
    '0',
    '5',
    'a',
    ';',
    '\r\n',
    '\n',
    'x-amz-checksum-crc32:',
    'AAAA',
    '12345',
    'chunk-signature=',
    '0\r\n\r\n',
  )
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 20 }), fc.integer({ min: 1, max: 9 }), async (pieces, size) => {
      const bytes = Buffer.from(pieces.join(''))
      async function* chunks() {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
      }
      const body = { chunkBytesMax: 100, decodedBytes: undefined, signatures: undefined, hasTrailer: true }
      try {
        let length = 0
        for await (const chunk of decodeAwsChunked(chunks(), body)) length += chunk.length
        assert.ok(length <= bytes.length)
      } catch (error) {
        assert.ok(refusedAs('ValidationException')(error), String(error))
      }
    }),
    { numRuns: 2_000, seed: 1 },
  )
})
