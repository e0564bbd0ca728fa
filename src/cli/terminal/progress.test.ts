import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { drawBar, drawLine, openProgress } from './progress.ts'
import type { Terminal } from './terminal.ts'

/** Records the output of a terminal. */
function recordingTerminal(isInteractive: boolean) {
  const written: (string | undefined)[] = []
  const terminal: Terminal = {
    columns: 80,
    isInteractive,
    resultColumns: undefined,
    hasReader: true,
    print: (text) => written.push(`print ${text}`),
    note: (text) => written.push(text),
    status: (text) => written.push(text),
    styled: (_style, text) => text,
    read: async () => '',
    ask: async () => undefined,
  }
  return { terminal, written }
}

describe('the bar', () => {
  const half = { label: 'Importing', done: 806, total: 1612, elapsedMs: 3_000 }

  test('shows share, amount and the time left', () => {
    assert.match(drawBar(half, 80), /^Importing {2}█+░+ {3}50 % {2}806 of 1,612 {2}3 s left$/)
  })

  const bars = (state: typeof half, columns: number) => /█+░+/.exec(drawBar(state, columns))![0]

  test('fills with progress', () => {
    assert.equal(/█/.test(drawBar({ ...half, done: 0 }, 80)), false)
    assert.equal(/░/.test(drawBar({ ...half, done: 1612 }, 80)), false)
    const { length } = bars(half, 100)
    assert.equal(length, 40)
    assert.equal(bars(half, 100).indexOf('░'), 20)
  })

  test('is never wider than the terminal, and is omitted in a narrow one', () => {
    for (let columns = 1; columns < 140; columns++) assert.ok(drawBar(half, columns).length < columns, `${columns}`)
    assert.equal(drawBar(half, 45), 'Importing   50 %  806 of 1,612  3 s left')
  })

  test('shows only a count until the total is known', () => {
    assert.equal(drawBar({ ...half, total: undefined }, 80), 'Importing  806')
    assert.equal(drawLine({ ...half, total: undefined }), 'Importing: 806')
  })

  test('is full for an empty total, and beyond the total', () => {
    assert.match(drawBar({ ...half, done: 0, total: 0 }, 80), /100 % {2}0 of 0$/)
    assert.match(drawBar({ ...half, done: 2000 }, 80), /100 %/)
  })
})

test('a terminal is redrawn at most every 80 ms, and cleared at the end', () => {
  const { terminal, written } = recordingTerminal(true)
  let now = 0
  const progress = openProgress('Importing', { terminal, now: () => now })
  for (now = 1; now <= 1000; now++) progress.update(now, 1000)
  progress.end()
  assert.ok(written.length > 10 && written.length <= 15, `${written.length} times`)
  assert.equal(written.at(-1), undefined)
})

test('elsewhere the label is printed first, and then the progress every five seconds', () => {
  const { terminal, written } = recordingTerminal(false)
  let now = 0
  const progress = openProgress('Importing', { terminal, now: () => now })
  for (now = 1000; now <= 11_000; now += 1000) progress.update(now / 1000, 20)
  progress.end()
  assert.deepEqual(written.filter(Boolean), [
    'Importing ...',
    'Importing: 5 of 20 (25 %)',
    'Importing: 10 of 20 (50 %)',
  ])
})
