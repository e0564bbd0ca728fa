/** Ranges read through a window: any ranges in any order return the right bytes. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { BlobStore } from '../stores/blobs/blob-store.ts'
import { openMemoryBlobs } from '../stores/blobs/memory/memory-blobs.ts'
import { WindowReader } from './window-reader.ts'

const SIZE_BYTES = 3 * 1024 * 1024

test('every range of every blob has the bytes that were put', async () => {
  const blobs = openMemoryBlobs()
  const contents = new Map(['a', 'b'].map((key) => [key, randomBytes(SIZE_BYTES)]))
  for (const [key, bytes] of contents) await blobs.put(key, bytes)
  const range = fc.record({
    blobKey: fc.constantFrom('a', 'b'),
    offsetBytes: fc.nat(SIZE_BYTES),
    lengthBytes: fc.oneof(fc.nat(100), fc.nat(2 * 1024 * 1024)),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(range, { maxLength: 20 }), async (ranges) => {
      const reader = new WindowReader(blobs)
      for (const { blobKey, offsetBytes, lengthBytes: wanted } of ranges) {
        const lengthBytes = Math.min(wanted, SIZE_BYTES - offsetBytes)
        const bytes = await reader.read({ blobKey, offsetBytes, lengthBytes })
        const expected = contents.get(blobKey)!.subarray(offsetBytes, offsetBytes + lengthBytes)
        assert.equal(Buffer.compare(bytes, expected), 0)
      }
    }),
    { seed: 20260101, numRuns: 60 },
  )
})

test('neighbouring ranges are read once', async () => {
  const blobs = openMemoryBlobs()
  await blobs.put('a', randomBytes(100_000))
  let opened = 0
  const counting: BlobStore = {
    ...blobs,
    open(key, range) {
      opened += 1
      return blobs.open(key, range)
    },
  }
  const reader = new WindowReader(counting)
  for (let at = 0; at < 100_000; at += 1_000) await reader.read({ blobKey: 'a', offsetBytes: at, lengthBytes: 1_000 })
  assert.equal(opened, 1)
})

test('a missing blob, or one that is too short, is an error, not fewer bytes', async () => {
  const blobs = openMemoryBlobs()
  await blobs.put('a', randomBytes(10))
  const reader = new WindowReader(blobs)
  await assert.rejects(reader.read({ blobKey: 'a', offsetBytes: 5, lengthBytes: 6 }), /too short/)
  await assert.rejects(reader.read({ blobKey: 'b', offsetBytes: 0, lengthBytes: 1 }), /missing/)
})
