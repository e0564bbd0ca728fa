/** Hundreds of clients with a mixed load, and encryption: they get only modelled errors, and the server's memory stays the same. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { startHilumProcess } from '../fixtures/hilum-process.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { isSoak, isThorough } from '../fixtures/soak.ts'
import { folderInput } from './load-input.fixture.ts'
import { LOAD_KEYS, MixedLoad, MOSTLY_READING } from './mixed-load.fixture.ts'

const ANSWERS = isThorough ? 8_000 : 4_000
const SOAK_MS = 5 * 60_000
const SAMPLE_MS = 1_000
const GROWTH_MAX = 1.1
/** Caches of this size are full after a minute. Those of the default size would grow for hours, up to their limits. */
const LIMITS = { catalogCacheBytes: 4 * 1024 ** 2, decryptedCacheBytes: 8 * 1024 ** 2 }

for (const clients of isSoak ? [300, 500] : [300]) {
  test(`${clients} clients get only modelled errors`, async (context) => {
    const cwd = mkdtempSync(join(tmpdir(), 'hilum-many-clients-'))
    removeAtExit(cwd)
    mkdirSync(join(cwd, 'data'))
    writeFileSync(join(cwd, 'data/hilum.json'), JSON.stringify({ limits: LIMITS }))
    const env = { HILUM_ACCESS_KEY_ID: LOAD_KEYS.accessKeyId, HILUM_SECRET_ACCESS_KEY: LOAD_KEYS.secretAccessKey }
    const words = ['serve', '--data', 'data', '--port', '0', '--host', '127.0.0.1']
    const server = startHilumProcess(context, words, { cwd, env, isBuilt: true })
    const [, endpoint] = await server.printed(/Hilum answers at (http:\S+:\d+)/)
    const load = new MixedLoad({ input: folderInput(join(cwd, 'data')), mix: MOSTLY_READING })
    context.after(() => load.close())
    load.connect(endpoint!, clients)
    await load.prepare()
    let isOver = false
    const running = load.run({ clients, isOver: () => isOver })
    const memory =
      isSoak && existsSync('/proc/self/status') ? await memoryDuring(server.child.pid!, running) : undefined
    while (load.answers.count < ANSWERS) await Promise.race([setTimeout(10), running])
    isOver = true
    await running
    await load.checkAll()
    const { deletions, ...others } = load.acknowledged
    // On a slow machine no copy may be complete before the end of a short run.
    for (const [what, count] of Object.entries({ ...others, ...(isSoak && { deletions }) }))
      assert.ok(count > 0, `no ${what}`)
    const { count, refused } = load.answers
    context.diagnostic(JSON.stringify({ clients, answers: count, ...load.acknowledged, ...memory }))
    context.diagnostic(JSON.stringify(Object.fromEntries(refused)))
    if (memory !== undefined) {
      const { secondMinuteMb, lastMinuteMb } = memory
      assert.ok(lastMinuteMb < GROWTH_MAX * secondMinuteMb, `${secondMinuteMb} MB, and later ${lastMinuteMb} MB`)
    }
  })
}

/** Medians of the resident memory in the second minute and in the last: single peaks are replies on their way. */
async function memoryDuring(
  pid: number,
  running: Promise<void>,
): Promise<{ secondMinuteMb: number; lastMinuteMb: number }> {
  const samples: number[] = []
  for (const until = performance.now() + SOAK_MS; performance.now() < until; ) {
    await Promise.race([setTimeout(SAMPLE_MS), running])
    samples.push(await residentMb(pid))
  }
  const perMinute = Math.floor((60_000 / SOAK_MS) * samples.length)
  return {
    secondMinuteMb: median(samples.slice(perMinute, 2 * perMinute)),
    lastMinuteMb: median(samples.slice(-perMinute)),
  }
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!

async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) / 1024)
}
