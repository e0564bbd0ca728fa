/** A server verifies its archive by itself, and reports the result of that and of backups as metrics. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { startHilumProcess } from '../fixtures/hilum-process.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { loadConfig } from './config.ts'
import { openCatalog, placesOf } from './open-stores.ts'

test('a server verifies its archive when that is due, and metrics have the result and that of the last backup', async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-schedule-'))
  removeAtExit(cwd)
  mkdirSync(join(cwd, 'data'))
  writeFileSync(join(cwd, 'data/hilum.json'), JSON.stringify({ limits: { verifyLookMs: 20 } }))
  const server = startHilumProcess(t, ['serve', '--data', 'data', '--port', '0', '--host', '127.0.0.1'], { cwd })
  const [, endpoint] = await server.printed(/^Hilum answers at (http:\S+)/m)
  const backup = startHilumProcess(t, ['backup', '--data', 'data', '--to', 'place'], { cwd })
  assert.equal(await backup.ended, 0, backup.output())
  const places = placesOf(loadConfig({ cwd, flags: { data: 'data' } }))
  const catalog = await openCatalog(places, { readOnly: true })
  t.after(() => catalog.close())
  while ((await catalog.maintenance.lastSuccess('verification')) === undefined) await setTimeout(20)
  const lines = (await (await fetch(`${endpoint}/metrics`)).text()).split('\n')
  for (const line of [
    'hilum_last_maintenance_succeeded{kind="backup"} 1',
    'hilum_last_maintenance_succeeded{kind="verification"} 1',
    'hilum_last_verification_differences{kind="any"} 0',
    'hilum_last_backup_faults 0',
  ]) {
    assert.ok(lines.includes(line), `${line} is missing in:\n${lines.join('\n')}`)
  }
  const timeOf = (kind: string) => `hilum_last_maintenance_success_timestamp_seconds{kind="${kind}"} `
  for (const kind of ['backup', 'verification']) assert.ok(lines.some((line) => line.startsWith(timeOf(kind))))
  server.child.kill('SIGTERM')
  assert.equal(await server.ended, 0)
})
