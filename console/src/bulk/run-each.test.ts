/** Many items, a few at a time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAILURES_KEPT, type Progress, runEach } from './run-each.ts'

const named = (name: string, message: string): Error => Object.assign(new Error(message), { name })
const options = (more: Partial<Parameters<typeof runEach<number>>[2]> = {}) => ({
  idOf: String,
  signal: new AbortController().signal,
  onProgress: () => {},
  wait: async () => {},
  ...more,
})
const numbers = (count: number) => Array.from({ length: count }, (_, at) => at)

test('every item is done once, at most six at a time', async () => {
  const seen: number[] = []
  let [running, most] = [0, 0]
  const { done, failed } = await runEach(
    numbers(100),
    async (item) => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setImmediate(resolve))
      seen.push(item)
      running -= 1
    },
    options(),
  )
  assert.deepEqual([done, failed, most], [100, 0, 6])
  assert.deepEqual(
    seen.toSorted((a, b) => a - b),
    numbers(100),
  )
})

test('failures are listed with their reason, and the others go on; of very many only the first are kept', async () => {
  const progress = await runEach(
    numbers(FAILURES_KEPT * 2 + 20),
    async (item) => {
      if (item % 2 === 0) throw named('ConflictException', `Image set ${item} is locked`)
    },
    options(),
  )
  assert.equal(progress.done, FAILURES_KEPT + 10)
  assert.equal(progress.failed, FAILURES_KEPT + 10)
  assert.equal(progress.failures.length, FAILURES_KEPT)
  assert.deepEqual(progress.failures[0], { id: '0', reason: 'Image set 0 is locked.' })
})

test('a throttled request is sent again after longer and longer waits', async () => {
  const waits: number[] = []
  const seen: Progress[] = []
  let refusals = 8
  const { done } = await runEach(
    [1],
    async () => {
      if (refusals-- > 0) throw named('ThrottlingException', 'wait')
    },
    options({ wait: async (ms) => void waits.push(ms), onProgress: (progress) => seen.push(progress) }),
  )
  assert.equal(done, 1)
  assert.deepEqual(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  assert.equal(seen.at(0)!.isWaiting, true)
  assert.equal(seen.at(-1)!.isWaiting, false)
})

test('it ends when it is cancelled, and when credentials have expired: what is done stays done', async () => {
  const cancelled = new AbortController()
  let done = 0
  await assert.rejects(
    runEach(
      numbers(1_000),
      async (item) => {
        if (item === 20) cancelled.abort()
        done += 1
      },
      options({ signal: cancelled.signal }),
    ),
    { name: 'AbortError' },
  )
  assert.ok(done >= 20 && done < 40, String(done))
  const expired = runEach(
    numbers(1_000),
    async (item) => {
      if (item >= 20) throw named('ExpiredTokenException', 'expired')
    },
    options(),
  )
  await assert.rejects(expired, { name: 'ExpiredTokenException' })
})

test('an error of the source of the items ends it', async () => {
  async function* pages() {
    yield 1
    throw named('ValidationException', 'no such page')
  }
  await assert.rejects(
    runEach(pages(), async () => {}, options()),
    { name: 'ValidationException' },
  )
})
