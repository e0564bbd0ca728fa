/** The defaults of a server with little memory: what can stand in memory at once fits into it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_LIMITS, type Limits, limitsFor } from './limits.ts'

const MIB = 1024 ** 2

/** At its greatest: files ahead, one batch that is gathered and one that is written, and the greatest frame alone. */
const heldBytes = (limits: Limits): number =>
  limits.importReadAheadBytes +
  2 * (limits.importBlobBytes + limits.importWholeFileBytes) +
  Math.max(limits.frameThreadBytes, limits.frameMemoryBytes, 2 * limits.inflatedBytes)

test('a machine with memory has the defaults as they are', () => {
  assert.deepEqual(limitsFor(16 * 1024 * MIB), DEFAULT_LIMITS)
})

test('with little memory what an import holds at once fits into what there is beside the server', () => {
  for (const memory of [384, 512, 768, 1024, 2048, 4096]) {
    const limits = limitsFor(memory * MIB)
    assert.ok(heldBytes(limits) <= (memory - 224) * MIB, `${memory} MiB hold ${heldBytes(limits) / MIB} MiB`)
    assert.ok(limits.frameThreadBytes >= limits.frameMemoryBytes)
    assert.ok(limits.frameMemoryBytes >= 16 * MIB)
  }
})
