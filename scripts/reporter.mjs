// A reporter for `node --test`: a line for each test file, failures in full as they come and once more at the end, where a record that kept
// only the last lines has them, skips by reason, and last `N passed, N failed, N skipped`.
// Only leaf tests count: neither suites nor tests that contain other tests. HILUM_CI=1 makes a failure of each test that is skipped
// because a program is missing. HILUM_TEST_RESULTS is a file to which every result is appended as a line of JSON.
import { appendFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { inspect } from 'node:util'

const { HILUM_CI, HILUM_CI_MAY_SKIP = '', HILUM_TEST_RESULTS } = process.env
const mayBeMissing = HILUM_CI_MAY_SKIP.split(',').filter(Boolean)

export default async function* report(events) {
  const results = []
  const outputs = new Map()
  for await (const { type, data } of events) {
    if (data.file === undefined && data.entryFile === undefined) continue
    const path = data.entryFile ?? data.file
    const file = relative('', path)
    // The runner reports each file as a test that is named by its path.
    const isFile = data.name !== undefined && resolve(data.name) === path
    if (type === 'test:stdout' || type === 'test:stderr') outputs.set(file, (outputs.get(file) ?? '') + data.message)
    else if (type === 'test:start' && !isFile) namesOf(file)[data.nesting] = data.name
    else if (type === 'test:pass' || type === 'test:fail') {
      const result = isFile ? resultOfFile(file, data) : resultOfTest(file, data)
      if (result === undefined) continue
      results.push(result)
      if (HILUM_TEST_RESULTS !== undefined) appendFileSync(HILUM_TEST_RESULTS, `${JSON.stringify(result)}\n`)
      if (result.outcome === 'failed') yield `\n✗ ${failureOf(result)}\n\n`
      if (isFile) yield* endOfFile(file, data.details.duration_ms)
    } else if (type === 'test:summary') yield* endOfFile(file, data.duration_ms)
  }

  function* endOfFile(file, durationMs) {
    const hasFailed = results.some((result) => result.file === file && result.outcome === 'failed')
    const output = outputs.get(file) ?? ''
    outputs.delete(file)
    if (hasFailed && output !== '') yield `${indent(`Printed by ${file}:\n${output}`)}\n`
    yield `${hasFailed ? '✗' : '✓'} ${file} (${(durationMs / 1000).toFixed(1)} s)\n`
  }

  const count = (outcome) => results.filter((result) => result.outcome === outcome).length
  const skips = Map.groupBy(
    results.filter(({ outcome }) => outcome === 'skipped'),
    ({ reason }) => reason,
  )
  if (skips.size > 0) yield '\nSkipped:\n'
  for (const [reason, tests] of skips) {
    const names = tests.map(({ file, name }) => `${file}: ${name}`)
    yield `- ${reason}${isForbidden(reason) ? ' (and must be installed, see .ci/run)' : ''}\n${indent(names.join('\n'))}\n`
  }
  if (count('failed') > 0) yield '\nFailed:\n'
  for (const result of results) if (result.outcome === 'failed') yield `- ${failureOf(result)}\n`
  if (count('failed') > 0 || [...skips.keys()].some(isForbidden)) process.exitCode = 1
  yield `\n${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped\n`
}

/** By file, the names of the suites around the test that was reported last, and its own. */
const names = new Map()
const namesOf = (file) => names.get(file) ?? names.set(file, []).get(file)

/** The nesting of the test that was reported last: one that is deeper than the next is inside it. */
let nesting = 0

/** Undefined for suites and tests whose result is that of the tests inside. */
function resultOfTest(file, data) {
  const isLeaf = nesting <= data.nesting
  nesting = data.nesting
  const { error, type } = data.details
  const result = {
    file,
    name: namesOf(file)
      .slice(0, data.nesting + 1)
      .join(' › '),
  }
  if (data.skip !== undefined) {
    return {
      ...result,
      outcome: 'skipped',
      reason: typeof data.skip === 'string' && data.skip !== '' ? data.skip : 'no reason given',
    }
  }
  if (error !== undefined) {
    return error.failureType === 'subtestsFailed'
      ? undefined
      : { ...result, outcome: 'failed', failure: describe(error) }
  }
  return isLeaf && type !== 'suite' ? { ...result, outcome: 'passed' } : undefined
}

/** Undefined where the tests of the file have reported all. */
function resultOfFile(file, { details: { error } }) {
  const failed = { file, outcome: 'failed' }
  if (error === undefined) return { ...failed, failure: 'The file holds no test.' }
  if (error.failureType === 'subtestsFailed') return undefined
  const how = error.exitCode === null ? `was ended by ${error.signal}` : `ended with exit code ${error.exitCode}`
  return { ...failed, failure: `The test file ${how}.` }
}

const failureOf = ({ file, name, failure }) => `${file}${name === undefined ? '' : `: ${name}`}\n${indent(failure)}`

function describe(error) {
  const cause = error.cause ?? error
  return typeof cause === 'object' ? inspect(cause, { depth: 8, colors: false }) : String(cause)
}

const isForbidden = (reason) =>
  HILUM_CI === '1' && reason.includes('is not installed') && !mayBeMissing.some((word) => reason.includes(word))

const indent = (text) => text.trimEnd().replaceAll(/^/gm, '  ')
