import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { drawReport, type ImportReport, withUnread } from './import-report.ts'

const report: ImportReport = {
  status: 'COMPLETED',
  jobId: 'j',
  datastoreId: 'd',
  message: undefined,
  scanned: 1,
  imported: 1,
  failed: 0,
  skipped: 0,
  imageSets: 1,
  seconds: 1,
  failures: [],
  reportPlace: '/srv',
  notHandedOver: 0,
}
const drawn = (values: Partial<ImportReport>) =>
  drawReport({ ...report, ...values }, { styled: (_style, text) => text }).split('\n')

describe('the rate of an import', () => {
  test('is omitted below one per second', () => {
    assert.equal(drawn({ seconds: 12.5 })[0], '1 of 1 file imported into 1 image set in 12.5 s')
    assert.equal(drawn({ seconds: 0 })[0], '1 of 1 file imported into 1 image set in 0.0 s')
    assert.equal(drawn({ imported: 0 })[0], '0 of 1 file imported into 1 image set in 1.0 s')
  })

  test('has a decimal place below ten', () => {
    assert.match(drawn({ scanned: 3, imported: 3, seconds: 2 })[0]!, /in 2\.0 s \(1\.5 instances\/s\)$/)
    assert.match(drawn({ scanned: 2_500, imported: 2_500, seconds: 2 })[0]!, /\(1,250 instances\/s\)$/)
  })
})

test('files that could not be read count as scanned and failed, and the report is said to lack them', () => {
  const unread = Array.from({ length: 12 }, (_, at) => ({ file: `${at}`, reason: 'It is not a file but a pipe' }))
  const lines = drawn(withUnread(report, unread))
  assert.match(lines[0]!, /^1 of 13 files imported/)
  assert.equal(lines[1], '12 files failed:')
  assert.equal(lines[2], '  0: It is not a file but a pipe')
  assert.equal(lines.at(-2), '  and 2 more')
  assert.equal(lines.at(-1), 'Report: /srv, without 12 files that could not be read here')
})
