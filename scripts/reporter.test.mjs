// The reporter against real runs: what it counts, what it calls a failure, and its last line.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, test } from 'node:test'
import { report } from './reporter.mjs'

async function reportOn(t, files, mayNotSkip) {
  const root = mkdtempSync(join(tmpdir(), 'hilum-reporter-'))
  t.after(() => rmSync(root, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(root, name), `import { before, describe, test } from 'node:test'\n${text}`)
  }
  const paths = Object.keys(files)
    .filter((name) => name.endsWith('.test.mjs'))
    .map((name) => join(root, name))
  const lines = []
  // The runner refuses to run inside a test that it runs itself, by this variable.
  const inherited = process.env.NODE_TEST_CONTEXT
  delete process.env.NODE_TEST_CONTEXT
  try {
    const isGood = await report(run({ files: paths, concurrency: 2 }), {
      root,
      print: (line) => lines.push(line),
      mayNotSkip,
    })
    return { isGood, text: lines.join('\n'), last: lines.at(-1).trim() }
  } finally {
    if (inherited !== undefined) process.env.NODE_TEST_CONTEXT = inherited
  }
}

test('leaves are counted, suites and parents are not', async (t) => {
  const { isGood, last, text } = await reportOn(t, {
    'a.test.mjs': `describe('s', () => { test('1', () => {}); describe('t', () => { test('2', () => {}) }) })
      test('parent', async (t) => { await t.test('3', () => {}); await t.test('4', () => {}) })
      test('5', () => {})`,
    'b.test.mjs': `test('6', () => {})`,
  })
  assert.equal(last, '6 passed, 0 failed, 0 skipped')
  assert.equal(isGood, true)
  assert.match(text, /✓ a\.test\.mjs \(\d+\.\d s\)/)
})

test('a failure is told in full with the names of its suites, and fails its parents only once', async (t) => {
  const { isGood, last, text } = await reportOn(t, {
    'a.test.mjs': `describe('outer', () => { describe('inner', () => { test('breaks', () => { throw new Error('the reason') }) }) })
      console.log('a stray word')`,
  })
  assert.equal(last, '0 passed, 1 failed, 0 skipped')
  assert.equal(isGood, false)
  assert.match(text, /✗ a\.test\.mjs: outer › inner › breaks\n {2}Error: the reason\n {6}at /)
  assert.match(text, /a stray word/)
})

test('a file that dies, ends with an exit code or holds no test is a failure', async (t) => {
  const { isGood, last, text } = await reportOn(t, {
    'dies.test.mjs': `test('x', () => { process.kill(process.pid, 'SIGKILL') })`,
    'exits.test.mjs': `test('x', () => {}); process.on('exit', () => { process.exitCode = 5 })`,
    'throws.test.mjs': `throw new Error('at load')`,
    'empty.test.mjs': '',
  })
  assert.equal(last, '1 passed, 4 failed, 0 skipped')
  assert.equal(isGood, false)
  assert.match(text, /died of SIGKILL/)
  assert.match(text, /ended with exit code 5/)
  assert.match(text, /at load/)
  assert.match(text, /holds no test/)
})

test('a broken hook fails, and so do the tests it kept from running', async (t) => {
  const { last } = await reportOn(t, {
    'a.test.mjs': `describe('s', () => { before(() => { throw new Error('hook') }); test('1', () => {}) })`,
  })
  assert.equal(last, '0 passed, 2 failed, 0 skipped')
})

test('skips are listed by their reasons, and a todo is no excuse for a failure', async (t) => {
  const { text, last } = await reportOn(t, {
    'a.test.mjs': `test('1', { skip: 'aws is not installed' }, () => {}); describe('s', { skip: 'aws is not installed' }, () => {})
      test('2', { skip: true }, () => {}); test('3', { todo: true }, () => { throw new Error('x') })`,
  })
  assert.match(
    text,
    /- aws is not installed\n {2}a\.test\.mjs: 1\n {2}a\.test\.mjs: s\n- no reason given\n {2}a\.test\.mjs: 2/,
  )
  assert.equal(last, '0 passed, 1 failed, 3 skipped')
})

test('where nothing may be skipped for want of a program, such a skip fails the run unless it is excused', async (t) => {
  const files = {
    'a.test.mjs': `test('1', { skip: 'moto_server is not installed' }, () => {}); test('2', { skip: 'not on Linux' }, () => {})`,
  }
  assert.equal((await reportOn(t, files, { unless: [] })).isGood, false)
  assert.equal((await reportOn(t, files, { unless: ['moto_server'] })).isGood, true)
  assert.equal((await reportOn(t, files)).isGood, true)
})

test('tests of a suite that several files share count for the file that ran them', async (t) => {
  const suite = (name, ms) =>
    `import { suite } from './suite.mjs'; suite('${name}', ${ms}); console.log('printed by ${name}')`
  const { text, last } = await reportOn(t, {
    'suite.mjs': `import { setTimeout as wait } from 'node:timers/promises'
      export const suite = (name, ms) => describe(name, () => {
        test('one', () => wait(ms))
        test('two', () => { if (name === 'b') throw new Error('b breaks') })
      })`,
    'a.test.mjs': suite('a', 200),
    'b.test.mjs': suite('b', 1),
    'c.test.mjs': suite('c', 50),
  })
  assert.equal(last, '5 passed, 1 failed, 0 skipped')
  assert.match(text, /✓ a\.test\.mjs .*\n\n✗ b\.test\.mjs: b › two\n {2}Error: b breaks/)
  assert.match(text, /Printed by b\.test\.mjs:\n {2}printed by b\n✗ b\.test\.mjs .*\n✓ c\.test\.mjs/)
  assert.doesNotMatch(text, /suite\.mjs \(/)
})
