/** With the default limits for little memory, an import stays within that memory. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_LIMITS, type Limits } from '../limits.ts'
import { limitsFor } from './limits-for.ts'

const MIB = 1024 ** 2

/** Of jobs that run beside each other, the second has half as much as the first, and so on. */
const shares = ({ importJobsPerWorker }: Limits): number =>
  Array.from({ length: importJobsPerWorker }, (_, index) => 1 / (index + 1)).reduce((sum, share) => sum + share)

/** The most that imports hold: files read ahead, blobs being filled, blobs being written, and the largest frame alone. */
const importBytes = (limits: Limits): number =>
  shares(limits) * (limits.importReadAheadBytes + 2 * limits.importBlobBytes) +
  2 * limits.importWholeFileBytes +
  Math.max(limits.frameThreadBytes, limits.frameMemoryBytes, 2 * limits.inflatedBytes)

test('a machine with much memory has the full defaults', () => {
  assert.deepEqual(limitsFor(16 * 1024 * MIB), DEFAULT_LIMITS)
})

test('with little memory an import stays within the memory that the server does not need', () => {
  for (const memory of [384, 512, 768, 1024, 2048, 4096]) {
    const limits = limitsFor(memory * MIB)
    assert.ok(
      importBytes(limits) <= (memory - 224) * MIB,
      `${importBytes(limits) / MIB} MiB with ${memory} MiB of memory`,
    )
    assert.ok(limits.frameThreadBytes >= limits.frameMemoryBytes)
    assert.ok(limits.frameMemoryBytes >= 16 * MIB)
  }
})

test('a large machine has an import thread for each four cores and each 8 GiB of memory, at most four', () => {
  const workers = (gibibytes: number, cores: number) => limitsFor(gibibytes * 1024 * MIB, cores).importWorkers
  assert.deepEqual([workers(64, 1), workers(64, 7), workers(64, 8), workers(64, 32)], [1, 1, 2, 4])
  assert.deepEqual([workers(0.5, 32), workers(15, 32), workers(16, 32)], [1, 1, 2])
})
