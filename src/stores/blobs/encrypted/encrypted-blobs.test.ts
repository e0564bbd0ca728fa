/** Encryption around each blob store passes the suite of blob stores, and every change of the stored bytes is an error. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type OpenS3, openS3 } from '../../../fixtures/shared-servers.ts'
import { bucketOf } from '../../locations/locations.ts'
import { describeBlobStore } from '../blob-store.conformance.ts'
import { type BlobStore, DamagedBlob, readAll } from '../blob-store.ts'
import { openDiskBlobs } from '../disk/disk-blobs.ts'
import { openMemoryBlobs } from '../memory/memory-blobs.ts'
import { S3_TEST_LIMITS, s3IsMissing } from '../s3/s3.fixture.ts'
import { openS3Blobs } from '../s3/s3-locations.ts'
import { CHUNK_BYTES, HEADER_BYTES, STORED_CHUNK_BYTES, storedSizeOf } from './blob-cipher.ts'
import { encryptedBlobs, encryptedBucket } from './encrypted-blobs.ts'

const dataKey = randomBytes(32)

const encrypted = (blobs: BlobStore, options: { key?: Uint8Array; headersMax?: number } = {}): BlobStore =>
  encryptedBlobs(blobs, {
    keys: { isEncrypted: async () => true, dataKeyOf: async () => options.key ?? dataKey, onExpiry: () => {} },
    datastoreOf: (key) => key.split('/')[0]!,
    headersMax: options.headersMax ?? 2,
  })

describeBlobStore('encrypted blobs in memory', async () => ({
  blobs: encrypted(openMemoryBlobs()),
  close: async () => {},
}))

describeBlobStore(
  'encrypted blobs on disk',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hilum-encrypted-'))
    return {
      blobs: encrypted(await openDiskBlobs(folder)),
      close: () => rm(folder, { recursive: true }),
    }
  },
  { keyBytesMax: 1_024 },
)

describeBlobStore(
  'encrypted blobs on S3',
  async () => {
    const s3: OpenS3 = await openS3()
    const opened = await openS3Blobs(s3.place, S3_TEST_LIMITS, { bucket: await s3.newBucket(), prefix: 'p/' })
    assert.ok(!('closed' in opened))
    return { blobs: encrypted(opened), close: () => s3.stop() }
  },
  { overwriting: 'refuse', keyBytesMax: 1_022, ...(s3IsMissing === undefined ? {} : { skip: s3IsMissing }) },
)

const SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 5]

async function stored(raw: BlobStore, key: string): Promise<Buffer> {
  return Buffer.from(await readAll((await raw.open(key))!))
}

async function readWhole(raw: BlobStore, key: string): Promise<Uint8Array> {
  const blob = await encrypted(raw).open(key)
  return readAll(blob!)
}

const isDamage = (error: unknown) => error instanceof DamagedBlob

describe('an encrypted blob', () => {
  test('has the documented size and no plaintext', async () => {
    for (const size of SIZES) {
      const raw = openMemoryBlobs()
      const bytes = Buffer.alloc(size, 'PATIENT^NAME')
      await encrypted(raw).put('store/blob', bytes)
      const kept = await stored(raw, 'store/blob')
      assert.equal(kept.length, storedSizeOf(size))
      assert.equal(kept.includes('PATIENT'), false)
      assert.ok(bytes.equals(await readWhole(raw, 'store/blob')))
    }
  })

  test('differs each time the same bytes are put', async () => {
    const raw = openMemoryBlobs()
    const bytes = Buffer.alloc(CHUNK_BYTES * 2)
    const forms = new Set<string>()
    for (let time = 0; time < 20; time++) {
      await encrypted(raw).put('store/blob', bytes)
      const kept = await stored(raw, 'store/blob')
      for (let at = HEADER_BYTES; at < kept.length; at += STORED_CHUNK_BYTES) {
        forms.add(kept.subarray(at, at + STORED_CHUNK_BYTES).toString('base64'))
      }
    }
    assert.equal(forms.size, 60)
  })

  test('with any bit flipped cannot be read', async () => {
    const raw = openMemoryBlobs()
    await encrypted(raw).put('store/blob', randomBytes(400))
    const whole = await stored(raw, 'store/blob')
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const flipped = Buffer.from(whole)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      await raw.put('store/blob', flipped)
      await assert.rejects(readWhole(raw, 'store/blob'), isDamage, `bit ${bit}`)
    }
  })

  test('of several chunks with a random bit flipped cannot be read', async () => {
    const raw = openMemoryBlobs()
    await encrypted(raw).put('store/blob', randomBytes(2 * CHUNK_BYTES + 100))
    const whole = await stored(raw, 'store/blob')
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length * 8 - 1), async (bit) => {
        const flipped = Buffer.from(whole)
        flipped[bit >> 3]! ^= 1 << (bit & 7)
        await raw.put('store/blob', flipped)
        await assert.rejects(readWhole(raw, 'store/blob'), isDamage)
      }),
      { seed: 20261126, numRuns: 200 },
    )
  })

  test('cut or extended anywhere cannot be read, also by a range that reaches past its end', async () => {
    const raw = openMemoryBlobs()
    for (const size of SIZES) {
      await encrypted(raw).put('store/blob', randomBytes(size))
      const whole = await stored(raw, 'store/blob')
      const cuts = [0, 1, HEADER_BYTES, HEADER_BYTES + 16, HEADER_BYTES + STORED_CHUNK_BYTES, whole.length - 16]
      for (const length of [...cuts, whole.length - 1, whole.length - STORED_CHUNK_BYTES]) {
        if (length < 0 || length >= whole.length) continue
        await raw.put('store/blob', whole.subarray(0, length))
        await assert.rejects(readWhole(raw, 'store/blob'), isDamage, `${size} cut to ${length}`)
        const beyond = async () => readAll((await encrypted(raw).open('store/blob', { start: size, length: 9 }))!)
        await assert.rejects(beyond(), isDamage, `range past the end of ${size} cut to ${length}`)
      }
      for (const more of [1, 16, STORED_CHUNK_BYTES]) {
        await raw.put('store/blob', Buffer.concat([whole, randomBytes(more)]))
        await assert.rejects(readWhole(raw, 'store/blob'), isDamage, `${size} extended by ${more}`)
      }
    }
  })

  test('cannot take the place of another blob, or that of another data store', async () => {
    const raw = openMemoryBlobs()
    const blobs = encrypted(raw)
    await blobs.put('store/one', randomBytes(100))
    for (const key of ['store/two', 'other/one', 'store/one/', 'store/on']) {
      await raw.put(key, await stored(raw, 'store/one'))
      await assert.rejects(readWhole(raw, key), isDamage, key)
    }
  })

  test('with chunks swapped, repeated, left out or taken from another blob cannot be read', async () => {
    const raw = openMemoryBlobs()
    const blobs = encrypted(raw)
    const sizeBytes = 3 * CHUNK_BYTES + 9
    await blobs.put('store/other', randomBytes(sizeBytes))
    const other = chunksOf(await stored(raw, 'store/other'))
    await blobs.put('store/blob', randomBytes(sizeBytes))
    const [header, ...chunks] = chunksOf(await stored(raw, 'store/blob'))
    const [a, b, c, last] = chunks as [Buffer, Buffer, Buffer, Buffer]
    for (const mixed of [
      [b, a, c, last],
      [a, a, c, last],
      [a, c, last],
      [a, b, last],
      [last],
      [a, b, c, last, last],
      [a, other[2]!, c, last],
      [a, b, c, other[4]!],
    ]) {
      await raw.put('store/blob', Buffer.concat([header!, ...mixed]))
      await assert.rejects(readWhole(raw, 'store/blob'), isDamage)
    }
    await raw.put('store/blob', Buffer.concat([other[0]!, a, b, c, last]))
    await assert.rejects(readWhole(raw, 'store/blob'), isDamage, 'header of another blob')
  })

  test('cannot be read with another data key', async () => {
    const raw = openMemoryBlobs()
    await encrypted(raw).put('store/blob', randomBytes(10))
    const other = encrypted(raw, { key: randomBytes(32) })
    await assert.rejects(async () => readAll((await other.open('store/blob'))!), isDamage)
  })

  test('is read by any range, whole or streamed, into memory or not', async () => {
    const raw = openMemoryBlobs()
    const bytes = randomBytes(2_500_000)
    await encrypted(raw).put('store/blob', bytes)
    const blobs = encrypted(raw)
    const range = fc.record({
      start: fc.nat(bytes.length + 10),
      length: fc.oneof(fc.nat(3_000_000), fc.constantFrom(0, 1, CHUNK_BYTES, 2 * CHUNK_BYTES)),
      intoBytes: fc.constantFrom(0, 70_000, 3_000_000),
    })
    await fc.assert(
      fc.asyncProperty(range, async ({ start, length, intoBytes }) => {
        const into = new Uint8Array(intoBytes)
        const blob = await blobs.open('store/blob', { start, length, into })
        assert.equal(blob!.sizeBytes, bytes.length)
        assert.ok(bytes.subarray(start, start + length).equals(await readAll(blob!)))
      }),
      { seed: 20261127, numRuns: 100 },
    )
  })

  test('is read with one read of the store for each range after the first', async () => {
    const raw = openMemoryBlobs()
    await encrypted(raw).put('store/blob', randomBytes(1_000_000))
    const reads: { start: number; length?: number }[] = []
    const blobs = encrypted({
      ...raw,
      open: (key, range) => {
        reads.push(range!)
        return raw.open(key, range)
      },
    })
    await readAll((await blobs.open('store/blob', { start: 10, length: 10 }))!)
    reads.length = 0
    await readAll((await blobs.open('store/blob', { start: 3 * CHUNK_BYTES - 5, length: 10 }))!)
    const { start, length } = reads[0]!
    assert.deepEqual([reads.length, start, length], [1, HEADER_BYTES + 2 * STORED_CHUNK_BYTES, 2 * STORED_CHUNK_BYTES])
  })
})

describe('decrypted ranges in memory', () => {
  async function opened() {
    const raw = openMemoryBlobs()
    let expire: (datastoreId: string) => void = () => {}
    let isDenied = false
    let reads = 0
    const countedOpen: BlobStore['open'] = (key, range) => {
      reads += 1
      return raw.open(key, range)
    }
    const counted = { ...raw, open: countedOpen }
    const blobs = encryptedBlobs(counted, {
      keys: {
        isEncrypted: async () => true,
        dataKeyOf: async () => {
          if (isDenied) throw new Error('denied')
          return dataKey
        },
        onExpiry: (listener) => (expire = listener),
      },
      datastoreOf: (key) => key.split('/')[0]!,
      headersMax: 10,
      decryptedBytesMax: 1_000_000,
    })
    const bytes = randomBytes(400_000)
    await blobs.put('store/blob', bytes)
    const read = async (start = 1_000, length = 100_000) => {
      reads = 0
      const into = new Uint8Array(length)
      const found = Buffer.from(await readAll((await blobs.open('store/blob', { start, length, into }))!))
      assert.ok(bytes.subarray(start, start + length).equals(found))
      return reads
    }
    return { raw, blobs, read, expire: (id: string) => expire(id), deny: () => (isDenied = true) }
  }

  test('a range is kept when it is read a second time, and read again after its data key expired', async () => {
    const { read, expire } = await opened()
    await read()
    assert.equal(await read(), 1)
    assert.equal(await read(), 0)
    assert.equal(await read(1_001), 1)
    expire('other')
    assert.equal(await read(), 0)
    expire('store')
    assert.equal(await read(), 1)
  })

  test('a kept range is not returned while the key is denied, or after the blob was removed', async () => {
    const { read, blobs, deny } = await opened()
    for (const _ of [1, 2, 3]) await read()
    await blobs.put('store/blob', Buffer.alloc(400_000))
    await assert.rejects(read(), assert.AssertionError)
    await blobs.remove(['store/blob'])
    assert.equal(await blobs.open('store/blob', { start: 1_000, length: 9, into: new Uint8Array(9) }), undefined)
    deny()
    const other = await opened()
    for (const _ of [1, 2, 3]) await other.read()
    other.deny()
    await assert.rejects(other.read(), /denied/)
  })

  test('no more is kept than the limit, and a caller cannot change what is kept', async () => {
    const { read, blobs } = await opened()
    for (let start = 0; start < 12; start++) for (const _ of [1, 2]) await read(start)
    assert.equal(await read(0), 1)
    assert.equal(await read(11), 0)
    const into = new Uint8Array(100_000)
    await readAll((await blobs.open('store/blob', { start: 11, length: 100_000, into }))!)
    into.fill(0)
    await read(11)
  })
})

test('in a bucket, only the blobs of a data store are encrypted, and a scan reads both kinds', async () => {
  const raw = bucketOf(openMemoryBlobs())
  const bucket = encryptedBucket(raw, {
    keys: { isEncrypted: async () => true, dataKeyOf: async () => dataKey, onExpiry: () => {} },
    datastoreOf: (key) => (key.startsWith('uploads/') ? 'uploads' : undefined),
    headersMax: 0,
  })
  for (const key of ['plain/a', 'uploads/b']) await bucket.put(key, Buffer.from(key))
  assert.deepEqual((await stored(raw, 'plain/a')).toString(), 'plain/a')
  assert.equal((await stored(raw, 'uploads/b')).length, storedSizeOf(9))
  for await (const entry of bucket.scan('')) {
    assert.ok('sizeBytes' in entry)
    assert.equal(entry.sizeBytes, entry.key.length)
    assert.equal(Buffer.from(await readAll((await entry.open())!)).toString(), entry.key)
  }
})

/** The header, then each chunk. */
function chunksOf(whole: Buffer): Buffer[] {
  const parts = [whole.subarray(0, HEADER_BYTES)]
  for (let at = HEADER_BYTES; at < whole.length; at += STORED_CHUNK_BYTES) {
    parts.push(whole.subarray(at, at + STORED_CHUNK_BYTES))
  }
  return parts
}

test('where blobs may be plain, one that is not encrypted is returned as it is, and a changed one is still refused', async () => {
  const raw = openMemoryBlobs()
  const options = { datastoreOf: () => 'store', headersMax: 0, mayBePlain: true }
  const blobs = encryptedBlobs(raw, {
    keys: { isEncrypted: async () => true, dataKeyOf: async () => dataKey, onExpiry: () => {} },
    ...options,
  })
  const text = Buffer.from('written before encryption was on, and longer than a header')
  await raw.put('store/plain', text)
  assert.deepEqual(Buffer.from(await readAll((await blobs.open('store/plain'))!)), text)
  await blobs.put('store/encrypted', text)
  assert.deepEqual(Buffer.from(await readAll((await blobs.open('store/encrypted'))!)), text)
  const stored = Buffer.from(await readAll((await raw.open('store/encrypted'))!))
  assert.equal(stored.includes('written'), false)
  stored[50]! ^= 1
  await raw.remove(['store/encrypted'])
  await raw.put('store/encrypted', stored)
  await assert.rejects(async () => readAll((await blobs.open('store/encrypted'))!), DamagedBlob)
})
