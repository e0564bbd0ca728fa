import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listenForStop } from './stop-signal.ts'

function listening() {
  const clock = { now: 0 }
  let ends = 0
  const stop = listenForStop({ now: () => clock.now, endAtOnce: () => ends++ })
  return { clock, stop, ends: () => ends }
}

test('the first signal requests a stop', async (t) => {
  const { stop, ends } = listening()
  t.after(() => stop.ignore())
  assert.equal(stop.signal.aborted, false)
  process.emit('SIGTERM')
  await stop.requested
  assert.equal(stop.signal.aborted, true)
  assert.equal(ends(), 0)
})

test('a Ctrl-C that arrives three times counts as one, and a second one ends the process', (t) => {
  const { clock, stop, ends } = listening()
  t.after(() => stop.ignore())
  for (clock.now of [0, 5, 400]) process.emit('SIGINT')
  assert.equal(ends(), 0)
  clock.now = 900
  process.emit('SIGINT')
  assert.equal(ends(), 1)
})

test('SIGHUP stops, unless it has another meaning', (t) => {
  const stop = listenForStop({ now: () => 0, endAtOnce: () => {}, onHangup: 'ignore' })
  const other = listenForStop({ now: () => 0, endAtOnce: () => {} })
  t.after(() => [stop, other].map((each) => each.ignore()))
  process.emit('SIGHUP')
  assert.deepEqual([stop.signal.aborted, other.signal.aborted], [false, true])
})

test('after ignore() no listener remains', () => {
  const before = process.listenerCount('SIGINT')
  const { stop } = listening()
  assert.equal(process.listenerCount('SIGINT'), before + 1)
  stop.ignore()
  assert.equal(process.listenerCount('SIGINT'), before)
})
