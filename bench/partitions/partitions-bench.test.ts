/** The benchmark of partitions as a process, on a small store. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { inTempFolder } from '../processes.ts'
import { dataSetOf } from '../search/data-set.ts'
import type { SearchesMeasured } from './measure-searches.ts'
import { partsOf } from './partitioned-data-set.ts'

const bench = join(import.meta.dirname, '..', 'bench.ts')
const run = (args: readonly string[], cacheFolder: string) =>
  promisify(execFile)(process.execPath, [bench, 'partitions', ...args], {
    env: { ...process.env, HILUM_BENCH_CACHE: cacheFolder },
  })

/**
 * Each search that both stores ran is compared. How many that are depends on the speed of the machine: at least one of each battery.
 * @param searches of two stores
 */
function assertCompared({ batteries, compared, different }: SearchesMeasured): void {
  let both = 0
  for (const [name, times] of Object.entries(batteries)) {
    assert.equal(times.length, 2, name)
    for (const { p50_ms, run } of times) assert.ok(p50_ms > 0 && run > 0, name)
    both += Math.min(...times.map(({ run }) => run))
  }
  assert.ok(both > 0)
  assert.deepEqual([compared, different], [both, 0])
}

test('each image set is in one partition, with the others of its study', () => {
  const dataSet = dataSetOf(1_000)
  const parts = partsOf(dataSet, 3)
  const partOf = new Map<string, number>()
  let seen = 0
  for (const { number, dataSet: part } of parts) {
    for (let at = 0; at < part.size; at++) {
      const { grouping, rowId, partition } = part.imageSet(at)
      assert.deepEqual([rowId, partition], [at + 1, number])
      assert.equal(partOf.get(grouping.StudyInstanceUID!) ?? number, number)
      partOf.set(grouping.StudyInstanceUID!, number)
      seen += 1
    }
  }
  assert.equal(seen, dataSet.size)
})

test('partitions --json prints one object, whose results are those of the first number of partitions', async () => {
  await inTempFolder(async (folder) => {
    const args = ['--rows', '1000', '--partitions', '1,3', '--seconds', '0.01', '--json']
    const { stdout } = await run(args, folder)
    const { searches, stores, ...result } = JSON.parse(stdout)
    assert.deepEqual([result.rows, result.engine, result.partitions], [1_000, 'sqlite', [1, 3]])
    assertCompared(searches)
    assert.equal(stores[1].smallest > 0 && stores[1].largest < 1_000, true)
  })
})

test('partitions refuses wrong options with its usage and exit code 2', async () => {
  const refused = [
    ['--partitions', '0,4'],
    ['--servers', '0'],
    ['--url', 'postgres://localhost/bench'],
  ]
  await Promise.all(refused.map((args) => assert.rejects(run(args, 'nowhere'), { code: 2, stdout: '' })))
})
