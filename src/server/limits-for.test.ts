/** With the default limits for little memory, an import stays within that memory. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_LIMITS } from '../default-limits.ts'
import type { Limits } from '../limits.ts'
import { dividedLimits } from '../processes/divided-limits.ts'
import { defaultProcesses, limitsFor } from './limits-for.ts'

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

test('the processes that serve requests have together what one has, and each has something', () => {
  for (const processes of [2, 3, 8, 64]) {
    const part = dividedLimits(DEFAULT_LIMITS, processes)
    assert.ok(part.connections * processes <= DEFAULT_LIMITS.connections)
    const bodies = Math.max(2 * part.requestBodyBytes, Math.floor(DEFAULT_LIMITS.requestBodiesBytes / processes))
    assert.equal(part.requestBodiesBytes, bodies)
    assert.ok(part.s3Connections * processes <= DEFAULT_LIMITS.s3Connections)
    assert.equal(part.catalogReadConnections, Math.max(1, Math.floor(8 / processes)))
    assert.equal(part.requestBodyBytes, DEFAULT_LIMITS.requestBodyBytes, 'of one request')
    for (const [name, value] of Object.entries(part)) assert.ok(value >= 1, name)
  }
})

test('a core has a process, up to eight, and fewer with little memory', () => {
  const processes = (cores: number, mib: number) => defaultProcesses({ cores, memoryBytes: mib * MIB })
  assert.deepEqual(
    [processes(1, 16_384), processes(2, 16_384), processes(8, 16_384), processes(32, 65_536)],
    [1, 2, 8, 8],
  )
  assert.deepEqual([processes(8, 384), processes(8, 512), processes(8, 1024), processes(8, 2048)], [1, 1, 3, 7])
})
