/** The contract of a blob store, as tests. Each adapter runs the same suite. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { compareKeys, InvalidBlobKey } from './blob-key.ts'
import { type BlobStore, type ByteRange, readAll, readInto } from './blob-store.ts'

interface BlobStoreUnderTest {
  /** Empty. */
  readonly blobs: BlobStore
  close(): Promise<void>
}

export function describeBlobStore(
  name: string,
  open: () => Promise<BlobStoreUnderTest>,
  options: {
    readonly skip?: string
    /** What a put of an existing key with other bytes does. Default: replace, as in a bucket. */
    readonly overwriting?: 'replace' | 'refuse'
    readonly keyBytesMax?: number
  } = {},
): void {
  describe(name, { skip: options.skip ?? false }, () => {
    let under: BlobStoreUnderTest
    before(async () => {
      under = await open()
    })
    after(() => under?.close())

    describe('writing and reading', () => testBytes(() => under.blobs, options.overwriting ?? 'replace'))
    describe('keys', () => testKeys(() => under.blobs, options.keyBytesMax ?? 1_024))
    describe('listing', () => testListing(() => under.blobs))
    describe('removing', () => testRemoving(() => under.blobs))
  })
}

const text = (value: string) => Buffer.from(value)

async function read(blobs: BlobStore, key: string, range?: ByteRange): Promise<Buffer | undefined> {
  const blob = await blobs.open(key, range)
  return blob && Buffer.from(await readAll(blob))
}

async function keysOf(blobs: BlobStore, prefix: string, options?: { after: string }): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of blobs.list(prefix, options)) keys.push(key)
  return keys
}

/** The bytes differ by offset, so that bytes from a wrong offset are detected. */
function patterned(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes)
  for (let at = 0; at + 4 <= sizeBytes; at += 4) bytes.writeUInt32LE((at * 2654435761) % 2 ** 32, at)
  return bytes
}

async function* inChunks(bytes: Uint8Array, sizeBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += sizeBytes) yield bytes.subarray(at, at + sizeBytes)
}

