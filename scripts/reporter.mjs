// What a test run prints: a line for each file, failures in full, skips with their reasons, and last `N passed, N failed, N skipped`.
// Only leaves count: neither suites nor tests that hold other tests.
import { relative } from 'node:path'
import { inspect } from 'node:util'

/**
 * Reads the events of node:test's `run`. True where nothing failed. `mayNotSkip`, where given, makes a failure of a skip whose reason
 * holds 'is not installed' and none of the words in `unless`. `onFile` is told each file and its tests.
 */
export async function report(events, { root, print, mayNotSkip, onFile = () => {} }) {
  const totals = { passed: 0, failed: 0, skipped: 0 }
  /** Names of skipped tests by their reasons. */
  const skips = new Map()

  const onEnd = (path, { outcome, output, tests }) => {
    const file = relative(root, path)
    onFile(file, tests)
    const failures = tests.flatMap((test) => (test.error === undefined ? [] : [test]))
    totals.passed += tests.filter((test) => test.isPassed).length
    totals.failed += failures.length
    for (const { name, skip } of tests.filter((test) => test.skip !== undefined)) {
      totals.skipped++
      const reason = typeof skip === 'string' && skip !== '' ? skip : 'no reason given'
      skips.set(reason, [...(skips.get(reason) ?? []), `${file}: ${name}`])
    }
    for (const { name, error } of failures) print(`\n✗ ${file}: ${name}\n${indent(describe(error))}\n`)
    const wrong = faultOf(outcome, tests)
    if (wrong !== undefined) {
      totals.failed++
      print(`\n✗ ${file}\n${indent(wrong)}\n`)
    }
    const isGood = failures.length === 0 && wrong === undefined
    if (!isGood && output !== '') print(indent(`Printed by ${file}:\n${output}`))
    print(`${isGood ? '✓' : '✗'} ${file} (${(outcome.duration_ms / 1000).toFixed(1)} s)`)
  }

  for await (const [path, file] of byFile(events)) onEnd(path, file)

  const isForbidden = (reason) =>
    mayNotSkip !== undefined &&
    reason.includes('is not installed') &&
    !mayNotSkip.unless.some((word) => reason.includes(word))
  if (skips.size > 0) print('\nSkipped:')
  for (const [reason, names] of skips) {
    print(`- ${reason}${isForbidden(reason) ? ' (and must be here, see .ci/run)' : ''}\n${indent(names.join('\n'))}`)
  }
  print(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
  return totals.failed === 0 && ![...skips.keys()].some(isForbidden)
}

/**
 * Each test file once it is complete: `tests` as they ended, `output` as printed, `outcome` of its process. An event names the file in
 * which its test was written, which may be one of a shared suite. What tells is the order: the events of one run of a file come in a
 * row, behind them its summary or, where it died, its own failure; only the outcome of its process comes at any time.
 */
async function* byFile(events) {
  const outcomes = new Map()
  const outputs = new Map()
  const complete = new Map()
  let tests = []
  let names = []
  let hasInner = []
  const ended = new Set()
  for await (const { type, data } of events) {
    const { file: path, name, nesting } = data
    if (path === undefined) continue
    const isFile = name === path
    if (type === 'test:stdout' || type === 'test:stderr') outputs.set(path, (outputs.get(path) ?? '') + data.message)
    else if (type === 'test:complete' && isFile) outcomes.set(path, data.details)
    else if (type === 'test:start' && !isFile) names = [...names.slice(0, nesting), name]
    else if ((type === 'test:pass' || type === 'test:fail') && !isFile) {
      const isLeaf = !hasInner[nesting + 1]
      hasInner = [...hasInner.slice(0, nesting), true]
      tests.push(ending(data, { isLeaf, name: [...names.slice(0, nesting), name].join(' › ') }))
    } else if (
      !ended.has(path) &&
      (type === 'test:summary' || ((type === 'test:pass' || type === 'test:fail') && isFile))
    ) {
      complete.set(path, tests)
      tests = []
      names = []
      hasInner = []
      ended.add(path)
    }
    if (complete.has(path) && outcomes.has(path)) {
      yield [path, { outcome: outcomes.get(path), output: outputs.get(path) ?? '', tests: complete.get(path) }]
      complete.delete(path)
    }
  }
  // A runner that tells of a file in another way must not pass for one without failures.
  for (const [path, outcome] of outcomes) {
    if (!ended.has(path)) yield [path, { outcome, output: outputs.get(path) ?? '', tests: [] }]
  }
}

/** A test that failed only because of one that it holds has ended without an error of its own. */
function ending({ skip, details }, { isLeaf, name }) {
  const { error, type } = details
  if (skip !== undefined) return { name, skip }
  if (error !== undefined) return error.failureType === 'subtestsFailed' ? { name } : { name, error }
  return { name, isPassed: isLeaf && type !== 'suite' }
}

/** What is wrong with the file itself, beside its tests. */
function faultOf({ error }, tests) {
  if (error === undefined) return tests.length === 0 ? 'The file holds no test.' : undefined
  if (error.failureType === 'subtestsFailed') return undefined
  const how = error.exitCode === null ? `died of ${error.signal}` : `ended with exit code ${error.exitCode}`
  return `The test file ${how}.${tests.length === 0 ? ' What its tests had to say is lost.' : ''}`
}

function describe(error) {
  const cause = error?.cause ?? error
  return typeof cause === 'object' ? inspect(cause, { depth: 8, colors: false }) : String(cause)
}

const indent = (text) => text.trimEnd().replaceAll(/^/gm, '  ')
