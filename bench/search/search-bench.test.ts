/** The search benchmarks as processes, on small stores. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { isThorough, sample } from '../../src/fixtures/soak.ts'
import { postgresIsMissing } from '../../src/stores/sql/engine/postgres/postgres.fixture.ts'
import { isOrthancInstalled } from '../orthanc-server.ts'
import { inTempFolder } from '../processes.ts'
import { BATTERIES } from './batteries.ts'
import { ENGINES } from './build-store.ts'
import type { BesideFts5 } from './measure-words.ts'
import { WORD_BATTERY_NAMES } from './word-batteries.ts'

const bench = join(import.meta.dirname, '..', 'bench.ts')
const run = (args: readonly string[], cacheFolder: string) =>
  promisify(execFile)(process.execPath, [bench, ...args], { env: { ...process.env, HILUM_BENCH_CACHE: cacheFolder } })
const search = (args: readonly string[], cacheFolder: string) => run(['search', ...args], cacheFolder)

for (const engine of sample(ENGINES, ENGINES.length)) {
  const skip = engine === 'postgres' && (postgresIsMissing ?? false)
  test(`search --json on ${engine} prints one object, whose results equal the planner's`, {
    skip,
  }, async () => {
    const assertWords = (name: string, { hilum, fts5, found }: BesideFts5) => {
      assert(hilum.run > 0 && hilum.p50_ms > 0, `${name} was searched`)
      assert.equal(fts5 !== undefined, engine === 'sqlite', 'FTS5 is of SQLite')
      if (fts5 === undefined) return
      assert(fts5.run > 0 && fts5.p50_ms > 0, `${name} was searched with FTS5`)
      // Their words are folded in different ways.
      assert(found!.hilum > 0 === found!.fts5 > 0, `${name}: ${JSON.stringify(found)}`)
    }
    await inTempFolder(async (folder) => {
      if (process.getuid?.() === 0) await chmod(folder, 0o755)
      const args = ['--rows', '1000', '--engine', engine, '--seconds', '0.1', '--json']
      const { stdout, stderr } = await search(args, folder)
      const result = JSON.parse(stdout)
      assert.equal(result.rows, 1_000)
      assert.equal(result.engine, engine)
      for (const side of ['batteries', 'planner']) {
        assert.deepEqual(Object.keys(result[side]), [...BATTERIES])
        for (const name of BATTERIES) {
          const { p50_ms, p99_ms, max_ms, run } = result[side][name]
          assert(p50_ms > 0 && p50_ms <= p99_ms && p99_ms <= max_ms, `the times of ${name} are in order`)
          assert(run > 0)
        }
      }
      for (const name of WORD_BATTERY_NAMES) {
        assertWords(name, result.words[name])
        assert(result.words[name].totals.p50_ms > 0, `the total of ${name} was counted`)
      }
      assertWords('exact totals in ranges', result.word_totals_in_ranges)
      // Each battery runs at least one search, however short its time limit.
      assert(result.compared >= BATTERIES.length)
      assert.equal(result.different, 0)
      assert(result.count.compared > 0)
      assert.equal(result.count.different, 0)
      const positive = [
        'load_rows_per_s',
        'insert_image_sets_per_s',
        'update_p99_ms',
        'rename_p99_ms',
        'bytes_per_image_set',
        ...(engine === 'sqlite' ? ['fts5_bytes_per_image_set'] : []),
        'row_leaves_bytes',
        'row_leaves_build_ms',
        'ready_ms',
      ]
      for (const name of [...positive, 'leaves']) assert(result[name] > 0, name)
      assert.match(stderr, /loading the catalog/)

      const again = await search(args, folder)
      assert.doesNotMatch(again.stderr, /loading/, 'the store is built once')
      assert.equal(JSON.parse(again.stdout).load_rows_per_s, result.load_rows_per_s)
    })
  })
}

test('search refuses wrong options with its usage and exit code 2', async () => {
  for (const args of [
    ['--rows', '12'],
    ['--rows', 'many'],
    ['--engine', 'oracle'],
    ['--url', 'postgres://localhost/bench'],
    ['--engine', 'postgres', '--url', 'http://localhost/bench'],
    ['--seconds', '0'],
  ]) {
    const refused = search(args, 'nowhere')
    await assert.rejects(refused, ({ code, stdout, stderr }) => {
      assert.equal(code, 2)
      assert.equal(stdout, '')
      assert.match(stderr, /--rows N/)
      return true
    })
  }
})

const skip = isOrthancInstalled() ? false : 'Orthanc is not installed'

// Not in the sample of `npm test`: Orthanc takes half a minute to import the series.
if (isThorough) {
  test('orthanc --json measures the same three searches on Hilum and Orthanc', { skip }, async () => {
    await inTempFolder(async (folder) => {
      const { stdout } = await run(['orthanc', '--rows', '1000', '--seconds', '0.2', '--json'], folder)
      const result = JSON.parse(stdout)
      for (const side of ['hilum', 'orthanc']) {
        assert.deepEqual(Object.keys(result[side]), ['newest 50', 'one patient', 'deep page'])
        for (const { p50_ms, p99_ms, per_s } of Object.values<Record<string, number>>(result[side]))
          assert(p50_ms! > 0 && p50_ms! <= p99_ms! && per_s! > 0)
      }
    })
  })
}