function testBytes(store: () => BlobStore, overwriting: 'replace' | 'refuse'): void {
  test('the bytes that were put are read', async () => {
    await store().put('bytes/one', text('one'))
    assert.deepEqual(await read(store(), 'bytes/one'), text('one'))
  })

  test('a stream of many chunks becomes one blob', async () => {
    const bytes = patterned(300_001)
    await store().put('bytes/stream', inChunks(bytes, 1_000))
    assert.ok(bytes.equals((await read(store(), 'bytes/stream'))!))
  })

  test('a stream of more than one part becomes one blob', async () => {
    const bytes = patterned(80 * 1024 ** 2 + 3)
    await store().put('bytes/large', inChunks(bytes, 3 * 1024 ** 2))
    assert.ok(bytes.equals((await read(store(), 'bytes/large'))!))
    const range = await read(store(), 'bytes/large', { start: 7 * 1024 ** 2 + 1, length: 3 * 1024 ** 2 })
    assert.ok(bytes.subarray(7 * 1024 ** 2 + 1, 10 * 1024 ** 2 + 1).equals(range!))
  })

  test('bytes are put from a resizable buffer and read into one', async () => {
    const inResizable = (sizeBytes: number) => new Uint8Array(new ArrayBuffer(sizeBytes, { maxByteLength: sizeBytes }))
    const bytes = patterned(3_000_001)
    const given = inResizable(bytes.length)
    given.set(bytes)
    await store().put('bytes/resizable', inChunks(given, 700_000))
    await store().put('bytes/resizable-whole', given)
    for (const key of ['bytes/resizable', 'bytes/resizable-whole']) {
      const memory = inResizable(bytes.length + 1)
      const blob = await store().open(key, { start: 0, length: memory.length, into: memory })
      const filled = await readInto(blob!, memory)
      assert.equal(filled.buffer, memory.buffer)
      assert.ok(bytes.equals(filled))
    }
  })

  test('a put returns the size and the SHA-256 of the bytes', async () => {
    const bytes = patterned(60 * 1024 ** 2)
    const digest = { sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
    assert.deepEqual(await store().put('bytes/digest', inChunks(bytes, 1024 ** 2)), digest)
    assert.deepEqual(await store().put('bytes/digest', bytes), digest)
    const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    assert.deepEqual(await store().put('bytes/digest-small', text('abc')), { sizeBytes: 3, sha256 })
  })

  test('a put without a digest stores the same bytes, where the store has one', async () => {
    const bytes = patterned(300_001)
    const put = store().putWithoutDigest?.bind(store()) ?? store().put.bind(store())
    await put('bytes/streamed-without-digest', inChunks(bytes, 70_000))
    await put('bytes/without-digest', bytes)
    for (const key of ['bytes/streamed-without-digest', 'bytes/without-digest'])
      assert.ok(bytes.equals((await read(store(), key))!), key)
  })

  test('a stream without chunks becomes an empty blob', async () => {
    await store().put('bytes/empty', inChunks(text(''), 1))
    const blob = await store().open('bytes/empty')
    assert.equal(blob?.sizeBytes, 0)
    assert.equal((await readAll(blob!)).length, 0)
  })

  test('putting a key again with the same bytes is harmless', async () => {
    const bytes = patterned(60 * 1024 ** 2)
    for (const _ of ['once', 'again']) await store().put('bytes/twice', inChunks(bytes, 1024 ** 2))
    assert.ok(bytes.equals((await read(store(), 'bytes/twice'))!))
    for (const _ of ['once', 'again']) await store().put('bytes/twice-small', text('small'))
    assert.deepEqual(await read(store(), 'bytes/twice-small'), text('small'))
  })

  if (overwriting === 'replace')
    test('putting a key again replaces its bytes', async () => {
      await store().put('bytes/again', text('first, and longer'))
      await store().put('bytes/again', text('second'))
      assert.deepEqual(await read(store(), 'bytes/again'), text('second'))
    })
  else
    test('putting a key again with other bytes is refused, and the blob is unchanged', async () => {
      await store().put('bytes/again', text('first'))
      await assert.rejects(store().put('bytes/again', text('other')), /a blob is immutable/)
      await assert.rejects(store().put('bytes/again', text('and longer')), /a blob is immutable/)
      assert.deepEqual(await read(store(), 'bytes/again'), text('first'))
    })

  test('the buffer that was put can be reused', async () => {
    const bytes = text('before')
    await store().put('bytes/buffer', bytes)
    bytes.write('after!')
    assert.deepEqual(await read(store(), 'bytes/buffer'), text('before'))
  })

  test('a stream that fails leaves no blob, and its error is thrown unchanged', async () => {
    const failure = new Error('the source failed')
    const failing = async function* () {
      yield patterned(9 * 1024 ** 2)
      throw failure
    }
    await assert.rejects(store().put('bytes/failed', failing()), (error) => error === failure)
    assert.equal(await store().open('bytes/failed'), undefined)
    assert.deepEqual(await keysOf(store(), 'bytes/failed'), [])
  })

  test('a stream that fails does not change the existing blob of the key', async () => {
    await store().put('bytes/kept', text('kept'))
    const failing = async function* () {
      yield text('lost')
      throw new Error('the source failed')
    }
    await assert.rejects(store().put('bytes/kept', failing()))
    assert.deepEqual(await read(store(), 'bytes/kept'), text('kept'))
  })

  test('a range yields exactly its bytes, and is truncated at the end of the blob', async () => {
    const bytes = patterned(1_000)
    await store().put('bytes/ranges', bytes)
    const range = fc.record({ start: fc.nat(1_100), length: fc.option(fc.nat(1_100), { nil: undefined }) })
    await fc.assert(
      fc.asyncProperty(range, async ({ start, length }) => {
        const blob = await store().open('bytes/ranges', length === undefined ? { start } : { start, length })
        assert.equal(blob?.sizeBytes, 1_000)
        const expected = bytes.subarray(start, length === undefined ? undefined : start + length)
        assert.ok(expected.equals(await readAll(blob!)))
      }),
      { seed: 20260401, numRuns: 50 },
    )
  })

  test('a range of an empty blob has no bytes', async () => {
    await store().put('bytes/no-bytes', text(''))
    assert.deepEqual(await read(store(), 'bytes/no-bytes', { start: 0, length: 10 }), text(''))
  })

  test('a reader can stop early', async () => {
    await store().put('bytes/stopped', patterned(5 * 1024 ** 2))
    const blob = await store().open('bytes/stopped')
    for await (const chunk of blob!.bytes) {
      assert.ok(chunk.byteLength > 0)
      break
    }
    assert.equal((await read(store(), 'bytes/stopped'))?.length, 5 * 1024 ** 2)
  })

  test('a missing blob is undefined', async () => {
    assert.equal(await store().open('bytes/absent'), undefined)
    assert.equal(await store().open('bytes/absent', { start: 0, length: 0 }), undefined)
    assert.equal(await store().open('bytes'), undefined)
    assert.equal(await store().open('bytes/one/below'), undefined)
  })

  test('concurrent writers and readers do not disturb each other', async () => {
    const keys = Array.from({ length: 40 }, (_, index) => `bytes/concurrent/${index % 5}/${index}`)
    await Promise.all(keys.map((key) => store().put(key, text(key))))
    for (const key of keys) assert.deepEqual(await read(store(), key), text(key))
  })
}

function testKeys(store: () => BlobStore, keyBytesMax: number): void {
  for (const key of [
    '',
    '..',
    '../up',
    'a/../../up',
    'a/..',
    './a',
    'a/./b',
    'nul\0byte',
    'x'.repeat(keyBytesMax + 1),
    '\ud800',
  ]) {
    test(`${JSON.stringify(key.slice(0, 20))} is not a valid key`, async () => {
      await assert.rejects(store().put(key, text('x')), InvalidBlobKey)
      assert.equal(await store().open(key), undefined)
      await store().remove([key])
    })
  }

  test('the error for an invalid key does not contain the key', async () => {
    await assert.rejects(store().put('DOE^JANE/../x', text('x')), (error: Error) => !error.message.includes('DOE'))
  })

  test('keys can have spaces, percent signs, plus signs, dots and any letter', async () => {
    for (const key of [
      'key/a b',
      'key/100%25+1',
      'key/...',
      'key/.hidden',
      'key/日本 ünï😀',
      'key/back\\slash',
      'key/"quoted"&<x>',
    ]) {
      await store().put(key, text(key))
      assert.deepEqual(await read(store(), key), text(key))
      assert.ok((await keysOf(store(), 'key/')).includes(key), key)
    }
  })

  test(`a key of ${keyBytesMax} bytes is valid`, async () => {
    const key = 'long/'
      .repeat(205)
      .slice(0, keyBytesMax - 1)
      .padEnd(keyBytesMax, 'x')
    await store().put(key, text('long'))
    assert.deepEqual(await read(store(), key), text('long'))
  })
}

function testListing(store: () => BlobStore): void {
  const KEYS = [
    'l/a',
    'l/a!b',
    'l/a-b',
    'l/a.b/c',
    'l/b/1',
    'l/b/10',
    'l/b/2',
    'l/b0',
    'l/ä',
    'l/\uff61',
    'l/\u{1f600}',
    'lz',
  ]

  before(async () => {
    for (const key of KEYS) await store().put(key, text(key))
  })

  test('keys are listed in byte order, across folders', async () => {
    const sorted = [...KEYS].sort((a, b) => Buffer.compare(text(a), text(b)))
    assert.deepEqual(await keysOf(store(), 'l'), [...(await keysOf(store(), 'long/')), ...sorted].sort(compareKeys))
    assert.deepEqual(await keysOf(store(), 'l/'), sorted.slice(0, -1))
  })

  test('an entry has the size and the time of the put', async () => {
    for await (const { key, sizeBytes, putAt } of store().list('l/')) {
      assert.equal(sizeBytes, text(key).length)
      assert.ok(Math.abs(Date.now() - putAt) < 60_000, 'a minute ago at most')
    }
  })

  test('a prefix can end within a name', async () => {
    assert.deepEqual(await keysOf(store(), 'l/b/1'), ['l/b/1', 'l/b/10'])
    assert.deepEqual(await keysOf(store(), 'l/b'), ['l/b/1', 'l/b/10', 'l/b/2', 'l/b0'])
  })

  test('a prefix without keys lists nothing', async () => {
    for (const prefix of ['nothing', 'l/b/1/', 'l/c/', '../', '/', 'l/../l/']) {
      assert.deepEqual(await keysOf(store(), prefix), [], prefix)
    }
  })

  test('a listing after a key has the rest, for every key and for values between keys', async () => {
    const all = await keysOf(store(), 'l/')
    for (const after of [...all, 'l/b', 'l/b/', 'l/b/11', 'l/a.b', 'l/a.b/', 'a', 'm']) {
      const rest = all.filter((key) => compareKeys(key, after) > 0)
      assert.deepEqual(await keysOf(store(), 'l/', { after }), rest, after)
    }
  })

  test('more keys than one response of S3 contains are all listed', async () => {
    const many = Array.from({ length: 1_050 }, (_, index) => `many/${String(index).padStart(5, '0')}`)
    for (let start = 0; start < many.length; start += 50) {
      await Promise.all(many.slice(start, start + 50).map((key) => store().put(key, text('x'))))
    }
    assert.deepEqual(await keysOf(store(), 'many/'), many)
    await store().remove(many)
    assert.deepEqual(await keysOf(store(), 'many/'), [])
  })

  test('a listing can be stopped early', async () => {
    for await (const { key } of store().list('l/')) {
      assert.equal(key, 'l/a')
      break
    }
  })
}

function testRemoving(store: () => BlobStore): void {
  test('removed blobs are undefined, and the others remain', async () => {
    await store().put('gone/1', text('1'))
    await store().put('gone/2', text('2'))
    await store().put('gone/3', text('3'))
    await store().remove(['gone/1', 'gone/3'])
    assert.deepEqual(await keysOf(store(), 'gone/'), ['gone/2'])
    assert.equal(await store().open('gone/1'), undefined)
  })

  test('removing missing keys, or none, is not an error', async () => {
    await store().remove(['gone/never', 'gone/never/at/all', 'gone'])
    await store().remove([])
    assert.deepEqual(await read(store(), 'gone/2'), text('2'))
  })

  test('removeUnfinished keeps complete blobs and those that are being put', async () => {
    await store().put('gone/whole', text('whole'))
    const slowly = async function* () {
      yield text('slow')
      await store().removeUnfinished(Date.now() - 3_600_000)
      yield text('ly')
    }
    await store().put('gone/slowly', slowly())
    await store().removeUnfinished(Date.now())
    assert.deepEqual(await read(store(), 'gone/slowly'), text('slowly'))
    assert.deepEqual(await read(store(), 'gone/whole'), text('whole'))
  })

  test('a removed key can be put again', async () => {
    await store().put('gone/again', text('1'))
    await store().remove(['gone/again'])
    await store().put('gone/again', text('2'))
    assert.deepEqual(await read(store(), 'gone/again'), text('2'))
  })
}
