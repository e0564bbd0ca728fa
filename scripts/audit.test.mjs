import assert from 'node:assert/strict'
import { test } from 'node:test'
import { verdictOf } from './audit.mjs'

const report = (vulnerabilities) => JSON.stringify({ auditReportVersion: 2, vulnerabilities })
const vulnerability = (name, severity) => ({ [name]: { name, severity, range: '<2.0.0' } })

test('a vulnerability of level high or critical fails the run, and lower ones are counted', () => {
  assert.deepEqual(verdictOf(report({})), {
    isSafe: true,
    sentence: 'no vulnerability of level high; 0 of a lower one',
  })
  const low = { ...vulnerability('a', 'low'), ...vulnerability('b', 'moderate') }
  assert.deepEqual(verdictOf(report(low)), {
    isSafe: true,
    sentence: 'no vulnerability of level high; 2 of a lower one',
  })
  const high = { ...low, ...vulnerability('c', 'high'), ...vulnerability('d', 'critical') }
  assert.deepEqual(verdictOf(report(high)), { isSafe: false, sentence: 'c <2.0.0 (high), d <2.0.0 (critical)' })
})

test('a registry that cannot tell skips the check with its reason, without its address', () => {
  const message = '405 Method Not Allowed - POST https://registry.example/-/npm/v1/security/advisories/bulk'
  assert.deepEqual(verdictOf(JSON.stringify({ message, error: { summary: '' } })), {
    isSafe: true,
    sentence: 'skipped: 405 Method Not Allowed',
  })
  for (const output of ['', '{}', 'npm error'])
    assert.match(verdictOf(output).sentence, /^skipped: npm audit printed no /)
})
