// The reporter in real runs of `node --test`: what it counts, what it calls a failure, and its last line.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const REPORTER = join(import.meta.dirname, 'reporter.mjs')

function reportOn(t, files, env = {}) {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-reporter-'))
  t.after(() => rmSync(cwd, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(cwd, name), `import { before, describe, test } from 'node:test'\n${text}`)
  }
  const { NODE_TEST_CONTEXT: _, HILUM_CI: __, ...inherited } = process.env
  const names = Object.keys(files).filter((name) => name.endsWith('.test.mjs'))
  const { status, stdout } = spawnSync(
    process.execPath,
    ['--test', '--test-concurrency=2', `--test-reporter=${REPORTER}`, ...names],
    { cwd, env: { ...inherited, HILUM_TEST_RESULTS: join(cwd, 'results'), ...env }, encoding: 'utf8' },
  )
  const results = readFileSync(join(cwd, 'results'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  return { isGood: status === 0, text: stdout, last: stdout.trimEnd().split('\n').at(-1), results }
}

test('leaf tests are counted, suites and parents are not', (t) => {
  const { isGood, last, text, results } = reportOn(t, {
    'a.test.mjs': `describe('s', () => { test('1', () => {}); describe('t', () => { test('2', () => {}) }) })
      test('parent', async (t) => { await t.test('3', () => {}); await t.test('4', () => {}) })
      test('5', () => {})`,
    'b.test.mjs': `test('6', () => {})`,
  })
  assert.equal(last, '6 passed, 0 failed, 0 skipped')
  assert.equal(isGood, true)
  assert.match(text, /✓ a\.test\.mjs \(\d+\.\d s\)/)
  assert.deepEqual(
    results.map(({ file, name, outcome }) => `${file} ${name} ${outcome}`),
    [
      ...['s › 1', 's › t › 2', 'parent › 3', 'parent › 4', '5'].map((name) => `a.test.mjs ${name} passed`),
      'b.test.mjs 6 passed',
    ],
  )
})

test('a failure is printed in full with the names of its suites, once more at the end, and fails its parents only once', (t) => {
  const { isGood, last, text } = reportOn(t, {
    'a.test.mjs': `describe('outer', () => { describe('inner', () => { test('breaks', () => { throw new Error('the reason') }) }) })
      console.log('a stray word')`,
  })
  assert.equal(last, '0 passed, 1 failed, 0 skipped')
  assert.equal(isGood, false)
  assert.match(text, /✗ a\.test\.mjs: outer › inner › breaks\n {2}Error: the reason\n {6}at /)
  assert.match(text, /a stray word/)
  assert.match(text, /\nFailed:\n- a\.test\.mjs: outer › inner › breaks\n {2}Error: the reason\n/)
})

test('a file that crashes, ends with an exit code or holds no test is a failure', (t) => {
  const { isGood, last, text } = reportOn(t, {
    'crashes.test.mjs': `test('x', () => { process.kill(process.pid, 'SIGKILL') })`,
    'exits.test.mjs': `test('x', () => {}); process.on('exit', () => { process.exitCode = 5 })`,
    'throws.test.mjs': `throw new Error('at load')`,
    'empty.test.mjs': '',
  })
  assert.equal(last, '1 passed, 4 failed, 0 skipped')
  assert.equal(isGood, false)
  assert.match(text, /was ended by SIGKILL/)
  assert.match(text, /ended with exit code 5/)
  assert.match(text, /at load/)
  assert.match(text, /holds no test/)
})

test('a hook that throws fails, and so do the tests that it kept from running', (t) => {
  const { last } = reportOn(t, {
    'a.test.mjs': `describe('s', () => { before(() => { throw new Error('hook') }); test('1', () => {}) })`,
  })
  assert.equal(last, '0 passed, 2 failed, 0 skipped')
})

test('skips are listed by reason, and a todo does not excuse a failure', (t) => {
  const { isGood, text, last } = reportOn(t, {
    'a.test.mjs': `test('1', { skip: 'aws is not installed' }, () => {}); describe('s', { skip: 'aws is not installed' }, () => {})
      test('2', { skip: true }, () => {}); test('3', { todo: true }, () => { throw new Error('x') })`,
  })
  assert.match(
    text,
    /- aws is not installed\n {2}a\.test\.mjs: 1\n {2}a\.test\.mjs: s\n- no reason given\n {2}a\.test\.mjs: 2/,
  )
  assert.equal(last, '0 passed, 1 failed, 3 skipped')
  assert.equal(isGood, false)
})

test('with HILUM_CI=1 a skip for a missing program fails the run, unless the program is excused', (t) => {
  const files = {
    'a.test.mjs': `test('1', { skip: 'moto_server is not installed' }, () => {}); test('2', { skip: 'not on Linux' }, () => {})`,
  }
  assert.equal(reportOn(t, files, { HILUM_CI: '1' }).isGood, false)
  assert.equal(reportOn(t, files, { HILUM_CI: '1', HILUM_CI_MAY_SKIP: 'moto_server,other' }).isGood, true)
  assert.equal(reportOn(t, files).isGood, true)
})

// Older runners name only the file in which a test was written.
const hasEntryFile = process.versions.node.split('.').map(Number)[0] >= 24

test('tests of a suite that several files share count for the file that ran them', {
  skip: !hasEntryFile && 'this Node does not report entry files',
}, (t) => {
  const suite = (name, ms) =>
    `import { suite } from './suite.mjs'; suite('${name}', ${ms}); console.log('printed by ${name}')`
  const { text, last } = reportOn(t, {
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
