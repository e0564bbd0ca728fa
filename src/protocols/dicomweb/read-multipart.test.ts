/** Multipart bodies, cut into chunks anywhere. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { BrokenMultipart, readMultipart } from './read-multipart.ts'

type Parts = readonly { readonly headers: object; readonly text: string }[]

async function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0
  for (let n = 0; at < bytes.length; n++) {
    const size = sizes[n % sizes.length]!
    yield bytes.subarray(at, at + size)
    at += size
  }
}

async function read(text: string, sizes: readonly number[] = [1_000], boundary = 'b'): Promise<Parts> {
  const parts: { headers: object; text: string }[] = []
  const options = { boundary, headerBytesMax: 100 }
  for await (const { headers, bytes } of readMultipart(chunksOf(Buffer.from(text, 'latin1'), sizes), options)) {
    const chunks: Uint8Array[] = []
    for await (const chunk of bytes) chunks.push(chunk)
    parts.push({ headers, text: Buffer.concat(chunks).toString('latin1') })
  }
  return parts
}

const TWO = [
  ...['the preamble', '--b', 'Content-Type: application/dicom', 'X-Long: one', '  two', '', 'first'],
  ...['--b \t', '', 'sec\r\n--bond\r\n-b', '--b--', 'the epilogue'],
].join('\r\n')
const PARTS = [
  { headers: { 'content-type': 'application/dicom', 'x-long': 'one two' }, text: 'first' },
  { headers: {}, text: 'sec\r\n--bond\r\n-b' },
]

describe('a multipart body', () => {
  test('is read part by part, in whatever chunks it arrives', async () => {
    for (let size = 1; size <= TWO.length; size++) assert.deepEqual(await read(TWO, [size]), PARTS)
  })

  test('may begin with its boundary, and have empty parts', async () => {
    const empty = [{ headers: {}, text: '' }]
    for (const text of ['--b\r\n\r\n\r\n--b--', '--b\r\n\r\n--b--', '--b\r\n\r\n--b--\r\n']) {
      assert.deepEqual(await read(text, [1]), empty)
    }
    assert.deepEqual(await read('--b\r\nA: 1\r\n\r\n--b--'), [{ headers: { a: '1' }, text: '' }])
    assert.deepEqual(await read('--b--'), [])
  })

  test('of which a part is not read to its end goes on with the next one', async () => {
    const seen: string[] = []
    const chunks = chunksOf(Buffer.from(TWO), [3])
    for await (const { bytes } of readMultipart(chunks, { boundary: 'b', headerBytesMax: 100 })) {
      for await (const chunk of bytes) {
        seen.push(Buffer.from(chunk).toString())
        break
      }
    }
    assert.equal(seen.length, 2)
    const untouched: object[] = []
    const again = chunksOf(Buffer.from(TWO), [3])
    for await (const { headers } of readMultipart(again, { boundary: 'b', headerBytesMax: 100 }))
      untouched.push(headers)
    assert.deepEqual(
      untouched,
      PARTS.map(({ headers }) => headers),
    )
  })

  test('that ends too early is broken, after the parts before', async () => {
    for (const [text, message] of [
      ['', /ends before the first boundary/],
      ['text', /ends before the first boundary/],
      ['--b', /ends before the first boundary/],
      ['--b\r\nA: 1', /ends inside the headers/],
      ['--b\r\n\r\nwhole\r\n--b\r\n\r\nhalf', /ends inside a part/],
      [`--b\r\nA: ${'x'.repeat(200)}\r\n\r\n`, /more than 100 bytes/],
    ] as const) {
      await assert.rejects(read(text, [2]), (error) => error instanceof BrokenMultipart && message.test(error.message))
    }
  })

  test('with any bytes gives the parts that were put together', async () => {
    const anyPart = fc.array(fc.constantFrom('\r\n--b', '-', '\r', '\n', 'b', '--', 'x', ' ', '\0'), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyPart, { minLength: 1, maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
        async (parts, sizes) => {
          const texts = parts.map((pieces) => pieces.join(''))
          const body = texts.map((text) => `--BOUNDARY\r\n\r\n${text}\r\n`).join('')
          const found = await read(`${body}--BOUNDARY--`, sizes, 'BOUNDARY')
          assert.deepEqual(
            found.map(({ text }) => text),
            texts,
          )
        },
      ),
      { numRuns: 500, seed: 1 },
    )
  })

  test('of random bytes is read or broken, and nothing else', async () => {
    const pieces = fc.constantFrom('--b', '\r\n', '\r\n--b', '--', 'A: 1', ':', ' ', 'x', '\r', '\n')
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 30 }), fc.integer({ min: 1, max: 20 }), async (some, size) => {
        const text = some.join('')
        try {
          const parts = await read(text, [size])
          assert.ok(parts.reduce((sum, part) => sum + part.text.length, 0) <= text.length)
        } catch (error) {
          assert.ok(error instanceof BrokenMultipart, String(error))
        }
      }),
      { numRuns: 2_000, seed: 1 },
    )
  })
})
