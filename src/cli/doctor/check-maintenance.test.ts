import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MaintenanceRun } from '../../stores/catalog/maintenance-repository.ts'
import { describeBackups, describeVerifications } from './check-maintenance.ts'

const NOW = Date.parse('2026-06-10T00:00:00Z')

const run = (given: Partial<MaintenanceRun>): MaintenanceRun => ({
  ...{ runId: 'a', kind: 'backup', startedAt: Date.parse('2026-06-09T12:00:00Z'), endedAt: NOW, outcome: 'succeeded' },
  report: { faultCount: 0, differenceCount: 0, parts: [] },
  ...given,
})

test('a fresh backup is fine; none, an old one, a failed one and one with faults are said', () => {
  const state = (last?: MaintenanceRun, success = last) => {
    const { state, detail } = describeBackups({ last, success }, NOW)
    return [state, detail]
  }
  assert.deepEqual(state(), ['ok', 'none yet; hilum backup --to <place> makes one'])
  assert.deepEqual(state(run({})), ['ok', 'the last is of 2026-06-09T12:00:00Z'])
  const old = run({ startedAt: Date.parse('2026-06-01T00:00:00Z') })
  assert.deepEqual(state(old), ['warn', 'the last is of 2026-06-01T00:00:00Z, 9 days ago'])
  const failed = run({ runId: 'b', outcome: 'failed', report: { reason: 'the S3 bucket cannot be reached' } })
  const why = 'that of 2026-06-09T12:00:00Z failed (the S3 bucket cannot be reached)'
  assert.deepEqual(state(failed, old), ['warn', `the last is of 2026-06-01T00:00:00Z; then ${why}`])
  assert.deepEqual(describeBackups({ last: failed, success: undefined }, NOW).detail, `none succeeded: ${why}`)
  const faulty = run({ report: { faultCount: 2 } })
  assert.deepEqual(state(faulty), ['fail', 'the last is of 2026-06-09T12:00:00Z; 2 blobs were missing or damaged'])
})

test('a verification is described with what it found and what it did not check', () => {
  const described = (report: object) => {
    const success = run({ kind: 'verification', report: { parts: [], ...report } })
    const { state, detail } = describeVerifications({ last: success, success })
    return [state, detail]
  }
  assert.deepEqual(described({ differenceCount: 0 }), ['ok', 'that of 2026-06-09T12:00:00Z found no differences'])
  assert.deepEqual(described({ differenceCount: 1 }), ['fail', 'that of 2026-06-09T12:00:00Z found 1 difference'])
  const parts = ['blobs', 'frames'].map((part) => ({
    part,
    checked: {},
    differences: {},
    notChecked: 'data store x: key refused',
  }))
  assert.deepEqual(described({ differenceCount: 0, parts }), [
    'ok',
    'that of 2026-06-09T12:00:00Z found no differences; not checked: data store x: key refused',
  ])
  const lost = run({ kind: 'verification', outcome: 'lost' })
  const none = describeVerifications({ last: lost, success: undefined })
  assert.deepEqual([none.state, none.detail], ['warn', 'none has ended: that of 2026-06-09T12:00:00Z was interrupted'])
})
