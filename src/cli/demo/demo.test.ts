/** Several starts of the demo: interrupted, resumed, and complete. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startHilumProcess } from '../../fixtures/hilum-process.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'

test('an interrupted first start is resumed, and a later one shows the same data store at once', async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-demo-'))
  removeAtExit(cwd)
  const start = (...flags: string[]) =>
    startHilumProcess(t, ['demo', '--port', '0', '--host', '127.0.0.1', ...flags], { cwd })

  const interrupted = start()
  await interrupted.printed(/^Drawing synthetic studies \.\.\.$/m)
  interrupted.child.kill('SIGINT')
  assert.equal(await interrupted.ended, 0)
  assert.match(interrupted.output(), /the next start resumes/)
  assert.equal(existsSync(join(cwd, 'hilum-data', 'server.lock')), false)

  const whole = start()
  const [, datastoreId] = await whole.printed(/data store +([0-9a-f]{32}) {2}demo\n/)
  await whole.printed(/imports your own files/)
  assert.match(whole.output(), /^Importing \.\.\.$/m)
  assert.match(whole.output(), /searched with the official JavaScript SDK in \d+ ms:\n.*\n {2}\d{4}-\d\d-\d\d /)
  whole.child.kill('SIGINT')
  assert.equal(await whole.ended, 0)

  const again = start('--json')
  const shown = JSON.parse((await again.printed(/^\{.*\}\n/m))[0])
  assert.equal(shown.datastoreId, datastoreId)
  assert.equal(shown.report.imported, shown.report.scanned)
  assert.ok(shown.report.imported > 1_600 && shown.report.imageSets >= 420)
  assert.ok(shown.search.studies.length > 0)
  assert.doesNotMatch(again.output(), /Drawing|Importing/)
  again.child.kill('SIGTERM')
  assert.equal(await again.ended, 0)
})
