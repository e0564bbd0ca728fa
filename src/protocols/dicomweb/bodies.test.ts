import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Segment } from '../../contract/dicomweb.ts'
import type { Bytes } from '../../contract/shapes.ts'
import { bytesOfSegments, started } from './bodies.ts'

/** Segments, and what happens to those that are opened. */
function segmentsOf(texts: readonly string[], { fails }: { readonly fails?: number } = {}) {
  const opened: string[] = []
  let held = 0
  const lent = (bytes: Uint8Array): Bytes => {
    held += 1
    const giveBack = () => {
      held -= 1
    }
    return { lent: bytes, giveBack }
  }
  const segments = texts.map((text, index): Segment => {
    const bytes = Buffer.from(text.replace(/^open /, ''))
    if (!text.startsWith('open ')) return bytes
    return {
      sizeBytes: bytes.length,
      async open(part) {
        opened.push(bytes.toString())
        if (index === fails) throw new Error('the store is away')
        return lent(part === undefined ? bytes : bytes.subarray(part.start, part.start + part.length))
      },
    }
  })
  return { segments, opened, held: () => held }
}

async function textOf(chunks: AsyncIterable<Uint8Array> | Uint8Array): Promise<string> {
  if (chunks instanceof Uint8Array) return Buffer.from(chunks).toString()
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all).toString()
}

const TEXTS = ['<', 'head>', 'open frame one', '-', 'open frame two', '-', 'open frame three', '</', 'end>']
const WHOLE = '<head>frame one-frame two-frame three</end>'

describe('the bytes of segments', () => {
  test('are in order, however many are opened ahead', async () => {
    for (const ahead of [0, 1, 2, 9]) {
      const { segments, held } = segmentsOf(TEXTS)
      assert.equal(await textOf(bytesOfSegments(segments, { ahead })), WHOLE)
      assert.equal(held(), 0)
    }
  })

  test('of every part are those of the whole, and only segments of the part are opened', async () => {
    for (let start = 0; start < WHOLE.length; start++) {
      for (let end = start + 1; end <= WHOLE.length; end++) {
        const { segments, opened, held } = segmentsOf(TEXTS)
        const part = { start, length: end - start }
        assert.equal(await textOf(bytesOfSegments(segments, { ahead: 1, part })), WHOLE.slice(start, end))
        const overlapping = ['frame one', 'frame two', 'frame three'].filter((frame) => {
          const at = WHOLE.indexOf(frame)
          return at < end && at + frame.length > start
        })
        assert.deepEqual([opened, held()], [overlapping, 0])
      }
    }
  })

  test('of unknown length are sent whole', async () => {
    const unknown: Segment = { sizeBytes: undefined, open: async () => Buffer.from('pixels') }
    assert.equal(await textOf(bytesOfSegments([Buffer.from('a'), unknown, Buffer.from('b')], { ahead: 0 })), 'apixelsb')
  })
})

describe('a stream that has started', () => {
  test('fails before the reply where the first segment cannot be opened, and gives the others back', async () => {
    const { segments, held } = segmentsOf(TEXTS, { fails: 2 })
    await assert.rejects(started(bytesOfSegments(segments, { ahead: 2 })), /the store is away/)
    assert.equal(held(), 0)
  })

  test('fails in the middle where a later one cannot, and gives the others back', async () => {
    const { segments, held } = segmentsOf(TEXTS, { fails: 4 })
    await assert.rejects(
      async () => textOf(await started(bytesOfSegments(segments, { ahead: 2 }))),
      /the store is away/,
    )
    assert.equal(held(), 0)
  })

  test('that is abandoned, before its first chunk or after any, holds nothing', async () => {
    for (const taken of [0, 1, 2, 3, 4]) {
      const { segments, held } = segmentsOf(TEXTS)
      const stream = await started(bytesOfSegments(segments, { ahead: 2 }))
      assert.ok(!(stream instanceof Uint8Array))
      const iterator = stream[Symbol.asyncIterator]()
      for (let count = 0; count < taken; count++) await iterator.next()
      await iterator.return?.()
      assert.equal(held(), 0, `after ${taken} chunks`)
    }
  })
})
