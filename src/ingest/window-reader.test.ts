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
    fc.asyncProperty(fc.array(range, { maxLength: 20 }), fc.constantFrom('small', 'large'), async (ranges, first) => {
      const reader = new WindowReader(blobs, first)
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

async function countedReads(first: 'small' | 'large', offsets: readonly number[]) {
  const blobs = openMemoryBlobs()
  await blobs.put('a', randomBytes(SIZE_BYTES))
  const lengths: (number | undefined)[] = []
  const counting: BlobStore = {
    ...blobs,
    open(key, range) {
      lengths.push(range?.length)
      return blobs.open(key, range)
    },
  }
  const reader = new WindowReader(counting, first)
  for (const offsetBytes of offsets) await reader.read({ blobKey: 'a', offsetBytes, lengthBytes: 1_000 })
  return lengths
}

const KIB = 1024
const NEIGHBOURS = Array.from({ length: 1_000 }, (_, number) => number * 1_000)

test('neighbouring ranges are read once', async () => {
  assert.deepEqual(await countedReads('large', NEIGHBOURS), [1024 * KIB])
})

test('a small window grows while ranges follow each other, and only then', async () => {
  assert.deepEqual(await countedReads('small', NEIGHBOURS), [32 * KIB, 128 * KIB, 512 * KIB, 1024 * KIB])
  const apart = [0, 500_000, 1_000_000, 200_000]
  assert.deepEqual(await countedReads('small', apart), [32 * KIB, 32 * KIB, 32 * KIB, 32 * KIB])
})
